-- Who is asking. The level is that of the role that logged in, the account and its teams are those of the context that was
-- entered. Before all else, because records name their authors and functions of the owner ask what a viewer may see.

-- The level of the role that logged in; null where it is not one of the eight. session_user stays under SECURITY DEFINER.
create or replace function auth.level() returns smallint language sql stable set search_path = pg_catalog, pg_temp
  as $$ select case when session_user ~ '^kualik_(reader|editor)_[0-3]$' then right(session_user, 1)::smallint end $$;

-- Begins a request: from here to the end of the transaction the role acts for the account behind this secret.
create or replace function auth.enter(context text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from auth.contexts c
    where c.hash = sha256(convert_to(context, 'UTF8')) and c.level = auth.level() and c.expires > clock_timestamp();
  if not found then
    raise exception 'This context is not known, or is over, or is of another level.' using errcode = 'invalid_authorization_specification';
  end if;
  perform set_config('kualik.context', context, true);
end $$;

-- Asked again from the setting each time, which anyone may write: only a secret of this level that still lives says anything.
-- Who never entered sees nothing; who entered and whose context is over is told so, since in the middle of a long reading
-- "nothing" would look like its end.
create or replace function auth.teams() returns integer[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  context text := nullif(current_setting('kualik.context', true), '');
  own integer[];
begin
  if context is null then return null; end if;
  select c.teams || 0 into own from auth.contexts c
    where c.hash = sha256(convert_to(context, 'UTF8')) and c.level = auth.level() and c.expires > clock_timestamp();
  if own is null then
    raise exception 'This context is not known, or is over, or is of another level.' using errcode = 'invalid_authorization_specification';
  end if;
  return own;
end $$;

create or replace function auth.actor() returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select c.actor from auth.contexts c
    where c.hash = sha256(convert_to(current_setting('kualik.context', true), 'UTF8')) and c.level = auth.level() and c.expires > clock_timestamp());
end $$;

create or replace function auth.has_role(role text) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from auth.contexts c join auth.live_credentials l on l.hash = c.credential and l.account_id = c.account_id
    where c.hash = sha256(convert_to(current_setting('kualik.context', true), 'UTF8')) and c.level = auth.level() and c.expires > clock_timestamp()
      and has_role.role = any (l.roles));
end $$;

-- Who is named as the author of a change. An editor is a person, so one without a context may not write; the loader says who
-- asked it to.
create or replace function auth.author() returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  known text;
begin
  if auth.level() is not null then
    known := auth.actor();
    if known is null then
      raise exception 'Nobody has entered: who writes must have an account.' using errcode = 'invalid_authorization_specification';
    end if;
    return known;
  end if;
  return coalesce(nullif(current_setting('kualik.actor', true), ''), session_user);
end $$;

-- For functions that run as the owner: what the policies would say to whoever asked. Of the roles without a level the gate
-- and the sealer see nothing; the loader, the owner and a superuser see all.
create or replace function auth.sees(level smallint, team integer) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  own smallint := auth.level();
begin
  if own is null then return session_user not in ('kualik_gate', 'kualik_sealer'); end if;
  if level > own then return false; end if;
  if own <= 1 then return true; end if;
  return coalesce(case when level <= 1 then 0 else team end = any (auth.teams()), false);
end $$;

-- A rule that a hidden record breaks is not told: neither which rule, nor that the record is there, nor what it says. For
-- whoever sees the record it goes on, to the sentence of the rule.
create or replace function auth.refuse_unseen(level smallint, team integer) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not auth.sees(level, team) then
    raise exception 'Something that you may not see stands in the way; ask somebody with a higher level.'
      using errcode = 'integrity_constraint_violation', constraint = 'hidden_record_stands_in_the_way';
  end if;
end $$;

-- The viewer as history.transactions.shown_to counts; null on levels 2 and 3 without a context.
create or replace function auth.codes() returns integer[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  own smallint := auth.level();
begin
  if own <= 1 then return array(select generate_series(0, own)); end if;
  return (select array_agg(t.team * 4 + l.level) || 0 || 1 from (select auth.teams()) own_teams(list) cross join unnest(own_teams.list) t(team)
    cross join generate_series(2, own) l(level) having count(*) > 0);
end $$;

grant usage on schema auth to kualik_reader, kualik_editor;
-- Each file grants again what it means to.
revoke all on all functions in schema auth, house from kualik_reader, kualik_editor;
grant execute on function auth.enter, auth.teams, auth.actor, auth.has_role, auth.level, auth.sees, auth.refuse_unseen, auth.codes to kualik_reader, kualik_editor;
