-- Every version of every record, the open one included, kept by one trigger per table in the transaction that changes it.
-- The trigger's SQL is written per table: a generic one with dynamic SQL costs a third of the writes.
-- `history.<table>` has the columns of the table, then when the version was recorded, until when, and by which transaction.

-- The row of the current transaction in history.transactions; made by its first change.
create or replace function history.transaction() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare found bigint;
begin
  select t.id into found from history.transactions t where t.xid = pg_current_xact_id();
  if found is null then
    insert into history.transactions (actor, reason, request) values (
      coalesce(nullif(current_setting('kualik.actor', true), ''), session_user),
      nullif(current_setting('kualik.reason', true), ''),
      nullif(current_setting('kualik.request', true), '')) returning id into found;
  end if;
  return found;
end $$;

-- Makes or completes the history of one table: columns that a migration added since are added here too.
create or replace function history.furnish(noun text) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  wanted record;
  columns text;
  fresh boolean := to_regclass(format('history.%I', noun)) is null;
begin
  if fresh then
    execute format('create table history.%1$I (like public.%1$I)', noun);
    execute format(
      'alter table history.%1$I
         add column recorded_from timestamptz not null, add column recorded_to timestamptz not null,
         add column transaction_id bigint not null references history.transactions (id),
         add constraint %2$I check (recorded_from < recorded_to)', noun, noun || '_version_has_a_period');
    execute format('create unique index %2$I on history.%1$I (id, recorded_from)', noun, noun || '_versions');
    execute format('create unique index %2$I on history.%1$I (id) where recorded_to = ''infinity''', noun, noun || '_open_version');
    execute format('create index %2$I on history.%1$I (transaction_id)', noun, noun || '_by_transaction');
  else
    for wanted in
      select a.attname, format_type(a.atttypid, a.atttypmod) as type from pg_attribute a
      where a.attrelid = format('public.%I', noun)::regclass and a.attnum > 0 and not a.attisdropped
        and not exists (select from pg_attribute h where h.attrelid = format('history.%I', noun)::regclass and h.attname = a.attname)
    loop
      execute format('alter table history.%I add column %I %s', noun, wanted.attname, wanted.type);
    end loop;
  end if;
  -- What a list walks along now, it must be able to walk along then.
  for wanted in
    select pg_get_indexdef(i.indexrelid) as definition, c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = format('public.%I', noun)::regclass and not i.indisunique
      and to_regclass(format('history.%I', c.relname)) is null
      and not exists (select from pg_constraint x where x.conindid = i.indexrelid)
  loop
    execute regexp_replace(wanted.definition, format(' ON public\.%s ', noun), format(' ON history.%I ', noun));
  end loop;

  select string_agg(quote_ident(attname), ', ' order by attnum) into columns from pg_attribute
    where attrelid = format('public.%I', noun)::regclass and attnum > 0 and not attisdropped;
  -- A second change in one transaction replaces the version that the first one made: nobody else ever saw it.
  execute format($make$
    create or replace function history.%2$I() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
    declare
      since timestamptz := new.updated_at;
      own bigint := history.transaction();
    begin
      if tg_op = 'UPDATE' then
        delete from history.%1$I h where h.id = new.id and h.recorded_to = 'infinity' and h.transaction_id = own returning h.recorded_from into since;
        if not found then
          since := new.updated_at;
          update history.%1$I h set recorded_to = since where h.id = new.id and h.recorded_to = 'infinity';
        end if;
      end if;
      insert into history.%1$I (%3$s, recorded_from, recorded_to, transaction_id) select (new).*, since, 'infinity', own;
      return null;
    end $body$ $make$, noun, 'keep_' || noun, columns);
  execute format('create or replace trigger z_keep_history after insert or update on public.%I for each row execute function history.%I()', noun, 'keep_' || noun);
  execute format('grant select on history.%I to kualik_reader, kualik_editor', noun);
  if fresh then
    execute format('insert into history.%1$I (%2$s, recorded_from, recorded_to, transaction_id) select t.*, t.updated_at, ''infinity'', history.transaction() from public.%1$I t', noun, columns);
  end if;
end $$;

select history.furnish(noun) from house.adopted order by noun;

-- Nobody but the triggers writes history, and nothing ever deletes from it.
grant usage on schema history to kualik_reader, kualik_editor;
grant select on history.transactions to kualik_reader, kualik_editor;
