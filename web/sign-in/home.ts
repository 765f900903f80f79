// For who is signed in: who they are, where else, and what acts in their name.
import { post, Refused, type Account, type State } from './api';
import { action, field, form, h, show } from './dom';
import { enrol, passkeyName } from './enrol';
import { addPasskey } from './passkey';
import { signIn } from './signed-out';

const LEVELS = ['public', 'internal', 'restricted', 'sealed'];
const MINE: Record<string, string> = {
  password: 'password',
  totp: 'code',
  passkey: 'passkey',
  recovery: 'recovery code',
  oidc: 'organisation',
  link: 'link',
};

const day = (instant: string): string => new Date(instant).toLocaleDateString(undefined, { dateStyle: 'medium' });
/** A day of the calendar (UTC) is the same day wherever it is read. */
const calendarDay = (date: string): string =>
  new Date(date).toLocaleDateString(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
const moment = (instant: string): HTMLElement =>
  h(
    'time',
    { datetime: instant, title: instant },
    new Date(instant).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }),
  );

/** Enough to know one's own browser again. */
function browserName(agent: string): string {
  const name = /Edg\//.test(agent)
    ? 'Edge'
    : /OPR\//.test(agent)
      ? 'Opera'
      : /Firefox\//.test(agent)
        ? 'Firefox'
        : /Chrom(e|ium)\//.test(agent)
          ? 'Chrome'
          : /Safari\//.test(agent)
            ? 'Safari'
            : agent.slice(0, 40) || 'unknown';
  const system = /Android/.test(agent)
    ? 'Android'
    : /iPhone|iPad/.test(agent)
      ? 'iOS'
      : /Windows/.test(agent)
        ? 'Windows'
        : /Mac OS/.test(agent)
          ? 'macOS'
          : /Linux/.test(agent)
            ? 'Linux'
            : '';
  return system ? `${name} on ${system}` : name;
}

function table(caption: string, head: string[], rows: (Node | string)[][]): HTMLElement {
  return h(
    'div',
    { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption', {}, caption),
      h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { scope: 'col' }, text)))),
      h(
        'tbody',
        {},
        ...rows.map(([first, ...rest]) =>
          h('tr', {}, h('th', { scope: 'row' }, first!), ...rest.map((cell) => h('td', {}, cell))),
        ),
      ),
    ),
  );
}

export async function home(state: State, reload: () => Promise<void>, notice = ''): Promise<void> {
  const viewer = state.viewer!;
  const account = await post<Account>('account');
  const back = (text?: string) => home(state, reload, text);
  /** Does it; if it needs a fresh sign-in, asks for that first and then does it. */
  const confirmed = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Refused) || error.rule !== 'step-up') throw error;
      signIn({ state, again: true, done: () => work(), leave: () => back() });
    }
  };

  const sessions = table(
    'Where you are signed in',
    ['Browser', 'Signed in with', 'Since', 'Last seen', 'End'],
    account.sessions.map(({ id, browser, methods, begunAt, seenAt, here }) => [
      browserName(browser),
      methods.map((method) => MINE[method] ?? method).join(', '),
      moment(begunAt),
      moment(seenAt),
      here
        ? 'this one'
        : action(
            'End',
            async () => {
              await post('sessions/end', { id });
              await back('The session was ended.');
            },
            { 'aria-label': `End the session of ${browserName(browser)}` },
          ),
    ]),
  );

  const tokens = account.tokens.length
    ? table(
        'Tokens',
        ['Name', 'May', 'Until', 'Last used', 'Revoke'],
        account.tokens.map(({ id, name, level, roles, expiresAt, usedOn, revokedAt }) => [
          name,
          `${roles.join(', ')}; level ${level}`,
          day(expiresAt),
          usedOn ? calendarDay(usedOn) : 'never',
          revokedAt
            ? 'revoked'
            : action(
                'Revoke',
                async () => {
                  await post('tokens/revoke', { id });
                  await back(`The token "${name}" was revoked.`);
                },
                { 'aria-label': `Revoke the token ${name}` },
              ),
        ]),
      )
    : h('p', {}, 'No tokens yet.');

  const passkeys = account.passkeys.length
    ? table(
        'Passkeys',
        ['Name', 'Since', 'Last used', 'Remove'],
        account.passkeys.map(({ id, name, createdAt, usedAt }) => [
          name,
          moment(createdAt),
          usedAt ? moment(usedAt) : 'never',
          action(
            'Remove',
            () =>
              confirmed(async () => {
                await post('passkeys/remove', { id });
                await back(`The passkey "${name}" was removed.`);
              }),
            { 'aria-label': `Remove the passkey ${name}` },
          ),
        ]),
      )
    : h('p', {}, 'No passkeys yet.');

  show(
    `Signed in as ${viewer.login}`,
    h('p', { role: 'status', class: 'notice' }, notice),
    h('p', {}, `You may see up to level ${viewer.level} (${LEVELS[viewer.level]}) as ${viewer.roles.join(', ')}.`),
    h(
      'div',
      { class: 'buttons' },
      h('a', { class: 'button', href: '/' }, 'Open the explorer'),
      action('Sign out', async () => {
        await post('sign-out');
        await reload();
      }),
    ),
    h(
      'section',
      {},
      h('h2', {}, 'Sessions'),
      sessions,
      action('Sign out everywhere', async () => {
        await post('sign-out/everywhere');
        await reload();
      }),
    ),
    h('section', {}, h('h2', {}, 'Tokens for programs'), tokens, tokenForm(state, confirmed, back)),
    h(
      'section',
      {},
      h('h2', {}, 'How you sign in'),
      passkeys,
      state.passkeys &&
        h(
          'details',
          {},
          h('summary', {}, 'Add a passkey'),
          form({ fields: { name: passkeyName() }, submit: 'Add it', label: 'Add a passkey' }, ({ name = '' }) =>
            confirmed(async () => {
              await addPasskey(name);
              await back('The passkey was added.');
            }),
          ),
        ),
      action('Set a new password and app', () =>
        confirmed(() =>
          enrol(
            state,
            () => reload(),
            undefined,
            () => back(),
          ),
        ),
      ),
    ),
  );
}

