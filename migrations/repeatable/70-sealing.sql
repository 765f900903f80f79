-- Sealed values: an envelope stays with its record, is made with a key of that record, and a clear text never gets as far as a
-- rule whose refusal would repeat it. Keys are read by the upper levels alone; nobody but the owner changes or destroys one.

-- Asked before the constraints of the table, since PostgreSQL puts the failing row into the detail of their refusals.
create or replace function seal.guard_value() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.envelope is null or new.envelope !~ '^k1[.][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.][A-Za-z0-9_-]{16}[.][A-Za-z0-9_-]{107,}$' then
    raise exception 'Only a sealed envelope is kept here, never a clear text.'
      using errcode = 'check_violation', constraint = 'sealed_value_is_an_envelope';
  end if;
  if house.noun_of(new.record_id) = 'sealed_values' then
    raise exception 'A sealed value belongs to another record, not to a sealed value.'
      using errcode = 'check_violation', constraint = 'sealed_value_belongs_to_a_record';
  end if;
  if tg_op = 'UPDATE' then
    if new.record_id <> old.record_id then
      raise exception 'A sealed value stays with its record: seal it anew at the other one, and retract this one.'
        using errcode = 'check_violation', constraint = 'sealed_value_stays_with_its_record';
    end if;
    if new.envelope = old.envelope then
      if (new.kind, new.label) is distinct from (old.kind, old.label) then
        raise exception 'Kind and label are sealed together with the value: give the value again.'
          using errcode = 'check_violation', constraint = 'sealed_value_is_sealed_with_its_label';
      end if;
      return new;
    end if;
  end if;
  -- The lock keeps whoever erases the record from missing this one.
  perform from seal.keys k
    where k.id = split_part(new.envelope, '.', 2)::uuid and k.compartment = new.record_id and k.destroyed_at is null for share;
  if not found then
    raise exception 'An envelope is sealed with a key of the record that it belongs to.'
      using errcode = 'check_violation', constraint = 'sealed_value_has_a_key_of_its_record';
  end if;
  return new;
end $$;
create or replace trigger b_guard_value before insert or update on sealed_values for each row execute function seal.guard_value();

-- A new data key goes under the key-encryption key in use. Whoever retires that one waits for those who already did so.
create or replace function seal.guard_key() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from seal.keks k where k.id = new.kek_id and k.retired_at is null for share;
  if not found then
    raise exception 'The key under which this was to be put is not in use any more.' using errcode = 'serialization_failure';
  end if;
  new.created_at := now();
  new.destroyed_at := null;
  return new;
end $$;
create or replace trigger a_guard_key before insert on seal.keys for each row execute function seal.guard_key();

-- What is destroyed stays so, and a key stays with its compartment.
create or replace function seal.guard_destroyed() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if old.destroyed_at is not null or (new.id, new.compartment) is distinct from (old.id, old.compartment) then
    raise exception 'A destroyed key is gone for ever, and a key keeps its record.' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create or replace trigger a_guard_destroyed before update on seal.keys for each row execute function seal.guard_destroyed();

