// What lives at /auth/*, by its name: each handler is a few lines between the page and src/accounts. Answers are objects; an
// error is thrown and told as everywhere.
import type { IncomingHttpHeaders } from 'node:http';
import type { Accounts } from '../../accounts/accounts.js';
import { cookieOf, SESSION_COOKIE } from '../../accounts/credential.js';
import {
  beginEnrolment,
  enrolPasskey,
  enrolPassword,
  offerNewPasskey,
  removePasskey,
  useFirstLink,
  type Owner,
} from '../../accounts/enrol.js';
import { askForPasskey, listPasskeys, passkeyStep, type Site } from '../../accounts/passkeys.js';
import { endAllSessions, endSession, listSessions, refuseWithoutStepUp } from '../../accounts/sessions.js';
import { passwordStep, secondStep } from '../../accounts/sign-in.js';
import { listTokens, newApiToken, revokeToken } from '../../accounts/tokens.js';
import type { Client, SignedIn } from '../../accounts/tools.js';
import { ROLES, type Level, type Role, type Viewer } from '../../accounts/viewer.js';
import { DomainError, invalid, notFound, reading, unauthenticated } from '../../errors.js';
import { formatDuration, parseDuration } from '../../values/duration.js';
import { DEVICE_COOKIE, FLOW_COOKIE, setCookie } from './cookies.js';

export interface Asked {
  accounts: Accounts;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
  client: Client;
  /** Where the page is; undefined where passkeys cannot be used. */
  site: Site | undefined;
}

export interface Answer {
  body: object;
  cookies?: string[];
}

export type Handler = (asked: Asked) => Promise<Answer>;

const NO_PASSKEYS =
  'Passkeys work under the public address of this server only, or under http://localhost; open this page there.';

const text = ({ body }: Asked, field: string): string => {
  const value = body[field];
  if (typeof value !== 'string') throw invalid(field, `"${field}" must be a text.`);
  return value;
};

const siteOf = ({ site }: Asked): Site => {
  if (!site) throw invalid('address', NO_PASSKEYS);
  return site;
};

/** The person at a page; a token is for programs, and they do not sign in. */
async function person({ accounts, headers }: Asked): Promise<Viewer & { accountId: number; sessionId: number }> {
  const viewer = await accounts.viewerOf({ headers });
  if (viewer.kind !== 'session') throw unauthenticated('Sign in first.', { rule: 'sign-in' });
  return viewer as Viewer & { accountId: number; sessionId: number };
}

/** With `again`, whoever is signed in proves it again; else somebody signs in. */
async function clientOf(asked: Asked): Promise<Client & { viewer?: Viewer & { accountId: number } }> {
  if (asked.body.again !== true) return asked.client;
  const viewer = await person(asked);
  return { ...asked.client, sessionId: viewer.sessionId, viewer };
}

const ownerOf = async (asked: Asked): Promise<Owner> =>
  asked.body.link === undefined ? { viewer: await person(asked) } : { link: asked.body.link };

const signedIn = ({ login, session, device }: SignedIn, more: object = {}): Answer => ({
  body: { login, ...more },
  cookies: [...(session === undefined ? [] : [setCookie.session(session)]), setCookie.device(device)],
});

async function state(asked: Asked): Promise<Answer> {
  const { accounts, headers, site } = asked;
  const has = cookieOf(headers, SESSION_COOKIE) !== undefined;
  const viewer = has
    ? await person(asked).catch((error: unknown) => {
        if (error instanceof DomainError && error.code === 'UNAUTHENTICATED') return undefined;
        throw error;
      })
    : undefined;
  return {
    body: {
      viewer: viewer ? { login: viewer.login, level: viewer.level, roles: [...viewer.roles] } : null,
      anonymous: await accounts.anonymous(),
      provider: accounts.oidc !== undefined,
      passkeys: site !== undefined,
    },
    ...(has && !viewer ? { cookies: [setCookie.noSession()] } : {}),
  };
}

async function account(asked: Asked): Promise<Answer> {
  const { accountId, sessionId } = await person(asked);
  const { rows } = asked.accounts.tools.gate;
  const [sessions, tokens, passkeys] = await Promise.all([
    listSessions(rows, accountId),
    listTokens(rows, accountId),
    listPasskeys(rows, accountId),
  ]);
  return { body: { sessions: sessions.map((one) => ({ ...one, here: one.id === sessionId })), tokens, passkeys } };
}

async function newToken(asked: Asked): Promise<Answer> {
  const { rows } = asked.accounts.tools.gate;
  const viewer = await person(asked);
  await refuseWithoutStepUp(rows, viewer);
  const { roles, level } = asked.body;
  if (!Array.isArray(roles) || !roles.every((role): role is Role => ROLES.includes(role as Role)))
    throw invalid('roles', `"roles" must be a list of ${ROLES.join(', ')}.`);
  if (typeof level !== 'number' || ![0, 1, 2, 3].includes(level))
    throw invalid('level', '"level" must be 0, 1, 2 or 3.');
  const expires = reading('expires', () => formatDuration(parseDuration(text(asked, 'expires'))));
  const request = { accountId: viewer.accountId, name: text(asked, 'name'), roles, level: level as Level, expires };
  return { body: { token: await asked.accounts.tools.gate.transaction((within) => newApiToken(within, request)) } };
}

