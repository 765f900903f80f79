// What the account that sets Kualik up may do, asked before anything is changed; each lack is told with its remedy.
import type pg from 'pg';
import { PlainError } from './plain-error.js';
import { EDITOR, LOADER, MIGRATE, OWNER, READER, ROLES } from './role-urls.js';

const OLDEST = 15;

export interface Installer {
  superuser: boolean;
  database: string;
}

interface Facts {
  version: number;
  user: string;
  database: string;
  superuser: boolean;
  createrole: boolean;
  owns: boolean;
}

const FACTS = `
  select current_setting('server_version_num')::int / 10000 as version, current_user as user, current_database() as database,
         rolsuper as superuser, rolcreaterole as createrole, pg_has_role(current_user, datdba, 'usage') as owns
  from pg_roles, pg_database where rolname = current_user and datname = current_database()`;

/** Tables of somebody else, left out those an extension brought. */
const STRANGERS = `
  select c.oid::regclass::text as name from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and pg_get_userbyid(c.relowner) <> $1
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by 1 limit 3`;

export async function checkInstaller(client: pg.Client): Promise<Installer> {
  const { rows } = await client.query<Facts>(FACTS);
  const facts = rows[0]!;
  if (facts.version < OLDEST)
    throw new PlainError(`The database server is PostgreSQL ${facts.version}; Kualik needs ${OLDEST} or newer.`);
  if (!facts.superuser && !(facts.createrole && facts.owns)) throw new PlainError(whatToRun(client, facts));
  const strangers = (await client.query<{ name: string }>(STRANGERS, [OWNER])).rows.map(({ name }) => name);
  if (strangers.length > 0) {
    throw new PlainError(
      `The database "${facts.database}" already holds tables that are not Kualik's (${strangers.join(', ')}). ` +
        'Kualik takes all public rights away from its database, so it needs one of its own. Nothing was changed.',
    );
  }
  return { superuser: facts.superuser, database: facts.database };
}

function whatToRun(client: pg.Client, { user, database, createrole, owns }: Facts): string {
  const [role, name] = [client.escapeIdentifier(user), client.escapeIdentifier(database)];
  return [
    `The account "${user}" of DATABASE_URL cannot set Kualik up: it must be allowed to create roles and must own the database "${database}".`,
    'Let an administrator of the server run:',
    ...(createrole ? [] : [`  ALTER ROLE ${role} CREATEROLE;`]),
    ...(owns ? [] : [`  ALTER DATABASE ${name} OWNER TO ${role};`]),
    'Then start Kualik again. At run time Kualik uses this account for nothing but this set-up.',
  ].join('\n');
}

const TOO_MUCH = `
  select rolname as role, concat_ws(', ',
    case when rolsuper then 'SUPERUSER' end, case when rolbypassrls then 'BYPASSRLS' end, case when rolcreaterole then 'CREATEROLE' end,
    case when rolcreatedb then 'CREATEDB' end, case when rolreplication then 'REPLICATION' end,
    (select 'member of ' || string_agg(g.rolname, ', ') from pg_auth_members m join pg_roles g on g.oid = m.roleid
     where m.member = r.oid and not (
       (r.rolname, g.rolname) in (('${MIGRATE}', '${OWNER}'), ('${LOADER}', '${EDITOR}'))
       or g.rolname in ('${READER}', '${EDITOR}') and r.rolname ~ ('^' || g.rolname || '_[0-3]$')))) as has
  from pg_roles r where rolname = any($1)`;

const LEFT_TO_PUBLIC = `
  select concat_ws(', ', case when has_database_privilege('${READER}', current_database(), 'temp') then 'TEMP on the database' end,
    case when has_schema_privilege('${READER}', 'public', 'create') then 'CREATE on schema public' end,
    case when not has_schema_privilege('${OWNER}', 'public', 'create') then 'no CREATE on schema public for ${OWNER}' end) as problem`;

/** After bootstrap: the roles are as weak as they were meant to be. Rights given by hand, or refused to us, show here. */
export async function checkRoles(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ role: string; has: string }>(TOO_MUCH, [ROLES]);
  const strong = rows.filter(({ has }) => has !== '');
  if (strong.length > 0) {
    const list = strong.map(({ role, has }) => `${role} (${has})`).join('; ');
    throw new PlainError(
      `Roles of Kualik have more rights than they may have: ${list}. Let an administrator of the server take these away, then start again.`,
    );
  }
  const problem = (await client.query<{ problem: string }>(LEFT_TO_PUBLIC)).rows[0]?.problem;
  if (problem) {
    throw new PlainError(
      `The rights of the database could not be set (${problem}). Let an administrator of the server run:\n` +
        '  ALTER SCHEMA public OWNER TO pg_database_owner;\nThen start Kualik again.',
    );
  }
}
