// Things begun and not finished: a link that was handed out, a sign-in between two steps, a challenge. Whoever holds the
// secret goes on, and exactly one of those who try at the same time finishes.
import { unauthenticated } from '../errors.js';
import type { Rows } from './gate.js';
import { hashOf, isSecret, newSecret } from './secrets.js';

/**
 * first: the link of a first start; enrol: the link for a new or reset account; second: the password was right;
 * totp: a TOTP secret that is shown; passkey: a challenge to sign in or step up; new-passkey: one to register; oidc: gone to the provider.
 */
export type FlowKind = 'first' | 'enrol' | 'second' | 'totp' | 'passkey' | 'new-passkey' | 'oidc';

export interface Flow {
  accountId?: number;
  data: Record<string, unknown>;
}

interface Row {
  account_id: number | null;
  data: Record<string, unknown>;
}

const MINUTES: Record<FlowKind, number> = {
  first: 15,
  enrol: 15,
  second: 5,
  totp: 15,
  passkey: 5,
  'new-passkey': 5,
  oidc: 10,
};

/** Wrong codes before a sign-in has to begin anew. */
const TRIES = 5;

export const FLOW_OVER = 'This took too long or was used already; begin again.';
export const LINK_OVER = 'This link was used or is older than 15 minutes; ask your administrator for a new one.';

/** @returns the secret; the table keeps its hash. */
export async function beginFlow(
  rows: Rows,
  kind: FlowKind,
  { accountId, data = {} }: { accountId?: number; data?: object },
): Promise<string> {
  const secret = newSecret();
  await rows(
    `insert into auth.flows (hash, kind, account_id, data, expires_at) values ($1, $2, $3, $4, now() + make_interval(mins => $5))`,
    [hashOf(secret), kind, accountId ?? null, JSON.stringify(data), MINUTES[kind]],
  );
  return secret;
}

const found = (row: Row | undefined): Flow | undefined =>
  row && { ...(row.account_id === null ? {} : { accountId: row.account_id }), data: row.data };

/** Ends the flow; only one caller gets it. */
export async function takeFlow(rows: Rows, kind: FlowKind, secret: unknown): Promise<Flow | undefined> {
  if (!isSecret(secret)) return undefined;
  const [row] = await rows<Row>(
    `delete from auth.flows where hash = $1 and kind = $2 returning account_id, data, expires_at > now() as live`,
    [hashOf(secret), kind],
  );
  return (row as (Row & { live: boolean }) | undefined)?.live ? found(row) : undefined;
}

/** As takeFlow; @throws DomainError when there is nothing to take. */
export async function mustTakeFlow(rows: Rows, kind: FlowKind, secret: unknown, over = FLOW_OVER): Promise<Flow> {
  const flow = await takeFlow(rows, kind, secret);
  if (!flow) throw unauthenticated(over, { rule: 'flow-over' });
  return flow;
}

/** Looks without ending it. */
export async function peekFlow(rows: Rows, kind: FlowKind, secret: unknown): Promise<Flow | undefined> {
  if (!isSecret(secret)) return undefined;
  const [row] = await rows<Row>(
    `select account_id, data from auth.flows where hash = $1 and kind = $2 and expires_at > now()`,
    [hashOf(secret), kind],
  );
  return found(row);
}

/** Counts a try before it is judged; undefined when there are none left. */
export async function tryFlow(rows: Rows, kind: FlowKind, secret: unknown): Promise<Flow | undefined> {
  if (!isSecret(secret)) return undefined;
  const [row] = await rows<Row>(
    `update auth.flows set tries = tries + 1 where hash = $1 and kind = $2 and expires_at > now() and tries < $3 returning account_id, data`,
    [hashOf(secret), kind, TRIES],
  );
  return found(row);
}

/** What nobody will ever finish; cheap, and called where a flow begins. */
export async function sweep(rows: Rows): Promise<void> {
  await rows(
    `delete from auth.flows where hash in (select hash from auth.flows where expires_at < now() for update skip locked)`,
  );
  await rows(
    `delete from auth.throttles where key in (select key from auth.throttles where until < now() for update skip locked)`,
  );
  await rows(
    `delete from auth.sessions where hash in (
       select hash from auth.sessions where ends_at < now() or seen_at < now() - interval '30 minutes' for update skip locked)`,
  );
}
