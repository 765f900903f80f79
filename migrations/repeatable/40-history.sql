-- Every version of every record, the open one included, kept by one trigger per table in the transaction that changes it.
-- The trigger's SQL is written per table: a generic one with dynamic SQL costs a third of the writes.
-- `history.<table>` has the columns of the table, then when the version was recorded, until when, by which transaction, and
-- the level and the team that guard it. The reasons are in docs/decisions/0014-history.md.

-- The latest era, and whether this database still lives in it: the timeline changes with a promotion or a recovery to a point
-- in time, and the row was written by another transaction than it says once it went through a dump.
create or replace function history.era(out id integer, out current boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  select e.id, e.xmin::text::bigint = e.made_by::text::bigint & 4294967295
      and (pg_is_in_recovery() or e.timeline = left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))
    into id, current from history.eras e order by e.id desc limit 1;
  id := coalesce(id, 0);
  current := coalesce(current, false);
end $$;

-- The row of the current transaction in history.transactions; made by its first change. Its instant is that of all its
-- versions: taken after a lock that carries an earlier one, so that whoever finds no lock knows that what is written later
-- is recorded later (history.settled_until). The row is found again by its place, which a setting of the transaction holds
-- and the row itself confirms: looked up in an index, it would make every two SERIALIZABLE writers collide. Without
-- enable_seqscan = off a session that planned this while the table was small would read all of it for every row for ever.
drop function if exists history.transaction();
create function history.transaction(out id bigint, out recorded_at timestamptz, out shown_to integer[])
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
  place tid := nullif(current_setting('kualik.transaction', true), '')::tid;
  era record;
  began timestamptz;
begin
  select t.id, t.recorded_at, t.shown_to into id, recorded_at, shown_to from history.transactions t
    where t.ctid = place and t.xid = pg_current_xact_id() and t.recorded_at >= now();
  if id is null then
    select * into era from history.era();
    if not era.current then
      era.id := era.id + 1;
      insert into history.eras (id, timeline, made_by) values (era.id, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), pg_current_xact_id())
        on conflict do nothing;
    end if;
    began := greatest(clock_timestamp(), now());
    perform pg_advisory_xact_lock_shared((extract(epoch from began) * 1000000)::bigint);
    recorded_at := greatest(clock_timestamp(), began);
    id := (era.id::bigint << 48) + pg_current_xact_id()::text::bigint;
    insert into history.transactions (id, xid, recorded_at, actor, reason, request) values (
      id, pg_current_xact_id(), recorded_at,
      auth.author(),
      nullif(current_setting('kualik.reason', true), ''),
      nullif(current_setting('kualik.request', true), '')) returning ctid into place;
    perform set_config('kualik.transaction', place::text, true);
  end if;
end $$;

-- For whom a version is, as one number: see history.transactions.shown_to.
create or replace function history.code(guard smallint, team integer) returns integer language sql immutable
  as $$ select case when guard <= 1 then guard else team * 4 + guard end $$;

