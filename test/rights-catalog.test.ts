// What the catalog of the database says of rights: a table, view or function that is added without them is found here.
import { withClient } from '../src/db/client.js';
import { ROLES } from '../src/db/role-urls.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db?.drop());

const ask = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
  withClient(db.adminUrl, async (client) => (await client.query(sql, values)).rows as T[]);
const names = async (sql: string, values: unknown[] = []): Promise<string[]> =>
  (await ask<{ name: string }>(sql, values)).map(({ name }) => name);

/** Those who may log in, without whoever acts as the owner. */
const APP = ROLES.filter((role) => !['kualik_owner', 'kualik_migrate'].includes(role));
/** Not of PostgreSQL, and not brought by an extension. */
const OURS = `nspname !~ '^pg_' and nspname <> 'information_schema'`;
const NOT_BROUGHT = (what: string): string =>
  `not exists (select from pg_depend d where d.classid = '${what}'::regclass and d.objid = c.oid and d.deptype = 'e')`;

test('every table that any role of the application may touch has row security, also for its owner, and a policy for that role', async () => {
  const open = await names(
    `select format('%s: %s', c.oid::regclass, concat_ws(', ',
         case when not c.relrowsecurity then 'no row security' end,
         case when not c.relforcerowsecurity then 'not forced' end,
         'without a policy: ' || nullif((select string_agg(r, ' ') from unnest($1::text[]) r
            where r ~ '_(loader|gate|sealer|[0-3])$' and has_any_column_privilege(r, c.oid, 'select')
              and not exists (select from pg_policy p where p.polrelid = c.oid and exists (
                select from unnest(p.polroles) g where g <> 0 and pg_has_role(r, g, 'usage')))), ''))) as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${OURS} and c.relkind in ('r', 'p') and exists (select from unnest($1::text[]) r
         where has_any_column_privilege(r, c.oid, 'select, insert, update') or has_table_privilege(r, c.oid, 'delete, truncate, references, trigger'))
       and (not c.relrowsecurity or not c.relforcerowsecurity or exists (select from unnest($1::text[]) r
            where r ~ '_(loader|gate|sealer|[0-3])$' and has_any_column_privilege(r, c.oid, 'select')
              and not exists (select from pg_policy p where p.polrelid = c.oid and exists (
                select from unnest(p.polroles) g where g <> 0 and pg_has_role(r, g, 'usage')))))
     order by 1`,
    [APP],
  );
  expect(open).toEqual([]);
});

test('no policy is for everybody', async () => {
  expect(
    await names(
      `select format('%s: %s', polrelid::regclass, polname) as name from pg_policy where 0 = any (polroles) order by 1`,
    ),
  ).toEqual([]);
});

test('what a policy lets be written is what it lets be seen, or less', async () => {
  const wider = await names(
    `select format('%s: %s', polrelid::regclass, polname) as name from pg_policy
     where polwithcheck is not null and pg_get_expr(polqual, polrelid) <> 'true'
       and position(pg_get_expr(polqual, polrelid) in pg_get_expr(polwithcheck, polrelid)) = 0`,
  );
  expect(wider).toEqual([]);
});