function tokenForm(
  state: State,
  confirmed: (work: () => Promise<void>) => Promise<void>,
  back: (notice?: string) => Promise<void>,
): HTMLElement {
  const { level, roles } = state.viewer!;
  const name = field(
    'What it is for',
    { name: 'token-name', required: true, maxlength: '80' },
    'Such as: nightly export.',
  );
  const days = field(
    'Days it lives',
    { name: 'days', type: 'number', min: '1', max: '90', value: '30', required: true },
    '90 at most.',
  );
  const levels = h(
    'select',
    { id: 'token-level' },
    ...LEVELS.slice(0, level + 1).map((word, at) => h('option', { value: String(at) }, `${at} ${word}`)),
  );
  const boxes = roles.map((role) => {
    const box = h('input', { type: 'checkbox', value: role, id: `token-${role}`, checked: role === 'reader' });
    return { box, row: h('div', { class: 'check' }, box, h('label', { for: `token-${role}` }, role)) };
  });
  return h(
    'details',
    {},
    h('summary', {}, 'Make a token'),
    form(
      {
        fields: { name, days },
        submit: 'Make it',
        label: 'Make a token',
        before: [
          h('div', { class: 'field' }, h('label', { for: 'token-level' }, 'Level at most'), levels),
          h('fieldset', {}, h('legend', {}, 'Roles'), ...boxes.map(({ row }) => row)),
        ],
      },
      (values) =>
        confirmed(async () => {
          const chosen = boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
          const asked = {
            name: values.name,
            roles: chosen,
            level: Number(levels.value),
            expires: `P${Number(values.days)}D`,
          };
          const { token } = await post<{ token: string }>('tokens/new', asked);
          showToken(token, back);
        }),
    ),
  );
}

function showToken(token: string, back: (notice?: string) => Promise<void>): void {
  const said = h('p', { role: 'status', class: 'notice' });
  const copy = h('button', { type: 'button' }, 'Copy');
  copy.addEventListener('click', () => {
    navigator.clipboard.writeText(token).then(
      () => (said.textContent = 'Copied.'),
      () => (said.textContent = 'This browser does not let pages copy; select the text.'),
    );
  });
  show(
    'Your new token',
    h('p', {}, 'It is shown only now. Programs send it as "Authorization: Bearer ...".'),
    h('p', { class: 'secret' }, h('code', { class: 'long' }, token)),
    said,
    h(
      'div',
      { class: 'buttons' },
      copy,
      action('Done', () => back()),
    ),
  );
}
