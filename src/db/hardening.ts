// What PostgreSQL lets everybody do and Kualik takes away from its database: functions and views of the server that tell of
// rows which row security hides, disturb others, or write outside of a table. Only a superuser can; asked again at each start.
import { GATE, LOADER, MIGRATE, OWNER, SEALER } from './role-urls.js';

/** Roles that speak for no viewer; our own functions run as the first of them. */
const TRUSTED = [OWNER, MIGRATE, LOADER, GATE, SEALER];

/** Names in pg_catalog, as one regular expression each; what a version of PostgreSQL lacks is left out. */
const TAKEN: Record<string, string> = {
  'ends the work of others on the same role': 'pg_(cancel|terminate)_backend',
  'counts rows that are hidden': 'pg_stat_(get|clear|reset)_.*|pg_stat_reset.*|pg_indexam_progress_.*',
  'sizes of tables tell how much is hidden':
    'pg_(relation|table|indexes|total_relation|database|tablespace)_size|pg_relation_filepath',
  'large objects are written even in a read-only transaction': 'lo_.*|loread|lowrite',
  'writes to the log of the database, also in a read-only transaction': 'pg_logical_emit_message',
  'speaks to whoever listens': 'pg_notify',
  'keeps a connection for nothing': 'pg_sleep.*',
  'shows a snapshot to others': 'pg_export_snapshot',
  'runs a text as a statement': '.*_to_xml(schema|_and_xmlschema)?',
  'tells that others work, and how much':
    'pg_lock_status|pg_.*blocking_pids|pg_prepared_xact|pg_last_(committed_xact|xact_.*)|pg_xact_(status|commit_timestamp.*)|pg_control_.*',
};

/** The same, but for what our own functions and the servants of the house need. */
const RESERVED: Record<string, string> = {
  'locks that others wait for': 'pg_(try_)?advisory_.*',
  'counts the transactions of all':
    'txid_(current|snapshot|status|visible).*|pg_current_(snapshot|xact_id.*|wal_.*)|pg_snapshot_.*|pg_walfile_name.*|pg_visible_in_snapshot|pg_wal_lsn_diff|pg_xact_status',
  'waiting, for the loader': 'pg_sleep',
  'who holds a lock': 'pg_lock_status',
};

/** Views of pg_catalog. */
const VIEWS = 'pg_stat_.*|pg_statio_.*|pg_locks|pg_roles|pg_prepared_xacts';
const RESERVED_VIEWS = 'pg_locks|pg_roles';

const whole = (patterns: string[]): string => `^(${patterns.join('|')})$`;
const all = (list: Record<string, string>): string => whole(Object.values(list));

/** Of one database; cloning keeps it. */
export const HARDENING = `
do $hardening$
declare
  found record;
begin
  for found in
    select p.oid::regprocedure::text as name, p.oid,
      p.proname ~ '${all(RESERVED)}' as reserved
    from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f'
      and (p.proname ~ '${all(TAKEN)}' or p.proname ~ '${all(RESERVED)}')
  loop
    if has_function_privilege('public', found.oid, 'execute') then
      execute format('revoke execute on function pg_catalog.%s from public', found.name);
    end if;
    if found.reserved and not has_function_privilege('${SEALER}', found.oid, 'execute') then
      execute format('grant execute on function pg_catalog.%s to ${TRUSTED.join(', ')}', found.name);
    end if;
  end loop;
  for found in
    select c.relname as name, c.oid, c.relname ~ '${whole([RESERVED_VIEWS])}' as reserved
    from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'v' and c.relname ~ '${whole([VIEWS])}'
  loop
    if has_table_privilege('public', found.oid, 'select') then
      execute format('revoke all on pg_catalog.%I from public', found.name);
    end if;
    if found.reserved and not has_table_privilege('${SEALER}', found.oid, 'select') then
      execute format('grant select on pg_catalog.%I to ${TRUSTED.join(', ')}', found.name);
    end if;
  end loop;
end $hardening$`;

/** What is said when it cannot be done. */
export const UNHARDENED =
  'The account of DATABASE_URL is not a superuser, so functions of PostgreSQL that tell how many rows are hidden, or end the ' +
  'work of others, stay open to whoever can run SQL of their own. To close them, let a superuser of the server run "kualik migrate" once.';
