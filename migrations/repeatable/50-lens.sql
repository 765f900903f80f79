-- The lens: what could be known on a day, from which sources, and what this database held at an instant.
-- Three schemas have relations of the same names; the search path chooses the clock, transaction-local settings carry the
-- values, and the text of every statement stays the same.
--   public    what is accepted now
--   recorded  the version of each record that was open at R
--   known     the same, with existence and every claimed field chosen again among the claims visible under P, R and S
-- The lens is not a right: settings can be written by anyone who can run SQL.

-- R, the instant at which this database is asked: now unless given.
create or replace function lens.r() returns timestamptz language sql stable
  as $$ select coalesce(nullif(current_setting('kualik.recorded_by', true), ''), '9999-12-31')::timestamptz $$;
-- P, the day by which a source must have been published: any day unless given.
create or replace function lens.p() returns date language sql stable
  as $$ select coalesce(nullif(current_setting('kualik.published_by', true), ''), 'infinity')::date $$;
-- Whether a source counts from the first day on which it may have been published, in place of the last.
create or replace function lens.possibly() returns boolean language sql stable
  as $$ select coalesce(current_setting('kualik.publication_certainty', true), '') = 'POSSIBLE' $$;
-- S, the only sources that count: all unless given.
create or replace function lens.s() returns uuid[] language sql stable
  as $$ select nullif(current_setting('kualik.according_to', true), '')::uuid[] $$;

-- Columns of a table with the version open at R.
create or replace function lens.version(noun text) returns text language sql stable set search_path = public, pg_temp as $$
  select format('select %s from history.%I h where h.recorded_from <= (select lens.r()) and h.recorded_to > (select lens.r()) and h.retracted_at is null',
    string_agg('h.' || quote_ident(attname), ', ' order by attnum), noun)
  from pg_attribute where attrelid = format('public.%I', noun)::regclass and attnum > 0 and not attisdropped
$$;

-- The claims on h that the lens lets through, as conditions on c.
create or replace function lens.visible() returns text language sql immutable as $$
  select $text$ c.recorded_from <= (select lens.r()) and c.recorded_to > (select lens.r())
      and case when (select lens.possibly()) then c.published_earliest else c.published_latest end <= (select lens.p())
      and ((select lens.s()) is null or c.roots <@ (select lens.s())) $text$
$$;

-- How the value of a claimed column is read from the claim that decides it.
create or replace function lens.chosen(field text, suffix text, type text) returns text language sql immutable as $$
  select case
    when suffix = '_earliest' then format('max(earliest) filter (where field = %L)', field)
    when suffix = '_latest' then format('max(latest) filter (where field = %L)', field)
    when type like '%[]' then
      -- An empty list is told; it is not the same as nothing told.
      format('case when max(value::text) filter (where field = %1$L) <> ''null'' then array(select jsonb_array_elements_text((max(value::text) filter (where field = %1$L))::jsonb))::%2$s end', field, type)
    else format('(max(value #>> ''{}'') filter (where field = %L))::%s', field, type)
  end
$$;

-- A record of which nobody speaks is known all the same from who speaks of what cannot be without it (25-lineage.sql): one
-- such claim is enough, and it is looked for only where none bears on the record itself.
create or replace function lens.implied() returns text language sql immutable as $$
  select format($text$ left join lateral (
      select true as there from house.lineage l join history.claims c on c.record_id = l.record_id
      where not v.there and l.ancestor_id = h.id and l.recorded_from <= (select lens.r()) and l.recorded_to > (select lens.r())
        and c.bears and c.level <= h.sensitivity and (c.level <= 1 or c.team_id in (0, h.team_id)) and %s
      limit 1
    ) w on true $text$, lens.visible())
$$;

-- One lateral per row decides existence and all claimed fields at once: an EXISTS would become a hashed subplan over all claims.
create or replace function lens.known(noun text) returns text language plpgsql stable set search_path = public, pg_temp as $$
declare
  adopted house.adopted;
  shown text;
  decided text;
  owner_noun text;
  -- Whether anything can be about this noun: another table points at it, or it is dated and so can be linked.
  implied boolean;
