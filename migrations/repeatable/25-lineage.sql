-- Which records a record cannot be without: its owner, and whoever else it is structurally about. A source that speaks of
-- a detention says with it that the person exists, so the views of the lens let the person be known from that source too.
-- Kept as a closure with the time of recording, so that a lens asks one index and a corrected owner is remembered as it was.

-- Columns that point at what a record of this noun cannot be without. Other references may be filled in later by somebody
-- else (the status that a document proves), so whoever speaks of the record does not vouch for them.
create or replace function house.parent_columns(noun text) returns text[]
language sql stable set search_path = public, pg_temp as $$
  select case when a.existence <> 'CLAIMS' then '{}' else
    array_remove(array[a.foreign_owner], null) || case a.noun
      when 'event_participants' then '{person_id,organization_id}'
      when 'event_links' then '{from_id,to_id}'
      when 'charges' then '{person_id}'
      when 'relations' then '{other_person_id,organization_id}'
      else '{}'
    end::text[] end
  from house.adopted a where a.noun = parent_columns.noun
$$;

-- A record that is new or was moved: its own line, and that of everything below it.
create or replace function house.keep_lineage() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  row_of jsonb := to_jsonb(new);
  parents uuid[];
  moved uuid[];
begin
  select coalesce(array_agg(distinct p), '{}') into parents
    from unnest(tg_argv) c(name) cross join lateral (select (row_of ->> c.name)::uuid) named(p) where p is not null and p <> new.id;
  if tg_op = 'INSERT' then
    insert into house.lineage (ancestor_id, record_id, direct, recorded_from)
      select p, new.id, true, new.updated_at from unnest(parents) p
      union
      select l.ancestor_id, new.id, false, new.updated_at from house.lineage l
        where l.record_id = any (parents) and l.recorded_to = 'infinity' and l.ancestor_id <> all (parents) and l.ancestor_id <> new.id;
    return null;
  end if;
  select array_agg(distinct l.record_id) || new.id into moved from house.lineage l where l.ancestor_id = new.id and l.recorded_to = 'infinity';
  moved := coalesce(moved, array[new.id]);
  update house.lineage l set recorded_to = new.updated_at
    where l.recorded_to = 'infinity' and (l.record_id = new.id or l.record_id = any (moved) and not l.direct);
  insert into house.lineage (ancestor_id, record_id, direct, recorded_from) select p, new.id, true, new.updated_at from unnest(parents) p;
  insert into house.lineage (ancestor_id, record_id, direct, recorded_from)
    with recursive up(record_id, ancestor_id) as (
      select l.record_id, l.ancestor_id from house.lineage l where l.record_id = any (moved) and l.direct and l.recorded_to = 'infinity'
      union
      select up.record_id, l.ancestor_id from up join house.lineage l on l.record_id = up.ancestor_id and l.direct and l.recorded_to = 'infinity'
    )
    select up.ancestor_id, up.record_id, false, new.updated_at from up
    where up.ancestor_id <> up.record_id and not exists (
      select from house.lineage l where l.record_id = up.record_id and l.ancestor_id = up.ancestor_id and l.recorded_to = 'infinity');
  return null;
end $$;

-- Named to run after the row is revised and before its history is kept; only where a parent column is written.
do $$
declare
  noun text;
  parents text[];
begin
  for noun, parents in select a.noun, house.parent_columns(a.noun) from house.adopted a loop
    execute format('drop trigger if exists y_keep_lineage on %I', noun);
    execute format('drop trigger if exists y_move_lineage on %I', noun);
    continue when parents = '{}';
    execute format('create trigger y_keep_lineage after insert on %I for each row execute function house.keep_lineage(%s)',
      noun, (select string_agg(quote_literal(p), ', ') from unnest(parents) p));
    execute format('create trigger y_move_lineage after update on %I for each row when (%s) execute function house.keep_lineage(%s)',
      noun, (select string_agg(format('old.%1$I is distinct from new.%1$I', p), ' or ') from unnest(parents) p),
      (select string_agg(quote_literal(p), ', ') from unnest(parents) p));
    -- Rows from before there were lines.
    execute format($fill$
      insert into house.lineage (ancestor_id, record_id, direct, recorded_from)
      select distinct p, t.id, true, t.created_at from %I t cross join lateral unnest(array[%s]::uuid[]) p
      where p is not null and p <> t.id and not exists (select from house.lineage l where l.record_id = t.id and l.recorded_to = 'infinity') $fill$,
      noun, (select string_agg(format('t.%I', p), ', ') from unnest(parents) p));
  end loop;
  insert into house.lineage (ancestor_id, record_id, direct, recorded_from)
    with recursive up(record_id, ancestor_id, recorded_from) as (
      select l.record_id, l.ancestor_id, l.recorded_from from house.lineage l where l.direct and l.recorded_to = 'infinity'
      union
      select up.record_id, l.ancestor_id, up.recorded_from from up join house.lineage l on l.record_id = up.ancestor_id and l.direct and l.recorded_to = 'infinity'
    )
    select distinct on (up.ancestor_id, up.record_id) up.ancestor_id, up.record_id, false, up.recorded_from from up
    where up.ancestor_id <> up.record_id and not exists (
      select from house.lineage l where l.record_id = up.record_id and l.ancestor_id = up.ancestor_id and l.recorded_to = 'infinity')
    order by up.ancestor_id, up.record_id, up.recorded_from;
end $$;

grant select on house.lineage to kualik_reader, kualik_editor;

-- Bytes of captures are written once, by this function, which does not tell whether somebody had kept them before, and are
-- read by nobody but the function that counts them again.
revoke all on capture_contents from kualik_reader, kualik_editor;
create or replace function house.keep_bytes(bytes bytea) returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into capture_contents (sha256, bytes) values (encode(pg_catalog.sha256(keep_bytes.bytes), 'hex'), keep_bytes.bytes) on conflict do nothing
$$;
grant execute on function house.keep_bytes to kualik_editor;

-- Counts a capture of this size for whoever writes, and tells what that account sent today, this one included, and what there
-- is of all, to 64 MB: the exact sum would tell of captures that are hidden. Two at the same moment collide, and one of them is
-- run again (src/server.ts): captures are few, and the count is exact.
create or replace function house.count_capture(size bigint, out kept bigint, out today bigint)
language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC' as $$
begin
  update house.capture_total t set bytes = t.bytes + size returning t.bytes >> 26 << 26 into kept;
  insert into house.capture_days as d (actor, day, bytes) values (auth.author(), current_date, size)
    on conflict (actor, day) do update set bytes = d.bytes + excluded.bytes returning d.bytes into today;
end $$;
revoke all on house.capture_total, house.capture_days from kualik_reader, kualik_editor;
grant execute on function house.count_capture to kualik_editor;

-- The SHA-256 and the size of the bytes kept under this SHA-256, counted now; nothing when no bytes are kept, or none for
-- whoever asks.
create or replace function house.count_again(kept_as text, out sha256 text, out byte_size bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  select encode(pg_catalog.sha256(c.bytes), 'hex'), octet_length(c.bytes)::bigint from capture_contents c where c.sha256 = kept_as
    and exists (select from captures k where k.sha256 = kept_as and k.retracted_at is null and auth.sees(k.sensitivity, k.team_id))
$$;
grant execute on function house.count_again to kualik_reader, kualik_editor;
