-- Retraction: a record that should not have been recorded is hidden from everybody, with what belongs to it, and a
-- tombstone stands in its place. Nothing is deleted: history keeps every version, and `house.restore` brings all of it back.

-- The record and everything that belongs to it, however far down; what rests on a source belongs to the source.
create or replace function house.belonging(record uuid) returns uuid[]
language plpgsql stable set search_path = public, pg_temp as $$
declare
  adopted house.adopted;
  found uuid[] := array[record];
  fresh uuid[] := array[record];
  below uuid[];
  part uuid[];
begin
  while cardinality(fresh) > 0 loop
    select coalesce(array_agg(c.id), '{}') into below from claims c where c.retracted_at is null and c.roots && fresh;
    for adopted in select a.* from house.adopted a where a.foreign_owner is not null loop
      execute format('select array_agg(id) from %I where %I = any ($1) and retracted_at is null', adopted.noun, adopted.foreign_owner)
        into part using fresh;
      below := below || coalesce(part, '{}');
    end loop;
    select coalesce(array_agg(distinct id), '{}') into fresh from unnest(below) id where id <> all (found);
    found := found || fresh;
  end loop;
  return found;
end $$;

-- Writes the mark on all of them through ordinary updates, so that versions and history follow.
create or replace function house.mark(records uuid[], at timestamptz) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  noun text;
  touched uuid[];
begin
  -- Claims last: what a record loses with them it keeps when it goes itself.
  for noun in select r.noun from records r where r.id = any (records) group by r.noun order by r.noun = 'claims', r.noun loop
    execute format('update %I set retracted_at = $2 where id = any ($1)', noun) using records, at;
  end loop;
  select array_agg(distinct c.record_id) into touched from claims c where c.id = any (records);
  perform house.accept(t.id) from unnest(touched) t(id) where at is null or t.id <> all (records);
end $$;

-- Retracts a record at the version that the caller has read. Captures and their custody log go only with their source.
create or replace function house.retract(record uuid, expected integer, why text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  noun text := house.noun_of(record);
  version integer;
  all_of_it uuid[];
  at timestamptz := house.instant();
begin
  -- This runs as the owner, who sees everything; whoever asks may not.
  if not exists (select from records r where r.id = record and auth.sees(r.sensitivity, r.team_id)) then
    raise exception 'There is no such record, or you may not see it.' using errcode = 'no_data_found', constraint = 'record_is_there';
  end if;
  if noun in ('captures', 'custody_steps') then
    raise exception 'Captures and their custody log are never changed.' using errcode = 'integrity_constraint_violation', constraint = 'evidence_stays';
  end if;
  execute format('select version from %I where id = $1 and retracted_at is null for update', noun) into version using record;
  if version is distinct from expected then
    raise exception 'The record was changed since it was read.' using errcode = 'serialization_failure';
  end if;
  all_of_it := house.belonging(record);
  insert into house.tombstones (record_id, cause_id, retracted_at, reason, retracted_by)
    select gone.id, record, at, why, t.actor from unnest(all_of_it) gone(id), history.transactions t
      where t.ctid = current_setting('kualik.transaction')::tid and t.xid = pg_current_xact_id(); -- whom the audit names
  perform set_config('kualik.retraction', why, true); -- the audit enters it (75-audit.sql)
  perform house.mark(all_of_it, at);
  perform set_config('kualik.retraction', '', true);
end $$;

-- Brings a record back with everything that its retraction took along.
create or replace function house.restore(record uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  all_of_it uuid[];
  needed uuid[];
  owned house.adopted;
begin
  if not exists (select from records r where r.id = record and auth.sees(r.sensitivity, r.team_id)) then
    raise exception 'There is no such record, or you may not see it.' using errcode = 'no_data_found', constraint = 'record_is_there';
  end if;
  select array_agg(t.record_id) into all_of_it from house.tombstones t where t.cause_id = record;
  if all_of_it is null then
    raise exception 'It was retracted together with what it belongs to; restore that.' using errcode = 'integrity_constraint_violation', constraint = 'restored_with_its_owner';
  end if;
  select a.* into owned from house.adopted a where a.noun = house.noun_of(record);
  if owned.foreign_owner is not null then
    execute format('select array[%I] from %I where id = $1', owned.foreign_owner, owned.noun) into needed using record;
  end if;
  if owned.noun = 'claims' then select needed || c.roots into needed from claims c where c.id = record; end if;
  if exists (select from house.tombstones t where t.record_id = any (needed)) then
    raise exception 'What it belongs to is retracted; restore that first.' using errcode = 'integrity_constraint_violation', constraint = 'restored_after_its_owner';
  end if;
  delete from house.tombstones t where t.cause_id = record;
  perform house.mark(all_of_it, null);
end $$;

grant select on house.tombstones to kualik_reader, kualik_editor;
grant select, insert on house.idempotency_keys to kualik_editor;