-- The current transaction wrote a version for these.
create or replace function history.show(code integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  place tid := nullif(current_setting('kualik.transaction', true), '')::tid;
begin
  update history.transactions t set shown_to = t.shown_to || code
    where t.ctid = place and t.xid = pg_current_xact_id() and not code = any (t.shown_to) returning t.ctid into place;
  if found then perform set_config('kualik.transaction', place::text, true); end if;
end $$;

-- A version that this transaction wrote is for others now: what it is shown to follows, as soon as no other of its versions is
-- for those who saw it. The current transaction adds its own with history.show().
create or replace function history.show_again(transaction bigint, before integer, after integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  noun text;
  place tid;
  still boolean := false;
begin
  for noun in select a.noun from house.adopted a loop
    execute format('select exists (select from history.%I h where h.transaction_id = $1 and history.code(h.guard, h.guard_team) = $2)', noun)
      into still using transaction, before;
    exit when still;
  end loop;
  update history.transactions t set shown_to =
      array(select distinct c from unnest(t.shown_to || after) c where still or c <> before order by c)
    where t.id = transaction returning case when t.xid = pg_current_xact_id() then t.ctid end into place;
  if place is not null then perform set_config('kualik.transaction', place::text, true); end if;
end $$;

-- What was recorded before this instant is as it will always be: nobody still writes who could record something earlier.
-- Ask it before the snapshot is taken: a writer that ends in between is then in the snapshot. Writers are known by their
-- locks, which the owner of this function sees; those of a primary cannot be seen from its standby, where nothing is settled.
create or replace function history.settled_until() returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  asked timestamptz := clock_timestamp();
  oldest bigint;
begin
  if pg_is_in_recovery() then return '-infinity'; end if;
  select min((l.classid::bigint << 32) | l.objid::bigint) into oldest from pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 1 and l.classid::bigint > 300000 and l.mode = 'ShareLock' and l.granted
      and l.database = (select d.oid from pg_database d where d.datname = current_database());
  return least(asked, 'epoch'::timestamptz + oldest * interval '1 microsecond');
end $$;

-- Transactions with a smaller id have all ended, and this snapshot has what they wrote: no smaller one can appear later.
create or replace function history.settled_id() returns bigint
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare era record;
begin
  select * into era from history.era();
  -- Restored, and nobody has written here yet: all there is came with the restore.
  if not era.current then return (era.id + 1)::bigint << 48; end if;
  return (era.id::bigint << 48) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
end $$;

-- Makes or completes the history of one table, so that it can hold whatever the table holds now and whatever it ever held.
-- A column that a migration added since is added here, and all versions of a record get the value that the migration gave
-- it; a column of another type changes here too. A column that was renamed must be renamed here by the same migration.
create or replace function history.furnish(noun text) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  wanted record;
  columns text;
  news text;
  added text;
  fresh boolean := to_regclass(format('history.%I', noun)) is null;
  -- The level of a row: claims also carry that of their sources.
  level text := case when noun = 'claims' then 'greatest(%1$s.sensitivity, %1$s.level)' else '%1$s.sensitivity' end;
begin
  if fresh then
    execute format('create table history.%1$I (like public.%1$I)', noun);
    execute format(
      'alter table history.%1$I
         add column recorded_from timestamptz not null, add column recorded_to timestamptz not null,
         add column transaction_id bigint not null,
         add constraint %2$I check (recorded_from < recorded_to)', noun, noun || '_version_has_a_period');
    execute format('create unique index %2$I on history.%1$I (id, recorded_from)', noun, noun || '_versions');
    execute format('create unique index %2$I on history.%1$I (id) where recorded_to = ''infinity''', noun, noun || '_open_version');
  else
    for wanted in
      select a.attname as name, format_type(a.atttypid, a.atttypmod) as type from pg_attribute a
      join pg_attribute h on h.attrelid = format('history.%I', noun)::regclass and h.attname = a.attname
      where a.attrelid = format('public.%I', noun)::regclass and a.attnum > 0 and not a.attisdropped
        and format_type(a.atttypid, a.atttypmod) <> format_type(h.atttypid, h.atttypmod)
    loop
      execute format('drop view if exists recorded.%1$I, known.%1$I cascade', noun); -- 50-lens.sql makes them anew
      execute format('alter table history.%1$I alter column %2$I type %3$s using %2$I::%3$s', noun, wanted.name, wanted.type);
    end loop;
    for wanted in
      select a.attname as name, format_type(a.atttypid, a.atttypmod) as type from pg_attribute a
      where a.attrelid = format('public.%I', noun)::regclass and a.attnum > 0 and not a.attisdropped
        and not exists (select from pg_attribute h where h.attrelid = format('history.%I', noun)::regclass and h.attname = a.attname)
    loop
      execute format('alter table history.%I add column %I %s', noun, wanted.name, wanted.type);
      added := concat_ws(', ', added, format('%1$I = t.%1$I', wanted.name));
    end loop;
    if added is not null then execute format('update history.%1$I h set %2$s from public.%1$I t where t.id = h.id', noun, added); end if;
  end if;
  -- What is dropped or may be empty today must not be asked of a version.
  for wanted in
    select h.attname as name from pg_attribute h
    where h.attrelid = format('history.%I', noun)::regclass and h.attnum > 0 and not h.attisdropped and h.attnotnull
      and h.attname not in ('id', 'version', 'recorded_from', 'recorded_to', 'transaction_id', 'guard', 'guard_team')
  loop
    execute format('alter table history.%I alter column %I drop not null', noun, wanted.name);
  end loop;
  -- The level that guards a version: its own or, when that is higher, the level that its record has now.
  if not exists (select from pg_attribute where attrelid = format('history.%I', noun)::regclass and attname = 'guard') then
    execute format('alter table history.%I add column guard smallint', noun);
    execute format('update history.%I h set guard = greatest(%s, (select %s from public.%I t where t.id = h.id))',
      noun, format(level, 'h'), format(level, 't'), noun);
    execute format('alter table history.%I alter column guard set not null', noun);
  end if;
  -- And the team: that of the record as long as the record is restricted, else the last that guarded this version.
  if not exists (select from pg_attribute where attrelid = format('history.%I', noun)::regclass and attname = 'guard_team') then
    execute format('alter table history.%I add column guard_team integer', noun);
    execute format('update history.%1$I h set guard_team = coalesce((select t.team_id from public.%1$I t where t.id = h.id and %2$s >= 2), h.team_id)',
      noun, format(level, 't'));
    execute format('update history.transactions x set shown_to = array(select distinct c from unnest(x.shown_to || w.codes) c order by c)
      from (select h.transaction_id, array_agg(distinct history.code(h.guard, h.guard_team)) as codes from history.%I h group by 1) w where w.transaction_id = x.id', noun);
    execute format('alter table history.%I alter column guard_team set not null', noun);
  end if;
  execute format('drop index if exists history.%I', noun || '_by_transaction');
  execute format('drop index if exists history.%I', noun || '_changes');
  execute format('create index if not exists %2$I on history.%1$I (transaction_id, sequence)', noun, noun || '_in_order');
  -- What a list walks along now, it must be able to walk along then; what is unique now is not so over all versions.
  for wanted in
    select pg_get_indexdef(i.indexrelid) as definition from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = format('public.%I', noun)::regclass and not i.indisprimary
      and to_regclass(format('history.%I', c.relname)) is null
      and not exists (select from pg_constraint x where x.conindid = i.indexrelid)
  loop
    execute regexp_replace(replace(wanted.definition, 'CREATE UNIQUE INDEX', 'CREATE INDEX'), format(' ON public\.%s ', noun), format(' ON history.%I ', noun));
  end loop;

  -- Column by column: `(new).*` unpacks the whole row for each of them.
  select string_agg(quote_ident(attname), ', ' order by attnum), string_agg('new.' || quote_ident(attname), ', ' order by attnum)
    into columns, news from pg_attribute
    where attrelid = format('public.%I', noun)::regclass and attnum > 0 and not attisdropped;
  -- A second change in one transaction replaces the version that the first one made: nobody else ever saw it. The row of the
  -- table is locked by whoever changes it, so nobody else changes its open version meanwhile. A trigger of the table that
  -- changes the same row again comes here first, with the newer row.
  execute format($make$
    create or replace function history.%2$I() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $body$
    declare
      own bigint;
      maker bigint;
      at timestamptz;
      shown integer[];
      place tid;
      changed record;
    begin
      select t.id, t.recorded_at, t.shown_to into own, at, shown from history.transaction() t;
      if tg_op <> 'DELETE' and not history.code(%4$s, new.team_id) = any (shown) then perform history.show(history.code(%4$s, new.team_id)); end if;
      if tg_op = 'INSERT' then
        insert into history.%1$I (%3$s, recorded_from, recorded_to, transaction_id, guard, guard_team)
          values (%7$s, new.updated_at, 'infinity', own, %4$s, new.team_id)
          on conflict (id) where recorded_to = 'infinity' do nothing;
        return null;
      end if;
      select h.ctid, h.transaction_id into place, maker from history.%1$I h where h.id = old.id and h.recorded_to = 'infinity';
      if tg_op = 'DELETE' then
        if maker = own then delete from history.%1$I h where h.ctid = place;
        else update history.%1$I h set recorded_to = greatest(at, h.recorded_from + interval '1 microsecond') where h.ctid = place;
        end if;
        return null;
      end if;
      if maker = own then
        update history.%1$I h set (%3$s, guard, guard_team) = row (%7$s, %4$s, new.team_id) where h.ctid = place and h.updated_at <= new.updated_at;
        if history.code(%4$s, new.team_id) <> history.code(%5$s, old.team_id) then
          perform history.show_again(own, history.code(%5$s, old.team_id), history.code(%4$s, new.team_id));
        end if;
      else
        update history.%1$I h set recorded_to = new.updated_at where h.ctid = place;
        insert into history.%1$I (%3$s, recorded_from, recorded_to, transaction_id, guard, guard_team)
          values (%7$s, new.updated_at, 'infinity', own, %4$s, new.team_id);
      end if;
      if %4$s <> %5$s or new.team_id <> old.team_id then
        for changed in
          with before as (select h.ctid, h.transaction_id, history.code(h.guard, h.guard_team) as code,
              greatest(%6$s, %4$s) as guard, case when %4$s >= 2 then new.team_id else h.guard_team end as team
            from history.%1$I h where h.id = new.id), after as (
          update history.%1$I h set guard = b.guard, guard_team = b.team from before b
            where h.ctid = b.ctid and (h.guard, h.guard_team) is distinct from (b.guard, b.team)
            returning b.transaction_id, b.code, history.code(b.guard, b.team) as again)
          select distinct * from after where code <> again
        loop
          perform history.show_again(changed.transaction_id, changed.code, changed.again);
        end loop;
      end if;
      return null;
    end $body$ $make$, noun, 'keep_' || noun, columns, format(level, 'new'), format(level, 'old'), format(level, 'h'), news);
  execute format('create or replace trigger z_keep_history after insert or update or delete on public.%I for each row execute function history.%I()', noun, 'keep_' || noun);
  execute format('revoke all on history.%I from kualik_reader, kualik_editor', noun);
  execute format('grant select on history.%I to kualik_reader, kualik_editor', noun);
  if fresh then
    execute format('insert into history.%1$I (%2$s, recorded_from, recorded_to, transaction_id, guard, guard_team)
      select t.*, t.updated_at, ''infinity'', (select own.id from history.transaction() own), %3$s, t.team_id from public.%1$I t', noun, columns, format(level, 't'));
    execute format('select history.show(c) from (select distinct history.code(%s, t.team_id) as c from public.%I t) codes', format(level, 't'), noun);
  end if;
end $$;

select history.furnish(noun) from house.adopted order by noun;

-- What must be true of every version and is not: nothing, unless somebody wrote to history past its triggers.
-- Periods follow each other without overlap, and the open version is the row itself.
create or replace function history.faults(out noun text, out id uuid, out fault text) returns setof record
language plpgsql stable set search_path = public, pg_temp as $$
declare columns text;
begin
  for noun in select a.noun from house.adopted a order by 1 loop
    select string_agg('h.' || quote_ident(attname), ', ' order by attnum) into columns from pg_attribute
      where attrelid = format('public.%I', noun)::regclass and attnum > 0 and not attisdropped;
    return query execute format($q$
      select %1$L, v.id, case when v.next < v.recorded_to then 'overlap' else 'gap' end
        from (select h.id, h.recorded_to, lead(h.recorded_from) over (partition by h.id order by h.recorded_from) as next from history.%1$I h) v
        where v.next <> v.recorded_to
      union all
      select %1$L, coalesce(t.id, o.id), 'the open version is not the row'
        from public.%1$I t full join (select %2$s from history.%1$I h where h.recorded_to = 'infinity') o on o.id = t.id
        where to_jsonb(t) is distinct from to_jsonb(o)
      union all
      select %1$L, h.id, 'no transaction' from history.%1$I h where not exists (select from history.transactions x where x.id = h.transaction_id)
      union all
      select %1$L, h.id, 'guarded below its level' from history.%1$I h where h.guard < h.sensitivity $q$, noun, columns);
  end loop;
end $$;

-- Nobody but the triggers writes history, and nothing ever deletes from it.
revoke all on history.transactions, history.eras from kualik_reader, kualik_editor;
grant usage on schema history to kualik_reader, kualik_editor;
grant select on history.eras to kualik_reader, kualik_editor;
-- All but the reason, which is told by history.reason_of() (65-rights.sql).
grant select (id, xid, recorded_at, actor, request) on history.transactions to kualik_reader, kualik_editor;
grant execute on function history.era, history.settled_until, history.settled_id to kualik_reader, kualik_editor;