-- The record with everything that belongs to it or ever did, retracted or not; as house.belonging(), which leaves out what is
-- retracted.
create or replace function seal.reach(record uuid) returns uuid[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  adopted house.adopted;
  found uuid[] := array[record];
  fresh uuid[] := array[record];
  below uuid[];
  part uuid[];
begin
  while cardinality(fresh) > 0 loop
    select coalesce(array_agg(distinct c.id), '{}') into below from history.claims c where c.roots && fresh;
    for adopted in select a.* from house.adopted a where a.foreign_owner is not null loop
      execute format('select array_agg(distinct id) from history.%I where %I = any ($1)', adopted.noun, adopted.foreign_owner)
        into part using fresh;
      below := below || coalesce(part, '{}');
    end loop;
    select coalesce(array_agg(distinct id), '{}') into fresh from unnest(below) id where id <> all (found);
    found := found || fresh;
  end loop;
  return found;
end $$;

-- Takes what the clear fields say out of these records, in every version. What remains of each is that it was there: its id,
-- what it belongs to, which kinds and words of the vocabulary it had, and who wrote it when. Captures are evidence and stay.
create or replace function seal.blank(ids uuid[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  blanked house.adopted;
  emptied text;
begin
  set constraints all immediate; -- triggers are switched off below, and none may be waiting then
  for blanked in select a.* from house.adopted a
    where a.noun not in ('captures', 'custody_steps') and exists (select from records r where r.noun = a.noun and r.id = any (ids)) order by a.noun
  loop
    -- What may be null becomes null, a text that must be there says that it is erased. Owners stay, and so does what rules count on.
    select string_agg(format('%I = %s', c.attname, case when c.attname = 'rank_reason' then $q$case when rank_reason is not null then 'erased ' || id end$q$
        when not c.attnotnull then 'null' when c.atttypid = 'text[]'::regtype then $q$'{}'$q$ else $q$'erased ' || id$q$ end), ', ')
      into emptied from pg_attribute c
      where c.attrelid = format('public.%I', blanked.noun)::regclass and c.attnum > 0 and not c.attisdropped
        and (not c.attnotnull or c.atttypid in ('text'::regtype, 'text[]'::regtype))
        and c.attname <> all (array['created_by', 'updated_by', 'retracted_at', 'envelope', 'scheme', 'field', 'value_until'])
        and (blanked.noun, c.attname::text) not in (('claims', 'published'), ('claims', 'published_earliest'), ('claims', 'published_latest'), ('trade_observations', 'value'))
        and c.attname is distinct from blanked.foreign_owner
        and (not exists (select from pg_constraint f where f.contype = 'f' and f.conrelid = c.attrelid and c.attnum = any (f.conkey))
          or not exists (select from pg_constraint k where k.contype = 'c' and k.conrelid = c.attrelid and c.attnum = any (k.conkey)));
    -- The row is no new version: the old ones are what must not be read any more.
    execute format('alter table public.%I disable trigger user', blanked.noun);
    execute format('update public.%I set %s where id = any ($1)', blanked.noun, emptied) using ids;
    execute format('update history.%I set %s where id = any ($1)', blanked.noun, emptied) using ids;
    execute format('alter table public.%I enable trigger user', blanked.noun);
  end loop;
  -- Digests of what was sent, and names that files gave to these records.
  delete from house.idempotency_keys k where k.record_id = any (ids);
  delete from imports i where i.record_id = any (ids);
end $$;

-- Destroys the keys of the record and of all that belongs to it, for ever, and retracts what is not retracted yet. The audit
-- loses what it holds of the sealed values and keeps the proof; with `everything` that is so for all fields of all of it.
drop function if exists seal.erase(uuid, text);
create or replace function seal.erase(record uuid, why text, everything boolean default false, out keys bigint, out retracted boolean, out entries bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  noun text := house.noun_of(record);
  version integer;
  reached uuid[] := seal.reach(record);
begin
  if btrim(coalesce(why, '')) = '' then
    raise exception 'An erasure needs a reason.' using errcode = 'check_violation', constraint = 'an_erasure_has_a_reason';
  end if;
  if noun is null then
    raise exception 'There is no such record.' using errcode = 'no_data_found', constraint = 'record_is_there';
  end if;
  with destroyed as (
    update seal.keys k set wrapped = null, destroyed_at = now(), destroyed_why = why
    where k.compartment = any (reached) and k.destroyed_at is null returning 1
  ) select count(*) into keys from destroyed;
  -- The custody log stays, and goes with its source; house.retract() says the same.
  if noun not in ('captures', 'custody_steps') then
    execute format('select version from %I where id = $1 and retracted_at is null', noun) into version using record;
  end if;
  retracted := version is not null;
  if retracted then perform house.retract(record, version, why); end if;
  if everything then perform seal.blank(reached); end if;
  select coalesce(sum(audit.erase(r.id::text, auth.author(), why)), 0) into entries from records r
    where r.id = any (reached) and (everything or r.noun = 'sealed_values') and r.noun not in ('captures', 'custody_steps')
      and exists (select from audit.entries e where e.record_id = r.id::text and e.payload is not null and e.kind <> 'erasure');
  -- Whatever there was to do: that somebody asked for it, why, and what was done, also where no entry was left to empty.
  perform audit.write('erasure', 'destroy', auth.author(), nullif(current_setting('kualik.request', true), ''), noun, record::text, null, null, null,
    json_build_object('keys', keys, 'entries', entries, 'retracted', retracted, 'everything', everything, 'reason', why)::text);
end $$;

-- ---- Who may: below level 2 there is nothing that a key would open. Erasing is for the command line of the host.
revoke all on schema seal from kualik_reader, kualik_editor;
revoke all on all tables in schema seal from kualik_reader, kualik_editor;
revoke all on all functions in schema seal from public;
grant usage on schema seal to kualik_reader_2, kualik_reader_3, kualik_editor_2, kualik_editor_3, kualik_loader;
grant select on seal.keks to kualik_reader_2, kualik_reader_3, kualik_editor_2, kualik_editor_3, kualik_loader;
grant select on seal.keys to kualik_loader;
-- Why a key was destroyed is for the host, not for whoever reads.
grant select (id, compartment, wrapped, kek_id, created_at, destroyed_at) on seal.keys
  to kualik_reader_2, kualik_reader_3, kualik_editor_2, kualik_editor_3;
grant insert (id, compartment, wrapped, kek_id) on seal.keys to kualik_editor_2, kualik_editor_3, kualik_loader;
grant execute on function seal.reach, seal.erase to kualik_loader;
select house.close_table('seal.keks', '{kualik_reader_2,kualik_reader_3,kualik_editor_2,kualik_editor_3,kualik_loader}');
-- A key names its record: it is seen, and made, by those who see that one. Which records of others are sealed shows to nobody.
select house.close_table('seal.keys', '{kualik_loader}');
create policy of_records_seen on seal.keys to kualik_reader_2, kualik_reader_3, kualik_editor_2, kualik_editor_3
  using (exists (select from public.records r where r.id = compartment));
