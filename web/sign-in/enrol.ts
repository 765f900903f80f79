// Setting up how to sign in: a passkey, or a password with an authenticator app. With a link, or when signed in.
import { post, type State } from './api';
import { action, alertBox, field, form, guarded, h, password, show } from './dom';
import { addPasskey } from './passkey';

interface Enrolment {
  login: string;
  totp: { flow: string; secret: string; uri: string };
}

export async function enrol(
  state: State,
  done: () => Promise<void>,
  link?: string,
  leave?: () => Promise<void>,
): Promise<void> {
  const { login, totp } = await post<Enrolment>('enrol', { link });
  show(
    link ? 'Set up your account' : 'New password and app',
    h(
      'p',
      {},
      'Your login is ',
      h('strong', {}, login),
      link ? '. Choose one way to sign in; you can add the other later.' : '.',
    ),
    link && passkeyPart(state, done, link),
    passwordPart(login, totp, done, link),
    leave && h('div', { class: 'others' }, action('Back', leave)),
  );
}

function passkeyPart(state: State, done: () => Promise<void>, link: string): HTMLElement {
  const body = state.passkeys
    ? form({ fields: { name: passkeyName() }, submit: 'Set up a passkey', label: 'Passkey' }, async ({ name = '' }) => {
        await addPasskey(name, link);
        await done();
      })
    : h('p', { class: 'hint' }, 'Passkeys work when you open this page at its public address, or at http://localhost.');
  return h(
    'section',
    {},
    h('h2', {}, 'With a passkey'),
    h(
      'p',
      {},
      'The safest way: this device, or a security key, asks for your PIN, finger or face. Nothing to remember, nothing to type.',
    ),
    body,
  );
}

export const passkeyName = () =>
  field(
    'Name of this device or key',
    { name: 'passkey-name', maxlength: '80', value: 'My device' },
    'So that you know it again in the list.',
  );

function passwordPart(login: string, totp: Enrolment['totp'], done: () => Promise<void>, link?: string): HTMLElement {
  const chosen = password(
    'New password',
    { name: 'new-password', autocomplete: 'new-password', minlength: '12', maxlength: '200' },
    '12 characters or more. Four or five unrelated words are good, and easy to remember.',
  );
  const code = field(
    'Code from the app',
    { name: 'code', inputmode: 'numeric', autocomplete: 'one-time-code', required: true, maxlength: '9' },
    'Six digits. They change every 30 seconds.',
  );
  const secret = totp.secret.match(/.{4}/g)!;
  const app = h(
    'div',
    { class: 'app' },
    h(
      'p',
      {},
      'Add Kualik to an authenticator app: ',
      h('a', { href: totp.uri }, 'open the app on this device'),
      ', or type this secret into it:',
    ),
    h('p', { class: 'secret' }, h('code', { 'aria-label': `Secret: ${secret.join(' ')}` }, secret.join(' '))),
    h('details', {}, h('summary', {}, 'The address, for other apps'), h('code', { class: 'long' }, totp.uri)),
  );
  // So that a password manager knows for whom this password is.
  const name = h('input', {
    type: 'text',
    name: 'username',
    autocomplete: 'username',
    value: login,
    readonly: true,
    hidden: true,
  });
  return h(
    'section',
    {},
    link ? h('h2', {}, 'With a password and an app') : null,
    form(
      { fields: { password: chosen, code }, submit: 'Set this up', before: [name, app], label: 'Password and app' },
      async (values) => {
        const { recoveryCodes } = await post<{ recoveryCodes: string[] }>('enrol/password', {
          link,
          flow: totp.flow,
          ...values,
        });
        showRecovery(recoveryCodes, done);
      },
    ),
  );
}

function showRecovery(codes: string[], done: () => Promise<void>): void {
  const alert = alertBox();
  const kept = h('button', { type: 'button' }, 'I have kept them');
  kept.addEventListener('click', () => void guarded(kept, alert, done));
  show(
    'Keep your recovery codes',
    h(
      'p',
      {},
      'If you lose your app, one of these lets you in, once each. They are shown only now: print them or write them down.',
    ),
    h('ul', { class: 'codes' }, ...codes.map((code) => h('li', {}, h('code', {}, code)))),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'button', class: 'second', click: () => window.print() }, 'Print'),
      kept,
    ),
    alert.box,
  );
}
