-- Last of all: triggers and grants for every adopted table, and what the application's roles may use besides.
select house.furnish();

grant usage on schema public, house to kualik_reader, kualik_editor;
grant select on records, imports, house.adopted to kualik_reader, kualik_editor;
-- The keys of a dataset would tell an editor which of them are taken by what he does not see.
revoke insert, update on imports from kualik_editor;
grant insert, update on imports to kualik_loader;
-- A function that runs as whoever calls it tells nothing new, but those that build the house are not for callers. What a
-- function of the owner tells, it tells to everybody who may call it, so those are granted by name (test/rights-catalog.test.ts).
do $$
declare
  harmless text;
begin
  for harmless in
    select p.oid::regprocedure::text from pg_proc p
    where p.pronamespace = 'house'::regnamespace and not p.prosecdef and p.prorettype <> 'trigger'::regtype
      and p.proname not in ('adopt', 'furnish', 'make_guard', 'guard_table', 'close_table', 'mark', 'belonging', 'accept_unseen', 'team_is_own')
  loop
    execute format('grant execute on function %s to kualik_reader, kualik_editor', harmless);
  end loop;
end $$;
grant execute on function house.link_is_asserted, house.count_again to kualik_reader, kualik_editor;
grant execute on function house.instant, house.retract, house.restore, house.keep_bytes, house.count_capture to kualik_editor;