test('every view looks with the eyes of whoever asks, and nothing is materialized', async () => {
  const open = await names(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${OURS} and ${NOT_BROUGHT('pg_class')} and (c.relkind = 'm' or c.relkind = 'v' and not coalesce(c.reloptions::text ~ 'security_invoker=(true|on|1)', false)
       and not coalesce('security_invoker' = any (c.reloptions), false)) order by 1`,
  );
  expect(open).toEqual([]);
});

test('no role passes by row security, and the roles of the application delete nothing that is a record', async () => {
  expect(
    await names(
      `select rolname as name from pg_roles where rolname like 'kualik\\_%' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`,
    ),
  ).toEqual([]);
  expect(
    await names(
      `select format('%s: %s', c.oid::regclass, r) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       cross join unnest($1::text[]) r where ${OURS} and c.relkind in ('r', 'p') and not (nspname = 'auth' and r = 'kualik_gate')
       and has_table_privilege(r, c.oid, 'delete, truncate, references, trigger') order by 1`,
      [APP],
    ),
  ).toEqual([]);
});

test('of the tables of accounts only the gate sees any, and the gate sees no table but those', async () => {
  const found = await names(
    `select format('%s: %s', c.oid::regclass, r) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     cross join unnest($1::text[]) r where ${OURS} and c.relkind in ('r', 'p', 'v') and (nspname = 'auth') <> (r = 'kualik_gate')
       and (nspname = 'auth' or r = 'kualik_gate') and has_schema_privilege(r, n.oid, 'usage')
       and has_any_column_privilege(r, c.oid, 'select, insert, update') order by 1`,
    [APP],
  );
  expect(found).toEqual([]);
});

/** Functions that run as the owner and may be called by a role of the application: each with why it tells nothing. */
const DEFINERS: Record<string, string> = {
  'auth.enter': 'Only a secret of 32 random bytes finds a row, and only one of the level of the role that logged in.',
  'auth.teams': 'Tells the teams of the context that was entered.',
  'auth.actor': 'Tells the login of the context that was entered.',
  'auth.has_role': 'Tells of the context that was entered.',
  'auth.retention': 'For the gate alone: removes what is over its time, and tells how much.',
  'history.reason_of': 'Tells a reason to those who see every version that its transaction wrote.',
  'history.era': 'Tells how often the database was restored.',
  'history.settled_until':
    'Tells an instant before which nobody writes: when the oldest writer began, not who or what.',
  'history.settled_id': 'Tells the number of the oldest transaction under way in the whole cluster.',
  'house.count_again': 'Answers where a capture of these bytes can be seen.',
  'house.count_capture': 'Tells what the own account sent today, and what all captures take to 64 MB.',
  'house.link_is_asserted':
    'Of a link that can be seen it tells that some claim asserts it, though perhaps a hidden one.',
  'house.keep_bytes': 'Gives nothing back, whether the bytes were there or not.',
  'house.instant': 'The instant of the own transaction; it changes nothing that was said of it.',
  'house.retract': 'A record that cannot be seen is not there; what belongs to a visible record goes with it, unseen.',
  'house.restore': 'As house.retract.',
  'public.persons_named':
    'Says for names what the policies say, level by level; tells ids of people, who are asked for again.',
};

test('a function that runs as its owner and may be called is one of a short list', async () => {
  const found = await names(
    `select distinct format('%s.%s', nspname, proname) as name from pg_proc c join pg_namespace n on n.oid = c.pronamespace
     where prosecdef and ${OURS} and prorettype <> 'trigger'::regtype and nspname not in ('seal', 'audit')
       and exists (select from unnest($1::text[]) r where has_schema_privilege(r, n.oid, 'usage') and has_function_privilege(r, c.oid, 'execute')) order by 1`,
    [APP],
  );
  expect(found).toEqual(Object.keys(DEFINERS).sort());
});

test('a function that runs as its owner has a search path of its own, which ends with pg_temp', async () => {
  const open = await names(
    `select c.oid::regprocedure::text as name from pg_proc c join pg_namespace n on n.oid = c.pronamespace
     where prosecdef and ${OURS} and not exists (select from unnest(proconfig) s where s ~ '^search_path=.*pg_temp$') order by 1`,
  );
  expect(open).toEqual([]);
});

test('no function of ours may be called by everybody', async () => {
  const open = await names(
    `select c.oid::regprocedure::text as name from pg_proc c join pg_namespace n on n.oid = c.pronamespace
     where ${OURS} and ${NOT_BROUGHT('pg_proc')} and has_function_privilege('public', c.oid, 'execute') order by 1`,
  );
  expect(open).toEqual([]);
});

/** Rules that look at rows of all levels and teams: those whose key does not part them have to be harmless. */
const BLIND: Record<string, string> = {
  person_reference_is_unique: 'Counted by the database; nobody may choose one.',
  case_reference_is_unique: 'Counted by the database; nobody may choose one.',
  imports_pkey: 'Only the loader writes imports.',
  capture_contents_pkey: 'Written by house.keep_bytes alone, which does not tell.',
  tombstones_pkey: 'Written by house.retract alone.',
  idempotency_keys_pkey: 'Begins with the actor, who sees all keys of his own.',
};

test('a rule over several rows parts them by level and team, or cannot be used to ask for hidden ones', async () => {
  const blind = await names(
    `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
     where nspname in ('public', 'house') and (i.indisunique or i.indisexclusion)
       and not (pg_get_indexdef(c.oid) ~ 'sensitivity' and pg_get_indexdef(c.oid) ~ 'team_id')
       and not (c.relname ~ '_pkey$' and pg_get_indexdef(c.oid) ~ ' \\(id\\)$')
       and exists (select from unnest($1::text[]) r where has_any_column_privilege(r, i.indrelid, 'insert, update'))
     order by 1`,
    [APP],
  );
  expect(blind.filter((name) => !(name in BLIND))).toEqual([]);
});
