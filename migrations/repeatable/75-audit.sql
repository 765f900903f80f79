-- The sealed audit: whoever changes a row writes, in the same transaction, what is now stored and the leaf of a Merkle tree
-- over it. If the entry cannot be written the change is not made. The sealer (src/audit/sealer.ts) puts the leaves in
-- order and signs; `kualik audit verify` computes everything again without these functions. docs/decisions/0018-sealed-audit.md.

-- The number of the current transaction, as history counts them; history keeps no row for one that changed no record.
create or replace function audit.transaction_number() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare era record;
begin
  select * into era from history.era();
  if not era.current then
    era.id := era.id + 1;
    insert into history.eras (id, timeline, made_by) values (era.id, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), pg_current_xact_id())
      on conflict do nothing;
  end if;
  return (era.id::bigint << 48) + pg_current_xact_id()::text::bigint;
end $$;

-- Up to where the sealer may go: entries of transactions with a smaller id are all there. horizon: no transaction that has
-- taken a number before this snapshot has this id or a later one.
create or replace function audit.settled(out bound bigint, out horizon bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  bound := history.settled_id();
  horizon := (bound >> 48 << 48) + pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
end $$;

-- A text as JSON writes it, null as null.
create or replace function audit.said(word text) returns text
language sql stable parallel safe as $$ select coalesce(to_json(word)::text, 'null') $$;

-- The part of a header that all rows of one statement share. Without spaces: it is what JSON.stringify would write.
create or replace function audit.tail(transaction_id bigint, at timestamptz, kind text, actor text, request text, noun text, operation text)
returns text language sql stable as $$
  select ',"' || transaction_id || '","' || to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",'
    || audit.said(kind) || ',' || audit.said(actor) || ',' || audit.said(request) || ',' || audit.said(noun) || ',' || audit.said(operation) || ']' $$;

create or replace function audit.header(seq bigint, record_id text, version integer, level smallint, team_id integer, tail text)
returns text language sql stable as $$
  select '["kualik audit 1",' || seq || ',' || audit.said(record_id) || ',' || coalesce(version::text, 'null') || ','
    || coalesce(level::text, 'null') || ',' || coalesce(team_id::text, 'null') || tail $$;

create or replace function audit.leaf(content bytea, header text) returns bytea
language sql stable as $$ select sha256('\x00'::bytea || content || convert_to(header, 'UTF8')) $$;

-- One entry per row of the statement. Per statement, not per row: a bulk load pays once. Nothing is looked up by index,
-- which would make SERIALIZABLE writers collide (docs/decisions/0014-history.md); the number comes from a sequence.
create or replace function audit.keep_changes() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set enable_seqscan = off as $$
declare
  own bigint;
  instant timestamptz;
  who text;
  request text;
  doing text := lower(tg_op);
  tail text;
  why text;
  saying text := nullif(current_setting('kualik.reason', true), '');
  moved tid;
  retraction text := nullif(current_setting('kualik.retraction', true), '');
begin
  if not exists (select from changed) then return null; end if;
  select t.id, t.recorded_at into own, instant from history.transaction() t;
  -- Several changes of one transaction, each with its reason: the session names them all. Only here, where the entry says so
  -- as well: a reason that could be given otherwise would be another one than the audit was told.
  update history.transactions t set reason = saying
    where t.ctid = current_setting('kualik.transaction')::tid and t.xid = pg_current_xact_id() and t.reason is distinct from saying
    returning t.ctid into moved;
  if moved is not null then perform set_config('kualik.transaction', moved::text, true); end if;
  select t.actor, t.request, t.reason into who, request, why from history.transactions t
    where t.ctid = current_setting('kualik.transaction')::tid and t.xid = pg_current_xact_id();
  tail := audit.tail(own, instant, 'change', who, request, tg_table_name, doing);
  -- Why, as the transaction says it so far, and what a tombstone says: no column has such a name.
  why := ',"changeReason":' || audit.said(why) || case when retraction is null then '' else ',"retractionReason":' || audit.said(retraction) end || '}';
  insert into audit.entries (seq, transaction_id, at, kind, operation, actor, request, noun, record_id, version, level, team_id, salt, payload, leaf)
    select n.seq, own, instant, 'change', doing, who, request, tg_table_name, n.id, n.version, n.sensitivity, n.team_id, n.salt, n.payload,
      audit.leaf(sha256(n.salt || convert_to(n.payload, 'UTF8')), audit.header(n.seq, n.id, n.version, n.sensitivity, n.team_id, tail))
    from (select nextval('audit.numbers') as seq, c.id::text as id, c.version, c.sensitivity, c.team_id, uuid_send(gen_random_uuid()) as salt,
        case doing when 'delete' then 'null' else left(to_json(c)::text, -1) || why end as payload from changed c offset 0) n;
  return null;
end $$;

-- Everything that is not the change of a record.
create or replace function audit.write(
  kind text, operation text, actor text, request text, noun text, record_id text, version integer, level smallint, team_id integer, payload text)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  own bigint := audit.transaction_number(); -- before the number: the sealer counts on it
  seq bigint := nextval('audit.numbers');
  instant timestamptz := clock_timestamp();
  salt bytea := uuid_send(gen_random_uuid());
begin
  insert into audit.entries (seq, transaction_id, at, kind, operation, actor, request, noun, record_id, version, level, team_id, salt, payload, leaf)
    values (seq, own, instant, kind, operation, actor, request, noun, record_id, version, level, team_id, salt, payload,
      audit.leaf(sha256(salt || convert_to(payload, 'UTF8')),
        audit.header(seq, record_id, version, level, team_id, audit.tail(own, instant, kind, actor, request, noun, operation))));
  return seq;
end $$;

-- Reads of what is restricted, and exports. entries: [{kind, operation, actor, request, noun, recordId, level, teamId, payload}],
-- payload a text that is kept byte for byte: a JSON object of at most a million bytes, some twenty thousand ids. Resolves when it
-- is written, so that an answer can wait for it.
create or replace function audit.log_access(entries jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entry jsonb;
  is_object boolean;
begin
  for entry in select * from jsonb_array_elements(entries) loop
    if coalesce(entry ->> 'kind', '') not in ('read', 'export') then
      raise exception 'An access is a read or an export.' using errcode = 'check_violation';
    end if;
    begin
      is_object := octet_length(entry ->> 'payload') <= 1000000 and jsonb_typeof((entry ->> 'payload')::jsonb) = 'object';
    exception when data_exception or program_limit_exceeded then
      is_object := false;
    end;
    if is_object is not true or octet_length((entry - 'payload')::text) > 10000 then
      raise exception 'What was shown is told by a JSON object of at most a million bytes, and the rest of an entry is short.' using errcode = 'check_violation';
    end if;
    perform audit.write(entry ->> 'kind', entry ->> 'operation', entry ->> 'actor', entry ->> 'request', entry ->> 'noun', entry ->> 'recordId',
      null, (entry ->> 'level')::smallint, (entry ->> 'teamId')::integer, entry ->> 'payload');
  end loop;
end $$;

-- Changes of who may do what. Secrets stay out (every bytea, passwords, codes) but that they changed is said; what only
-- counts uses is no change.
create or replace function audit.keep_account_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  uses text[] := array['seen_at', 'used_at', 'used_on', 'counter', 'totp_step', 'tries'];
  secret text[];
  before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - uses end;
  after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - uses end;
  subject jsonb := coalesce(after, before);
  changed jsonb;
  key text;
begin
  if before = after then return null; end if;
  select coalesce(array_agg(a.attname), '{}') into secret from pg_attribute a
    where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped
      and (a.atttypid = 'bytea'::regtype or a.attname ~ '(password|secret|hash|code|public_key|sealed)');
  select coalesce(jsonb_agg(k order by k), '[]') into changed from jsonb_object_keys(subject) k
    where before is not null and after is not null and before -> k is distinct from after -> k;
  key := coalesce(subject ->> 'id', nullif(concat_ws(' ', subject ->> 'account_id', subject ->> 'team_id', subject ->> 'subject'), ''));
  perform audit.write('account', lower(tg_op),
    coalesce(nullif(current_setting('kualik.actor', true), ''), session_user), nullif(current_setting('kualik.request', true), ''),
    tg_table_name, key, null, null, null,
    json_build_object('is', after - secret, 'was', before - secret, 'changed', changed)::text);
  return null;
end $$;

-- Takes the content of a record out of its entries: what remains of each is who, when, what was done, and a hash that
-- says nothing, since its salt is gone. The tree stays whole. Whoever calls it has already erased the record itself.
create or replace function audit.erase(record text, actor text, why text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  touched bigint;
  last bigint;
begin
  with gone as (
    update audit.entries e set content = sha256(e.salt || convert_to(e.payload, 'UTF8')), salt = null, payload = null
      where e.record_id = record and e.payload is not null and e.kind <> 'erasure' returning e.seq)
    select count(*), max(seq) into touched, last from gone;
  perform audit.write('erasure', 'erase', actor, nullif(current_setting('kualik.request', true), ''),
    (select e.noun from audit.entries e where e.record_id = record limit 1), record, null, null, null,
    json_build_object('entries', touched, 'through', last, 'reason', why)::text);
  return touched;
end $$;

-- A second net below the grants: not even the owner changes an entry except by erasing it. Who can switch triggers off
-- can pass; the seals tell.
create or replace function audit.stay() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and tg_table_name = 'entries' then
    if old.payload is not null and new.payload is null
      and (to_jsonb(new) - array['salt', 'payload', 'content']) = (to_jsonb(old) - array['salt', 'payload', 'content'])
      and new.content = sha256(old.salt || convert_to(old.payload, 'UTF8')) then return new;
    end if;
  end if;
  raise exception 'The audit is only ever added to.' using errcode = 'integrity_constraint_violation';
end $$;

do $$
declare kept text;
begin
  foreach kept in array array['entries', 'positions', 'checkpoints'] loop
    execute format('create or replace trigger stay before update or delete on audit.%I for each row execute function audit.stay()', kept);
    execute format('create or replace trigger stay_whole before truncate on audit.%I for each statement execute function audit.stay()', kept);
  end loop;
end $$;

-- Puts the triggers on one table of records. Where they were missing, versions that history has already are entered as
-- found: kept from here on, without a word on how they came to be. `verify` says when that happened a second time.
create or replace function audit.furnish(noun text) returns void
language plpgsql set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  fresh boolean := not exists (select from pg_trigger where tgrelid = format('public.%I', noun)::regclass and tgname = 'zz_audit_insert');
  own bigint := audit.transaction_number();
  fields text;
begin
  execute format('create or replace trigger zz_audit_insert after insert on public.%I referencing new table as changed for each statement execute function audit.keep_changes()', noun);
  execute format('create or replace trigger zz_audit_update after update on public.%I referencing new table as changed for each statement execute function audit.keep_changes()', noun);
  execute format('create or replace trigger zz_audit_delete after delete on public.%I referencing old table as changed for each statement execute function audit.keep_changes()', noun);
  if not fresh then return; end if;
  select string_agg('h.' || quote_ident(attname), ', ' order by attnum) into fields from pg_attribute
    where attrelid = format('public.%I', noun)::regclass and attnum > 0 and not attisdropped;
  execute format($q$
    insert into audit.entries (seq, transaction_id, at, kind, operation, actor, noun, record_id, version, level, team_id, salt, payload, leaf)
    select n.seq, $1, now(), 'change', 'found', session_user, %1$L, n.id, n.version, n.sensitivity, n.team_id, n.salt, n.payload,
      audit.leaf(sha256(n.salt || convert_to(n.payload, 'UTF8')),
        audit.header(n.seq, n.id, n.version, n.sensitivity, n.team_id, audit.tail($1, now(), 'change', session_user, null, %1$L, 'found')))
    from (select nextval('audit.numbers') as seq, h.id::text as id, h.version, h.sensitivity, h.team_id, uuid_send(gen_random_uuid()) as salt,
        (select to_json(r)::text from (select %2$s) r) as payload
      from (select * from history.%1$I order by recorded_from, id offset 0) h offset 0) n$q$, noun, fields) using own;
end $$;

select audit.furnish(noun) from house.adopted order by noun;

do $$
declare watched text;
begin
  foreach watched in array array['accounts', 'teams', 'memberships', 'tokens', 'passkeys', 'identities'] loop
    continue when to_regclass(format('auth.%I', watched)) is null;
    execute format('create or replace trigger zz_audit after insert or update or delete on auth.%I for each row execute function audit.keep_account_change()', watched);
  end loop;
end $$;

-- Nobody reads or writes the audit directly. The sealer sees leaves, never contents; the gate may add what was read.
revoke all on schema audit from public;
do $$
begin
  if exists (select from pg_roles where rolname = 'kualik_sealer') then
    revoke all on audit.entries, audit.positions, audit.checkpoints from kualik_sealer;
    grant usage on schema audit to kualik_sealer;
    grant select (seq, transaction_id, leaf) on audit.entries to kualik_sealer;
    grant select, insert on audit.positions, audit.checkpoints to kualik_sealer;
    grant select on audit.numbers to kualik_sealer;
    grant execute on function audit.settled to kualik_sealer;
  end if;
  if exists (select from pg_roles where rolname = 'kualik_gate') then
    grant usage on schema audit to kualik_gate;
    grant execute on function audit.log_access to kualik_gate;
  end if;
end $$;
