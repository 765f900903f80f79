-- Who has a name like this. To match a pattern is not leakproof for PostgreSQL, so under row security it would be tried on every
-- name there is, hidden ones too. These functions of the owner say what the policies would say (65-rights.sql), level by level,
-- each through an index that holds the names of that level alone: what is hidden from whoever asks is never read. Between teams
-- of level 2 and 3 it is read and left out, and takes the time of a row.
-- The search path chooses among three of one name: under a lens the views of its schema are asked, as whoever asks.

-- All words, in any order: each by its usual spellings (a regular expression) or by its likeness. Of the first two, the longest,
-- every pair of ways is written out: then the index looks for both words at once, and hardly a row is read that is not found.
create or replace function house.holds_words(words integer) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp as $$
  with ways(i, way) as (
    select i, way from generate_series(1, words) i
      cross join unnest(array['n.name_key ~ $1[%s]', 'n.name_key operator(public.%%>) $2[%s]']) pattern cross join lateral (select format(pattern, i)) made(way))
  select concat_ws(' and ', '(' || (
      select string_agg(concat_ws(' and ', one.way, other.way), ' or ') from ways one left join ways other on other.i = 2 where one.i = 1) || ')',
    (select string_agg(either, ' and ') from (select '(' || string_agg(way, ' or ') || ')' as either from ways where i > 2 group by i) rest))
$$;

create or replace function public.persons_named(spellings text[], words text[]) returns setof uuid
language plpgsql stable security definer rows 20 set search_path = pg_catalog, pg_temp as $$
declare
  own smallint := auth.level();
  -- Of the loader, the owner and a superuser every team is seen.
  teams integer[] := case when own >= 2 then auth.teams() end;
begin
  if own is null and not auth.sees(0::smallint, 0) or own >= 2 and teams is null then return; end if;
  for level in 0 .. coalesce(own, 3) loop
    return query execute format('select n.person_id from public.person_names n where n.sensitivity = %s and n.retracted_at is null and %s %s', level,
        house.holds_words(cardinality(words)), case when level >= 2 and own is not null then 'and n.team_id = any ($3)' else '' end)
      using spellings, words, teams;
  end loop;
end $$;

create or replace function recorded.persons_named(spellings text[], words text[]) returns setof uuid
language plpgsql stable rows 20 as $$
begin
  return query execute format('select n.person_id from recorded.person_names n where %s', house.holds_words(cardinality(words))) using spellings, words;
end $$;

create or replace function known.persons_named(spellings text[], words text[]) returns setof uuid
language plpgsql stable rows 20 as $$
begin
  return query execute format('select n.person_id from known.person_names n where %s', house.holds_words(cardinality(words))) using spellings, words;
end $$;

grant execute on function public.persons_named, recorded.persons_named, known.persons_named to kualik_reader, kualik_editor;
