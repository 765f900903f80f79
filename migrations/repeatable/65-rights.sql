-- Who sees what. The level of a viewer is the login role of the connection (its last character), the teams are those of the
-- context that was entered (05-asking.sql): SQL can invent neither. Row security does the rest, for every statement and every clock.
--   a row is seen iff its level <= the viewer's, it is of level 0 or 1 or of team 0 or of a team of the viewer, and not retracted
-- The reasons are in docs/decisions/0015-rights.md.

-- Why a transaction changed what it changed: told only to those who see every version that it wrote.
create or replace function history.reason_of(transaction bigint) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select t.reason from history.transactions t
    where t.id = transaction and (t.shown_to <@ auth.codes() or auth.level() is null and auth.sees(3::smallint, 0)));
end $$;

-- ---- What a row is at least

-- Columns that point at what a record of this noun cannot be without, for rights: whoever sees the row sees that those are.
create or replace function house.guard_columns(noun text) returns text[]
language sql stable set search_path = public, pg_temp as $$
  select array(select distinct c from unnest(array_remove(array[a.foreign_owner], null) || case a.noun
      when 'case_members' then '{record_id}'
      when 'claims' then '{source_id}'
      when 'event_participants' then '{person_id,organization_id}'
      when 'event_links' then '{from_id,to_id}'
      when 'charges' then '{person_id}'
      when 'relations' then '{other_person_id,organization_id}'
      when 'source_interests' then '{party_id}'
      else '{}'
    end::text[]) c order by 1)
  from house.adopted a where a.noun = guard_columns.noun
$$;

-- One function per table, as SQL of its own, because it runs for every row that is written. It runs as whoever writes: what a
-- writer does not see is not there for him, and a row that names it is refused as one that names nothing at all.
create or replace function house.make_guard(noun text) returns void
language plpgsql set search_path = public, pg_temp as $make$
declare
  named text[] := array(
    select a.attname::text from pg_constraint f join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
    where f.contype = 'f' and f.conrelid = format('public.%I', noun)::regclass and cardinality(f.conkey) = 1 and a.attname <> 'id' order by 1);
  parents text[] := house.guard_columns(noun);
  -- What a claim takes over from its sources is its `level`, which goes down again with them; see house.settle_claim().
  levels text[] := case when noun = 'claims' then '{record_id}' else parents end;
  more text := case when noun = 'claims' then ' || new.derived_from' else '' end;
  function text := 'guard_' || noun;
  below text;