begin
  select a.* into adopted from house.adopted a where a.noun = known.noun;
  implied := adopted.happens is not null
    or exists (select from pg_constraint f where f.contype = 'f' and f.confrelid = format('public.%I', noun)::regclass);
  case adopted.existence
  when 'ALWAYS' then return lens.version(noun);
  when 'VISIBLE' then return replace(lens.version(noun), ' history.claims h where ', ' history.claims h cross join lateral (select h.*) c where ' || lens.visible() || ' and ');
  when 'PUBLISHED' then
    return lens.version(noun) || $text$ and ((select lens.p()) = 'infinity'
      or case when (select lens.possibly()) then coalesce(h.published_earliest, '-infinity') else coalesce(h.published_latest, 'infinity') end <= (select lens.p()))
      and ((select lens.s()) is null or h.id = any ((select lens.s())::uuid[])) $text$;
  when 'OWNER' then
    select c.confrelid::regclass::text into owner_noun from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
      where c.contype = 'f' and c.conrelid = format('public.%I', noun)::regclass and a.attname = adopted.foreign_owner;
    return replace(lens.version(noun), ' h where ', format(' h cross join lateral (select from known.%I o where o.id = h.%I limit 1) owner where ', owner_noun, adopted.foreign_owner));
  else null;
  end case;
  -- The key by which a name is found and sorted belongs to that name: a name that is not told cannot be found by.
  select string_agg(case when name = 'name_key' and 'name' = any (adopted.claimed) then 'case when v.name = h.name then h.name_key else lower(v.name) end as name_key'
                      when claimed_field is null then 'h.' || quote_ident(name) else 'v.' || quote_ident(name) end, ', ' order by position),
         string_agg(format(', %s as %I', lens.chosen(claimed_field, suffix, type), name), '' order by position) filter (where claimed_field is not null)
    into shown, decided
    from (
      select a.attname as name, a.attnum as position, format_type(a.atttypid, a.atttypmod) as type, field as claimed_field,
             substr(a.attname, length(field) + 1) as suffix
      from pg_attribute a
      left join lateral (select f as field from unnest(adopted.claimed) f where a.attname in (f, f || '_earliest', f || '_latest') limit 1) named on true
      where a.attrelid = format('public.%I', noun)::regclass and a.attnum > 0 and not a.attisdropped
    ) columns;
  return format($view$
    select %s from history.%I h cross join lateral (
      select count(*) > 0 as there %s
      from (
        select distinct on (c.field) c.field, c.value, c.earliest, c.latest from history.claims c
        where c.record_id = h.id and c.bears and c.level <= h.sensitivity and (c.level <= 1 or c.team_id in (0, h.team_id)) and %s
        order by c.field, c.preference
      ) chosen
    ) v
    %s
    where h.recorded_from <= (select lens.r()) and h.recorded_to > (select lens.r()) and h.retracted_at is null and (v.there%s) $view$,
    shown, noun, coalesce(decided, ''), lens.visible(),
    case when implied then lens.implied() else '' end, case when implied then ' or w.there' else '' end);
end $$;

-- Views are made anew: their columns follow the tables.
do $$
declare noun text;
begin
  for noun in select v.table_schema || '.' || v.table_name from information_schema.views v where v.table_schema in ('recorded', 'known') loop
    execute format('drop view if exists %s cascade', noun);
  end loop;
  for noun in select a.noun from house.adopted a order by (a.existence = 'OWNER'), a.noun <> 'captures', a.noun loop
    execute format('create view recorded.%I with (security_invoker) as %s', noun, lens.version(noun));
    execute format('create view known.%I with (security_invoker) as %s', noun, lens.known(noun));
    execute format('grant select on recorded.%1$I, known.%1$I to kualik_reader, kualik_editor', noun);
  end loop;
  -- The spine says only of which noun a record is; whether it exists under the lens is asked of its own view.
  execute 'create view recorded.records with (security_invoker) as select * from public.records';
  execute 'create view known.records with (security_invoker) as select * from public.records';
  execute 'grant select on recorded.records, known.records to kualik_reader, kualik_editor';
end $$;

grant usage on schema recorded, known, lens to kualik_reader, kualik_editor;
grant execute on function lens.r, lens.p, lens.s, lens.possibly to kualik_reader, kualik_editor;
