-- Last of all: triggers and grants for every adopted table, and what the application's roles may use besides.
select house.furnish();

grant usage on schema public, house to kualik_reader, kualik_editor;
grant select on records, imports, house.adopted to kualik_reader, kualik_editor;
grant insert, update on imports to kualik_editor;
grant execute on all functions in schema house to kualik_editor;
revoke execute on function house.adopt, house.furnish from kualik_editor;