begin
  execute format($sql$
    create or replace function house.%1$I() returns trigger language plpgsql set search_path = public, pg_temp as $body$
    declare
      named uuid[];
      parents uuid[];
      levels uuid[];
      found integer;
      least_level smallint;
      teams integer[];
    begin
      if tg_op = 'INSERT' then named := array[%2$s]::uuid[]%5$s;
      else
        named := array[%3$s]::uuid[];
        if new.sensitivity = old.sensitivity and new.team_id = old.team_id and array_remove(named, null) = '{}' %6$s then return new; end if;
      end if;
      named := array(select distinct n from unnest(named) n where n is not null);
      levels := array[%7$s]::uuid[];
      parents := array[%4$s]::uuid[]%5$s;
      if named = '{}' and array_remove(parents, null) = '{}' then return new; end if;
      select count(*) filter (where r.id = any (named)), max(r.sensitivity) filter (where r.id = any (levels)),
             array_agg(distinct r.team_id) filter (where r.id = any (parents) and r.sensitivity >= 2 and r.team_id <> 0)
        into found, least_level, teams from records r where r.id = any (named || parents);
      if found <> cardinality(named) then
        raise exception 'A record that is named here does not exist, or you may not see it.'
          using errcode = 'foreign_key_violation', constraint = 'what_is_named_exists', table = tg_table_name;
      end if;
      new.sensitivity := greatest(new.sensitivity, least_level);
      if cardinality(teams) = 1 then new.team_id := teams[1];
      elsif cardinality(teams) > 1 then
        -- Below the first statement a team is being carried down: halfway, two are normal. house.check_team() looks at the end.
        if pg_trigger_depth() = 1 then perform house.refuse_two_teams(); end if;
        if new.team_id <> all (teams) then new.team_id := teams[1]; end if;
      end if;
      return new;
    end $body$ $sql$, function,
    (select string_agg(format('new.%I', c), ', ') from unnest(named) c),
    (select string_agg(format('case when new.%1$I is distinct from old.%1$I then new.%1$I end', c), ', ') from unnest(named) c),
    (select string_agg(format('new.%I', c), ', ') from unnest(parents) c), more,
    case when noun = 'claims' then 'and pg_trigger_depth() = 1' else '' end,
    (select string_agg(format('new.%I', c), ', ') from unnest(levels) c));
  execute format('drop trigger if exists a_at_least on public.%I', noun);
  execute format('drop trigger if exists x_raise_below on public.%I', noun);
  execute format('drop trigger if exists y_check_team on public.%I', noun);
  select string_agg(quote_literal(b.noun) || ', ' || quote_literal(b.name), ', ' order by b.noun, b.name) into below
    from (
      select a.noun, c.name from house.adopted a cross join lateral unnest(house.guard_columns(a.noun)) c(name)
      join pg_attribute t on t.attrelid = format('public.%I', a.noun)::regclass and t.attname = c.name
      join pg_constraint f on f.contype = 'f' and f.conrelid = t.attrelid and f.conkey = array[t.attnum]
        and f.confrelid in ('public.records'::regclass, format('public.%I', make_guard.noun)::regclass)
      where (a.noun, c.name) <> ('claims', 'source_id')
    ) b;
  execute format('create trigger x_raise_below after update on public.%I referencing old table as old_rows new table as new_rows
    for each statement execute function house.raise_below(%s)', noun, concat_ws(', ', case noun when 'claims' then '''claims''' else '''''' end, below));
  if named <> '{}' then
    execute format('create trigger a_at_least before insert or update on public.%I for each row execute function house.%I()', noun, function);
  end if;
  if parents <> '{}' then
    execute format('create constraint trigger y_check_team after insert or update on public.%I deferrable initially deferred for each row
      when (pg_trigger_depth() > 0 and %s >= 2) execute function house.check_team(%s)', noun,
      case when noun = 'claims' then 'new.level' else 'new.sensitivity' end,
      (select string_agg(quote_literal(c), ', ') from unnest(parents) c));
  end if;
end $make$;

create or replace function house.refuse_two_teams() returns void
language plpgsql set search_path = public, pg_temp as $$
begin
  raise exception 'What this record is about belongs to two teams, and a record belongs to one. Move what it is about to the same team first.'
    using errcode = 'check_violation', constraint = 'a_record_belongs_to_one_team';
end $$;

-- After a team was carried down: whoever is below two teams now.
create or replace function house.check_team() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  own integer;
  level smallint;
  parents uuid[];
begin
  execute format('select t.team_id, t.%I, array[%s]::uuid[] from %I t where t.id = $1', case tg_table_name when 'claims' then 'level' else 'sensitivity' end,
      (select string_agg(format('t.%I', c), ', ') from unnest(tg_argv) c), tg_table_name)
    into own, level, parents using new.id;
  if tg_table_name = 'claims' then parents := parents || new.derived_from; end if;
  if exists (select from records r where r.id = any (parents) and r.sensitivity >= 2 and r.team_id not in (0, own)) then
    perform auth.refuse_unseen(level, own);
    perform house.refuse_two_teams();
  end if;
  return null;
end $$;

-- What is below a record is at least as high, and of its team. By ordinary updates, so that versions and the guards of old
-- versions follow; once per statement, since much may be below. A record that is lowered takes nothing down with it: that was
-- decided for each on its own. Arguments: whether it is claims that changed, then table and column of all that can be below.
create or replace function house.raise_below() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  raised uuid[];
begin
  if tg_argv[0] = 'claims' then
    select array_agg(n.id) into raised from new_rows n join old_rows o on o.id = n.id
      where (o.sensitivity, o.level, o.team_id) is distinct from (n.sensitivity, n.level, n.team_id);
  else
    select array_agg(n.id) into raised from new_rows n join old_rows o on o.id = n.id
      where (o.sensitivity, o.team_id) is distinct from (n.sensitivity, n.team_id);
  end if;
  if raised is null then return null; end if;
  update house.lineage l set guard = guard where l.record_id = any (raised);
  update house.lineage l set guard = guard where l.ancestor_id = any (raised);
  for i in 1 .. tg_nargs - 1 by 2 loop
    execute format('update %1$I t set sensitivity = greatest(t.sensitivity, r.sensitivity), team_id = case when r.sensitivity >= 2 and r.team_id <> 0 then r.team_id else t.team_id end
      from records r where r.id = any ($1) and t.%2$I = r.id
        and (t.sensitivity < r.sensitivity or (r.sensitivity >= 2 and r.team_id <> 0 and t.team_id <> r.team_id))', tg_argv[i], tg_argv[i + 1])
      using raised;
  end loop;
  return null;
end $$;

-- A line of lineage tells of two records: it is as high as the higher of them.
create or replace function house.guard_lineage() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  teams integer[];
begin
  select max(r.sensitivity), array_agg(distinct r.team_id) filter (where r.sensitivity >= 2 and r.team_id <> 0) into new.guard, teams
    from records r where r.id in (new.record_id, new.ancestor_id);
  new.guard_team := case when teams is null then 0 when cardinality(teams) = 1 then teams[1] else -1 end;
  return new;
end $$;
create or replace trigger a_guard_lineage before insert or update of guard on house.lineage for each row execute function house.guard_lineage();
update house.lineage set guard = guard where guard is null;

select house.make_guard(noun) from house.adopted order by noun;

-- ---- Row security

-- Closes a table to all but its owner and those named here, who see what `sees` says.
create or replace function house.close_table(closed regclass, roles text[] default '{}', sees text default 'true') returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  policy text;
begin
  for policy in select p.polname from pg_policy p where p.polrelid = closed loop
    execute format('drop policy %I on %s', policy, closed);
  end loop;
  execute format('alter table %s enable row level security', closed);
  execute format('alter table %s force row level security', closed);
  execute format('create policy owner on %s to kualik_owner using (true) with check (true)', closed);
  if roles <> '{}' then
    execute format('create policy known_roles on %s to %s using (%s)', closed, (select string_agg(quote_ident(r), ', ') from unnest(roles) r), sees);
  end if;
end $$;

-- The same for a table whose rows have a level and a team. Levels 0 and 1 are constants; 2 and 3 ask for the teams once per
-- statement, and see nothing without a context. The loader sees every level and team.
create or replace function house.guard_table(guarded regclass, level text, team text, besides text default 'true') returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  n integer;
begin
  perform house.close_table(guarded, '{kualik_loader}', besides);
  for n in 0..3 loop
    execute format('create policy level_%1$s on %2$s to kualik_reader_%1$s, kualik_editor_%1$s using (%3$s and %4$s <= %1$s %5$s)', n, guarded, besides, level,
      case when n >= 2 then format('and case when %s <= 1 then 0 else %s end = any ((select auth.teams())::integer[])', level, team) else '' end);
  end loop;
end $$;

do $$
declare
  noun text;
  closed regclass;
  n integer;
begin
  for noun in select a.noun from house.adopted a order by 1 loop
    -- What a claim may show is decided by the sources it rests on too.
    perform house.guard_table(format('public.%I', noun)::regclass, case noun when 'claims' then 'level' else 'sensitivity' end, 'team_id', 'retracted_at is null');
    perform house.guard_table(format('history.%I', noun)::regclass, 'guard', 'guard_team');
  end loop;
  perform house.guard_table('public.records', 'sensitivity', 'team_id');
  perform house.guard_table('house.lineage', 'guard', 'guard_team');

  perform house.close_table('history.transactions', '{kualik_loader}');
  create policy level_0 on history.transactions to kualik_reader_0, kualik_editor_0 using (shown_to && '{0}');
  create policy level_1 on history.transactions to kualik_reader_1, kualik_editor_1 using (shown_to && '{0,1}');
  for n in 2..3 loop
    execute format('create policy level_%1$s on history.transactions to kualik_reader_%1$s, kualik_editor_%1$s using (shown_to && (select auth.codes())::integer[])', n);
  end loop;

  -- These tell of a record as far as the record itself is seen.
  perform house.close_table('house.tombstones', '{kualik_reader,kualik_editor}', 'exists (select from public.records r where r.id = record_id)');
  perform house.close_table('public.imports', '{kualik_reader,kualik_editor}', 'exists (select from public.records r where r.id = record_id)');

  perform house.close_table('house.idempotency_keys', '{kualik_loader}');
  create policy own_keys on house.idempotency_keys to kualik_editor_0, kualik_editor_1, kualik_editor_2, kualik_editor_3
    using (actor = (select auth.actor())) with check (actor = (select auth.actor()) and exists (select from public.records r where r.id = record_id));

  -- Nobody reads bytes but through functions of the owner.
  perform house.close_table('public.capture_contents', '{kualik_loader}');
  perform house.close_table('house.capture_total');
  perform house.close_table('house.capture_days');
  perform house.close_table('house.adopted', '{kualik_reader,kualik_editor}');
  perform house.close_table('history.eras', '{kualik_reader,kualik_editor}');
  for closed in select c.oid from pg_class c where c.relnamespace = 'auth'::regnamespace and c.relkind in ('r', 'p') loop
    perform house.close_table(closed, '{kualik_gate}');
  end loop;
  foreach closed in array '{audit.entries,audit.positions,audit.checkpoints}'::regclass[] loop
    perform house.close_table(closed, '{kualik_sealer}');
  end loop;
end $$;

-- ---- Grants

grant execute on function history.reason_of to kualik_reader, kualik_editor;
