-- What adoption means today: every record enters the spine, is revised with a version, and can be read and written by
-- the application's roles without ever being deleted. One file = the whole present truth; it is replaced at each migrate.

-- A team is one that exists and that the writer is in, also where it guards nothing yet: else nobody could restrict the record
-- later. What triggers carry down from record to record was decided where it began.
create or replace function house.team_is_own(team integer) returns void
language plpgsql set search_path = public, pg_temp as $$
begin
  if team <> 0 and auth.level() is not null and pg_trigger_depth() = 1
    and (not coalesce(team = any (auth.teams()), false) or not exists (select from auth.teams t where t.id = team)) then
    raise exception 'A record belongs to all teams, or to one that you are in.'
      using errcode = 'insufficient_privilege', constraint = 'a_team_of_ones_own';
  end if;
end $$;

create or replace function house.enter_record() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform house.team_is_own(new.team_id);
  new.version := 1;
  new.created_at := (history.transaction()).recorded_at;
  new.updated_at := new.created_at;
  new.created_by := auth.author();
  new.updated_by := new.created_by;
  insert into records (id, noun, sensitivity, team_id) values (new.id, tg_table_name, new.sensitivity, new.team_id);
  return new;
end $$;

-- A version is what others could see: the changes of one transaction make one. One instant per transaction, that of its
-- first change; an older one may write after a younger, hence the greatest(), which also orders the changes of one.
create or replace function house.revise_record() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  own bigint := pg_current_xact_id()::text::bigint;
  -- How many transaction ids the writer of the row as it was comes after this transaction; its savepoints have ids of their own.
  ahead bigint := (old.xmin::text::bigint - own) & 4294967295;
  -- What is still in progress and can be seen is our own. Ids 0 to 2 are nobody's: a row frozen long ago.
  is_own boolean := case when old.xmin::text::bigint > 2 and ahead < 2147483648
    then pg_xact_status((own + ahead)::text::xid8) = 'in progress' else false end;
begin
  if new.id <> old.id then raise exception 'A record keeps its id.' using errcode = 'integrity_constraint_violation'; end if;
  new.version := old.version + case when is_own then 0 else 1 end;
  new.created_at := old.created_at;
  new.created_by := old.created_by;
  new.updated_at := greatest((history.transaction()).recorded_at, old.updated_at + interval '1 microsecond');
  new.updated_by := auth.author();
  if new.team_id <> old.team_id then perform house.team_is_own(new.team_id); end if;
  if (new.sensitivity < old.sensitivity or old.sensitivity >= 2 and old.team_id <> 0 and new.team_id = 0)
    and auth.level() is not null and not auth.has_role('reviewer') then
    raise exception 'Only a reviewer makes a record less sensitive, or opens it to all teams. Ask one to do it.'
      using errcode = 'insufficient_privilege', constraint = 'a_reviewer_lowers';
  end if;
  if (new.sensitivity, new.team_id) is distinct from (old.sensitivity, old.team_id) then
    update records set sensitivity = new.sensitivity, team_id = new.team_id where id = new.id;
  end if;
  return new;
end $$;

-- Draws the number that people call a record by (migrations/0019-references.ts). Whoever could draw without making a record
-- would learn by exhaustion which numbers hidden records have.
create or replace function house.give_reference() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  new.reference := coalesce(new.reference, house.draw_reference(tg_table_name));
  return new;
end $$;
create or replace trigger a_give_reference before insert on persons for each row execute function house.give_reference();
create or replace trigger a_give_reference before insert on cases for each row execute function house.give_reference();

-- Which noun a record is; null when there is no such record.
create or replace function house.noun_of(record uuid) returns text
language sql stable set search_path = public, pg_temp as $$ select noun from records where id = record $$;

-- When a record took place: the bounds of the column that its noun named at adoption.
create or replace function house.happened(record uuid, out earliest date, out latest date)
language plpgsql stable set search_path = public, pg_temp as $$
declare adopted house.adopted;
begin
  select a.* into adopted from house.adopted a where a.noun = house.noun_of(record);
  if adopted.happens is null then return; end if;
  execute format('select %I, %I from %I where id = $1', adopted.happens || '_earliest', adopted.happens || '_latest', adopted.noun)
    using record into earliest, latest;
end $$;

-- Gives each adopted table its triggers and grants. The editor writes no id (a chosen id would be an oracle) and deletes nothing.
create or replace function house.furnish() returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  noun text;
  writable text;
begin
  for noun in select a.noun from house.adopted a order by 1 loop
    execute format('create or replace trigger a_enter_record before insert on %I for each row execute function house.enter_record()', noun);
    execute format('create or replace trigger a_revise_record before update on %I for each row execute function house.revise_record()', noun);
    select string_agg(quote_ident(attname), ', ') into writable from pg_attribute
      where attrelid = noun::regclass and attnum > 0 and not attisdropped and attidentity = '' and (attname, atttypid) <> ('reference', 'bigint'::regtype)
        and attname not in ('id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by', 'retracted_at');
    execute format('revoke all on %I from kualik_reader, kualik_editor', noun);
    execute format('grant select on %I to kualik_reader, kualik_editor', noun);
    execute format('grant insert (%1$s), update (%1$s) on %2$I to kualik_editor', writable, noun);
  end loop;
end $$;
