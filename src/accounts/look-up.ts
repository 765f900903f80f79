// From a credential to a viewer: one prepared statement. Of its answer only the secret of the context is remembered here, and
// the statement says whether its row still lives; remembered.ts keeps the answers for readers for a moment.
import { unauthenticated } from '../errors.js';
import { SESSION_OVER, TOKEN_REFUSED, type Credential } from './credential.js';
import type { Gate } from './gate.js';
import { hashOf, newSecret } from './secrets.js';
import type { Level, Role, Viewer } from './viewer.js';

interface Found {
  credential_id: number;
  account_id: number;
  login: string;
  level: Level;
  roles: Role[];
  teams: number[];
  team_names: string[];
  stepped_up_at: string | null;
  stale: boolean;
  open: boolean;
}

/** A context that ends within the minute would end within the request. */
const LOOK_UP = `
  select v.credential_id, v.account_id, v.login, v.level, v.roles, v.teams, v.stepped_up_at, v.stale,
    array(select t.name from unnest(v.teams) with ordinality own(id, place) join auth.teams t on t.id = own.id order by own.place) as team_names,
    exists (select from auth.contexts c where c.hash = $3 and c.credential = v.hash and c.expires > now() + interval '1 minute') as open
  from auth.live_credentials v where v.hash = $1 and v.kind = $2`;

/** Once a minute at most: two half hours differ by less than a person's patience. */
const TOUCH_SESSION = `update auth.sessions set seen_at = now() where hash = $1 and seen_at < now() - interval '1 minute'`;
const TOUCH_TOKEN = `
  update auth.tokens set used_on = (now() at time zone 'UTC')::date
  where hash = $1 and used_on is distinct from (now() at time zone 'UTC')::date`;

/** Milliseconds that a context lives. */
const USUALLY = 3_600_000;

/** Secrets kept in memory; who is left out opens a new context with the next request. */
const KEPT = 20_000;

/** @param lasting milliseconds: with a context of its own, for what takes longer than a request. */
export type LookUp = (credential: Credential, lasting?: number) => Promise<Viewer>;

export function lookUp(gate: Gate): LookUp {
  const secrets = new Map<string, Promise<string>>();

  async function newContext(credential: Credential, lasting: number): Promise<string> {
    const secret = newSecret();
    const [row] = await gate.rows<{ opened: boolean }>(
      `select auth.open_context($1, $2, $3 * interval '1 millisecond') as opened`,
      [credential.hash, hashOf(secret), lasting],
    );
    if (!row?.opened) throw refused(credential);
    return secret;
  }

  /** One for all requests that come with the same credential at the same moment. */
  function open(key: string, credential: Credential): Promise<string> {
    const opening = newContext(credential, USUALLY);
    opening.catch(() => {
      if (secrets.get(key) === opening) secrets.delete(key);
    });
    if (secrets.size >= KEPT) secrets.delete(secrets.keys().next().value!);
    secrets.set(key, opening);
    return opening;
  }

  return async (credential, lasting) => {
    const key = credential.hash.toString('base64');
    const remembered = secrets.get(key);
    const known = await remembered?.catch(() => undefined);
    const [found] = await gate.rows<Found>(LOOK_UP, [
      credential.hash,
      credential.kind,
      known === undefined ? null : hashOf(known),
    ]);
    if (!found) {
      secrets.delete(key);
      throw refused(credential);
    }
    if (found.stale) await gate.rows(credential.kind === 'session' ? TOUCH_SESSION : TOUCH_TOKEN, [credential.hash]);
    const renewed = secrets.get(key);
    const shared = async (): Promise<string> =>
      found.open && known !== undefined
        ? known
        : await (renewed !== undefined && renewed !== remembered ? renewed : open(key, credential));
    const context = await (lasting === undefined ? shared() : newContext(credential, lasting));
    return {
      kind: credential.kind,
      accountId: found.account_id,
      login: found.login,
      level: found.level,
      roles: new Set(found.roles),
      teams: found.teams,
      teamNames: found.team_names,
      context,
      ...(found.stepped_up_at === null ? {} : { steppedUpAt: found.stepped_up_at }),
      ...(credential.kind === 'session' ? { sessionId: found.credential_id } : { tokenId: found.credential_id }),
    };
  };
}

const refused = ({ kind }: Credential): Error => unauthenticated(kind === 'session' ? SESSION_OVER : TOKEN_REFUSED);
