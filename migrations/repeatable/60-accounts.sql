-- Accounts: what counts as a live credential, how a context is opened, and what ends with what. Whatever a person loses
-- (the account, the session, the token, a team) takes effect in the transaction that takes it away.

-- One row per credential that may be used at this moment. Sessions: 30 minutes idle, and an end that nothing moves.
-- A token has what it was given and its account still has, whichever is less.
drop view if exists auth.live_credentials;
create view auth.live_credentials with (security_invoker = true) as
  select s.hash, 'session' as kind, s.id as credential_id, a.id as account_id, a.login, a.level, a.roles,
         array(select m.team_id from auth.memberships m where m.account_id = a.id order by 1) as teams,
         s.methods, s.stepped_up_at, s.ends_at, s.seen_at < now() - interval '1 minute' as stale
  from auth.sessions s join auth.accounts a on a.id = s.account_id and a.active
  where s.ends_at > now() and s.seen_at > now() - interval '30 minutes'
  union all
  select t.hash, 'token', t.id, a.id, a.login, least(a.level, t.level),
         array(select role from unnest(t.roles) role where role = any (a.roles)),
         array(select m.team_id from auth.memberships m where m.account_id = a.id order by 1),
         '{token}', null, t.expires_at, t.used_on is distinct from (now() at time zone 'UTC')::date
  from auth.tokens t join auth.accounts a on a.id = t.account_id and a.active
  where t.expires_at > now() and t.revoked_at is null;

-- Opens a context for a live credential; false when it is none. An export has one that lasts as long as it may. Locks the account before the credential, in the order in
-- which the triggers below do, so that a context is either seen and ended by whoever takes a right away, or opened after it.
drop function if exists auth.open_context(bytea, bytea);
create or replace function auth.open_context(of_credential bytea, context bytea, lasting interval default '1 hour') returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from auth.accounts where id = (
    select account_id from auth.sessions where hash = of_credential
    union all select account_id from auth.tokens where hash = of_credential) for share;
  perform from auth.sessions where hash = of_credential for share;
  perform from auth.tokens where hash = of_credential for share;
  delete from auth.contexts where hash in (select hash from auth.contexts where expires <= now() for update skip locked);
  insert into auth.contexts (hash, account_id, credential, level, teams, actor, expires)
    select context, account_id, hash, level, teams, login, least(ends_at, now() + lasting)
    from auth.live_credentials where hash = of_credential;
  return found;
end $$;

create or replace function auth.account_changed() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from auth.contexts where account_id = new.id;
  if not new.active or new.password is distinct from old.password then
    delete from auth.sessions where account_id = new.id;
    delete from auth.flows where account_id = new.id;
  end if;
  return null;
end $$;
create or replace trigger an_account_that_changes_loses_its_contexts
  after update of login, active, level, roles, password on auth.accounts for each row
  when ((new.login, new.active, new.level, new.roles, new.password) is distinct from (old.login, old.active, old.level, old.roles, old.password))
  execute function auth.account_changed();

create or replace function auth.membership_changed() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  touched integer[] := array[coalesce(new.account_id, old.account_id), coalesce(old.account_id, new.account_id)];
begin
  perform from auth.accounts where id = any (touched) order by id for no key update;
  delete from auth.contexts where account_id = any (touched);
  return null;
end $$;
create or replace trigger whose_teams_change_loses_their_contexts
  after insert or update or delete on auth.memberships for each row execute function auth.membership_changed();

create or replace function auth.credential_changed() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from auth.contexts where credential = old.hash;
  return null;
end $$;
create or replace trigger a_session_that_ends_takes_its_contexts_along
  after delete or update of ends_at, account_id, hash on auth.sessions for each row execute function auth.credential_changed();
create or replace trigger a_token_that_changes_takes_its_contexts_along
  after delete or update of roles, level, revoked_at, expires_at, account_id, hash on auth.tokens
  for each row execute function auth.credential_changed();

-- Only the gate: the roles that answer questions have no way into this schema but the functions of 65-rights.sql.
grant usage on schema auth to kualik_gate;
grant select, insert, update, delete on all tables in schema auth to kualik_gate;
grant execute on function auth.open_context, auth.account_changed, auth.membership_changed, auth.credential_changed to kualik_gate;
