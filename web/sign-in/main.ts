// The sign-in page. What an address brings along (a link's secret, a provider's answer) is taken out of it at once, so that it
// stands neither in the history nor in a screenshot.
import { post, Refused, type State } from './api';
import { enrol } from './enrol';
import { h, show } from './dom';
import { home } from './home';
import { signIn } from './signed-out';

const { search, hash } = location;
history.replaceState(null, '', location.pathname);

async function open(notice?: string): Promise<void> {
  const state = await post<State>('state');
  if (state.viewer) await home(state, open, notice);
  else signIn({ state, done: () => open() }, notice);
}

async function begin(): Promise<void> {
  const [, kind, secret = ''] = /^#(first|enrol)=([\w-]{43})$/.exec(hash) ?? [];
  if (kind === 'first') {
    await post('first', { link: secret });
    return open();
  }
  if (kind === 'enrol') return enrol(await post<State>('state'), () => open(), secret);
  if (/[?&](code|error)=/.test(search)) {
    await post('provider/finish', { answer: search });
    return open();
  }
  return open();
}

const failed = (error: unknown): void => {
  const said = error instanceof Error ? error.message : String(error);
  show(
    'This did not work',
    h('p', { role: 'alert', class: 'alert' }, said),
    h('p', {}, h('a', { href: './' }, 'Begin again')),
  );
};

begin().catch((error: unknown) => {
  // The form stays within reach: a link that is over is no reason to stop somebody with a password.
  if (error instanceof Refused && error.rule !== 'away') open(error.message).catch(failed);
  else failed(error);
});
