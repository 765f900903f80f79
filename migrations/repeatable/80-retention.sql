-- What is kept for a while only, and how long: the whole list, here and nowhere else (docs/guides/data-protection.md says it in
-- words). Counts what is over its time, and with `apply` removes it. One at a time: who finds another one at work does nothing.
-- Rows that somebody holds at this moment are left for the next time.
create or replace function auth.retention(apply boolean) returns table (what text, kept text, rows bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  held record;
begin
  if apply and not pg_try_advisory_xact_lock(7120080) then return; end if;
  for held in select * from (values
    ('sessions', 'until they end, or for 30 minutes without a question', 'auth.sessions', 'ends_at < now() or seen_at < now() - interval ''30 minutes'''),
    ('sign-ins and links that nobody finished', 'until they run out: 15 minutes at most', 'auth.flows', 'expires_at < now()'),
    ('counted tries to sign in', '15 minutes', 'auth.throttles', 'until < now()'),
    ('contexts of requests', 'an hour at most', 'auth.contexts', 'expires < now()'),
    ('tokens that ran out or were taken back', '90 days more', 'auth.tokens', 'least(expires_at, revoked_at) < now() - interval ''90 days'''),
    ('idempotency keys', 'a year', 'house.idempotency_keys', 'used_at < now() - interval ''1 year'''),
    ('bytes of captures per account and day', '7 days', 'house.capture_days', 'day < current_date - 7')
  ) list (what, kept, place, over) loop
    what := held.what;
    kept := held.kept;
    if apply then
      execute format('with gone as (delete from %1$s where ctid = any (array(select ctid from %1$s where %2$s for update skip locked)) returning 1) select count(*) from gone', held.place, held.over) into rows;
    else
      execute format('select count(*) from %s where %s', held.place, held.over) into rows;
    end if;
    return next;
  end loop;
end $$;
revoke all on function auth.retention from public, kualik_reader, kualik_editor;
grant execute on function auth.retention to kualik_gate;
