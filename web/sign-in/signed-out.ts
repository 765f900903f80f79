// For who is not signed in, and for who has to prove it again: password and second step, passkey, provider.
import { post, type State } from './api';
import { action, field, form, h, password, show } from './dom';
import { usePasskey } from './passkey';

type Way = 'totp' | 'passkey' | 'recovery';

interface Door {
  state: State;
  /** Called when it is done. */
  done: () => Promise<void>;
  /** They are signed in already. */
  again?: true;
  /** Back without having done it. */
  leave?: () => Promise<void>;
}

async function toProvider(again?: true): Promise<void> {
  const { url } = await post<{ url: string }>('provider/start', again ? { again } : {});
  location.assign(url);
}

export function signIn(door: Door, notice?: string): void {
  const { state, done, again, leave } = door;
  const login = field('Login', { name: 'username', autocomplete: 'username', required: true });
  const secret = password('Password', { name: 'password', autocomplete: 'current-password' });
  const made = form(
    { fields: { ...(again ? {} : { login }), password: secret }, submit: 'Continue', label: 'With a password' },
    async (values) => {
      const { flow, ways } = await post<{ flow: string; ways: Way[] }>('password', {
        ...values,
        ...(again ? { again } : {}),
      });
      secondStep(door, flow, ways);
    },
  );
  const others = [
    state.passkeys
      ? action('Use a passkey', async () => {
          await usePasskey(again ? { again } : {});
          await done();
        })
      : h(
          'p',
          { class: 'hint' },
          'Passkeys work when you open this page at its public address, or at http://localhost.',
        ),
    state.provider && action('Sign in with your organisation', () => toProvider(again)),
    leave && action('Not now', leave),
  ];
  show(
    again ? 'Confirm that it is you' : 'Sign in',
    h(
      'p',
      { role: 'status', class: 'notice' },
      notice ?? (again ? 'This needs a sign-in of the last 15 minutes.' : ''),
    ),
    made,
    h('div', { class: 'others' }, ...others),
    !again && h('p', { class: 'hint' }, 'No account, or lost your way in? Ask your administrator for a link.'),
  );
}

function secondStep(door: Door, flow: string, ways: Way[]): void {
  const finish = async (body: object): Promise<void> => {
    await post('second', { flow, ...body });
    await door.done();
  };
  const code = field(
    'Code',
    { name: 'code', inputmode: 'numeric', autocomplete: 'one-time-code', required: true, maxlength: '9' },
    'Six digits from your authenticator app.',
  );
  const recovery = field(
    'Recovery code',
    { name: 'recovery', autocomplete: 'off', required: true },
    'One of those you kept when you set this up. Each works once.',
  );
  show(
    'Second step',
    ways.includes('totp') &&
      form({ fields: { code }, submit: 'Sign in', label: 'With a code' }, ({ code: typed }) => finish({ code: typed })),
    h(
      'div',
      { class: 'others' },
      ways.includes('passkey') &&
        door.state.passkeys &&
        action('Use a passkey', async () => {
          await usePasskey({ second: flow });
          await door.done();
        }),
      action('Back', async () => signIn(door)),
    ),
    ways.includes('recovery') &&
      h(
        'details',
        {},
        h('summary', {}, 'Use a recovery code'),
        form(
          { fields: { recovery }, submit: 'Sign in with this code', label: 'With a recovery code' },
          ({ recovery: typed }) => finish({ recovery: typed }),
        ),
      ),
  );
}