const idOf = ({ body }: Asked): number => {
  if (!Number.isSafeInteger(body.id) || (body.id as number) > 2_147_483_647)
    throw invalid('id', '"id" must be a number.');
  return body.id as number;
};

function provider({ accounts }: Asked): NonNullable<Accounts['oidc']> {
  if (!accounts.oidc) throw notFound('No identity provider is set up here.');
  return accounts.oidc;
}

export const handlers: Record<string, Handler> = {
  state,
  account,

  first: async (asked) => signedIn(await useFirstLink(asked.accounts.tools, asked.body.link, asked.client)),

  password: async (asked) => {
    const client = await clientOf(asked);
    const login = client.viewer?.login ?? text(asked, 'login');
    return { body: await passwordStep(asked.accounts.tools, { login, password: text(asked, 'password') }, client) };
  },

  second: async (asked) => {
    const { flow, code, recovery } = asked.body;
    return signedIn(await secondStep(asked.accounts.tools, { flow, code, recovery }, asked.client));
  },

  'passkey/options': async (asked) => {
    const client = await clientOf(asked);
    const limits = { second: asked.body.second, accountId: client.viewer?.accountId };
    return { body: await askForPasskey(asked.accounts.tools, siteOf(asked), client, limits) };
  },

  passkey: async (asked) => {
    const { flow, response } = asked.body;
    return signedIn(await passkeyStep(asked.accounts.tools, siteOf(asked), { flow, response }, asked.client));
  },

  'provider/start': async (asked) => {
    const { url, flow } = await provider(asked).start(asked.accounts.tools, await clientOf(asked));
    return { body: { url }, cookies: [setCookie.flow(flow)] };
  },

  'provider/finish': async (asked) => {
    const flow = cookieOf(asked.headers, FLOW_COOKIE);
    const { answer } = asked.body;
    const done = signedIn(await provider(asked).finish(asked.accounts.tools, { flow, answer }, asked.client));
    return { ...done, cookies: [...done.cookies!, setCookie.noFlow()] };
  },

  enrol: async (asked) => ({
    body: {
      ...(await beginEnrolment(asked.accounts.tools, await ownerOf(asked), asked.client)),
      passkeys: asked.site !== undefined,
    },
  }),

  'enrol/password': async (asked) => {
    const { flow, code } = asked.body;
    const given = { password: text(asked, 'password'), flow, code };
    const { recoveryCodes, ...done } = await enrolPassword(
      asked.accounts.tools,
      await ownerOf(asked),
      given,
      asked.client,
    );
    return signedIn(done, { recoveryCodes });
  },

  'enrol/passkey/options': async (asked) => ({
    body: await offerNewPasskey(asked.accounts.tools, siteOf(asked), await ownerOf(asked), asked.client),
  }),

  'enrol/passkey': async (asked) => {
    const { flow, response, name } = asked.body;
    const owner = await ownerOf(asked);
    const done = await enrolPasskey(asked.accounts.tools, siteOf(asked), owner, { flow, response, name }, asked.client);
    return done ? signedIn(done) : { body: {} };
  },

  'passkeys/remove': async (asked) => {
    await asked.accounts.tools.gate.transaction(async (rows) =>
      removePasskey(rows, await person(asked), text(asked, 'id'), asked.accounts.oidc?.issuer),
    );
    return { body: {} };
  },

  'tokens/new': newToken,

  'tokens/revoke': async (asked) => {
    const { accountId } = await person(asked);
    if (!(await revokeToken(asked.accounts.tools.gate.rows, idOf(asked), accountId)))
      throw notFound('There is no such token, or it is revoked already.');
    return { body: {} };
  },

  'sessions/end': async (asked) => {
    const { accountId } = await person(asked);
    await endSession(asked.accounts.tools.gate.rows, accountId, idOf(asked));
    return { body: {} };
  },

  'sign-out': async (asked) => {
    const { accountId, sessionId } = await person(asked);
    await endSession(asked.accounts.tools.gate.rows, accountId, sessionId);
    return { body: {}, cookies: [setCookie.noSession()] };
  },

  'sign-out/everywhere': async (asked) => {
    const { accountId } = await person(asked);
    await endAllSessions(asked.accounts.tools.gate.rows, accountId);
    return { body: {}, cookies: [setCookie.noSession()] };
  },
};

export const deviceOf = (headers: IncomingHttpHeaders): string | undefined => cookieOf(headers, DEVICE_COOKIE);
