-- Claims decide. A claim settles its own roots, publication bounds, weight and level when it is written,
-- and `house.accept` writes what the claims of a record say, by the one order that every reader uses: preference.

-- Whether a conclusion from these claims has lost its ground: one of them, or one further down, was withdrawn or retracted.
-- It counts again when that claim does.
create or replace function house.rests_on_withdrawn(bases uuid[]) returns boolean
language sql stable set search_path = public, pg_temp as $$
  select cardinality(bases) > 0 and exists (
    with recursive beneath(rank, gone, derived_from) as (
      select c.rank, c.retracted_at is not null, c.derived_from from claims c where c.id = any (bases)
      union
      select c.rank, c.retracted_at is not null, c.derived_from from claims c join beneath on c.id = any (beneath.derived_from))
    select from beneath where rank = 'DEPRECATED' or gone)
$$;

-- Stated before computed before inferred, then credibility, then the order of recording; a rank overrules all of it.
-- A denial bears no value, and alone brings nothing into existence; a neutral mention bears existence only.
create or replace function house.settle_claim() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  known house.adopted;
  base record;
  inherited smallint := 0;
begin
  select a.* into known from house.adopted a where a.noun = house.noun_of(new.record_id);
  if known.noun is null or known.noun = 'claims' then
    raise exception 'A claim is about a record that exists, and not about another claim.' using errcode = 'foreign_key_violation';
  end if;
  if new.field <> '' and not new.field = any (known.claimed) then
    raise exception 'The field "%" of % is not one that claims decide.', new.field, known.noun using errcode = 'check_violation';
  end if;
  if new.source_id is not null then
    new.roots := array[new.source_id];
    if new.published is null then
      select s.published_earliest, s.published_latest into base from sources s where s.id = new.source_id;
      -- An undated source counts as published only when nothing could be earlier: never certainly, always possibly.
      new.published_earliest := coalesce(base.published_earliest, '-infinity');
      new.published_latest := coalesce(base.published_latest, 'infinity');
    end if;
  else
    select count(*) as found, max(c.published_earliest) as earliest, max(c.published_latest) as latest, max(c.level) as level into base
      from claims c where c.id = any (new.derived_from);
    if base.found <> cardinality(new.derived_from) then
      raise exception 'A claim is derived from claims that exist.' using errcode = 'foreign_key_violation';
    end if;
    select array_agg(distinct root order by root) into new.roots
      from claims c cross join unnest(c.roots) root where c.id = any (new.derived_from);
    new.published_earliest := base.earliest;
    new.published_latest := base.latest;
    inherited := base.level;
  end if;
  new.level := greatest(new.sensitivity, inherited, (select max(s.sensitivity) from sources s where s.id = any (new.roots)));
  new.bears := new.rank <> 'DEPRECATED' and new.retracted_at is null and not house.rests_on_withdrawn(new.derived_from)
    and (new.stance in ('ASSERTS', 'REPORTS_ALLEGATION') or (new.stance = 'NEUTRAL_MENTION' and new.field = ''));
  new.preference :=
    ((case new.rank when 'PREFERRED' then 0 when 'NORMAL' then 1 else 2 end * 10
      + case new.basis when 'STATED' then 0 when 'COMPUTED' then 1 else 2 end) * 10
      + new.credibility) * (1::bigint << 40) + new.sequence;
  -- Whoever may not see the claim does not find it in the spine either.
  if new.level > new.sensitivity or tg_op = 'UPDATE' then
    update records r set sensitivity = new.level, team_id = new.team_id
      where r.id = new.id and (r.sensitivity, r.team_id) is distinct from (new.level, new.team_id);
  end if;
  return new;
end $$;
create or replace trigger b_settle_claim before insert or update on claims for each row execute function house.settle_claim();

-- Claims are append-only: what was said stays said. Only how it is judged may change.
create or replace function house.keep_claim() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if (new.record_id, new.field, new.value, new.wording, new.source_id, new.locator, new.stance, new.basis, new.derived_from, new.sequence)
    is distinct from
     (old.record_id, old.field, old.value, old.wording, old.source_id, old.locator, old.stance, old.basis, old.derived_from, old.sequence) then
    raise exception 'What a claim says cannot be changed; withdraw it and add another.' using errcode = 'integrity_constraint_violation';
  end if;
  -- Who said it and when it was published: a dataset that is loaded again corrects its own reading of them, nobody else does.
  if auth.level() is not null
    and (new.informant, new.informant_id, new.published, new.published_earliest, new.published_latest)
      is distinct from (old.informant, old.informant_id, old.published, old.published_earliest, old.published_latest) then
    raise exception 'Who said it and when it was published cannot be changed; withdraw the claim and add another.'
      using errcode = 'integrity_constraint_violation', constraint = 'claim_keeps_who_said_it';
  end if;
  return new;
end $$;
create or replace trigger a_keep_claim before update on claims for each row execute function house.keep_claim();

-- The claim that decides each field of a record: the first that bears, at or below the record's own level, and of its team:
-- what a record shows, everybody sees who sees the record.
create or replace function house.deciding_claims(record uuid, level smallint)
returns table (field text, value jsonb, earliest date, latest date, claim_id uuid)
language sql stable set search_path = public, pg_temp as $$
  select distinct on (c.field) c.field, c.value, c.earliest, c.latest, c.id
  from claims c
  where c.record_id = record and c.field <> '' and c.bears and c.level <= deciding_claims.level
    and (c.level <= 1 or c.team_id = 0 or c.team_id = (select r.team_id from records r where r.id = record))
  order by c.field, c.preference
$$;

-- The instant of all that this transaction records; now() would be that of its beginning.
create or replace function house.instant() returns timestamptz
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return (history.transaction()).recorded_at;
end $$;

-- The same update for a record that the viewer may not see: his change must not fail by what that record says, since the refusal
-- would tell of it. Where the values do not go together, those that were to change become unknown, and where that is refused
-- too the row stays as it was. What is refused at the commit cannot be caught here, so links are looked at now.
create or replace function house.accept_unseen(record uuid, noun text, change text, decided jsonb) returns boolean
language plpgsql set search_path = public, pg_temp as $$
declare
  changed integer;
  blank jsonb;
begin
  begin
    execute change using decided, record;
    get diagnostics changed = row_count;
    if changed > 0 then perform house.check_links_of(record); end if;
    return changed > 0;
  exception when integrity_constraint_violation or data_exception then null;
  end;
  execute format(
    'select $2 || coalesce(jsonb_object_agg(a.attname, null), ''{}'')
     from (select to_jsonb(t) as now, to_jsonb(jsonb_populate_record(null::%1$I, $2)) as next from %1$I t where t.id = $1) r
     cross join jsonb_object_keys($2) field
     join pg_attribute a on a.attrelid = %1$L::regclass and a.attname in (field, field || ''_earliest'', field || ''_latest'')
     where exists (select from unnest(array[field, field || ''_earliest'', field || ''_latest'']) part where r.now -> part is distinct from r.next -> part and $2 ? part)', noun)
    into blank using record, decided;
  execute change using blank, record;
  get diagnostics changed = row_count;
  if changed > 0 then perform house.check_links_of(record); end if;
  return changed > 0;
exception when integrity_constraint_violation or data_exception then
  return false;
end $$;

-- Writes the accepted values of a record from its claims. Returns whether anything changed.
-- A field that no claim decides keeps the value an editor gave it; but a value that claims gave which no longer bear, or are
-- all above the level of the record, becomes unknown: else a withdrawn or sealed value would stay on show. A claim that is
-- being retracted in this transaction (its instant says so) still speaks, so that its value goes with it.
create or replace function house.accept(record uuid) returns boolean
language plpgsql set search_path = public, pg_temp as $$
declare
  noun text := house.noun_of(record);
  known smallint;
  decided jsonb;
  undecided text;
  given boolean;
  columns text;
  change text;
  team integer;
  changed integer;
begin
  if noun is null then return false; end if;
  select r.sensitivity, r.team_id into known, team from records r where r.id = record;
  select jsonb_object_agg(pair.key, pair.value) into decided
    from house.deciding_claims(record, known) d
    cross join lateral (
      select d.field, d.value
      union all
      select d.field || bound.suffix, to_jsonb(bound.day)
        from (values ('_earliest', d.earliest), ('_latest', d.latest)) bound(suffix, day)
        where exists (select 1 from pg_attribute where attrelid = noun::regclass and attname = d.field || bound.suffix)
    ) pair(key, value);
  decided := coalesce(decided, '{}');
  for undecided in
    select distinct c.field from claims c
    where c.record_id = record and c.field <> '' and (c.retracted_at is null or c.retracted_at = (select house.instant()))
      and not decided ? c.field
  loop
    execute format(
      'select exists (select from claims c, %1$I t where t.id = $1 and c.record_id = $1 and c.field = %2$L and c.value is not null
         and (jsonb_populate_record(null::%1$I, jsonb_build_object(%2$L, c.value))).%2$I = t.%2$I
         and exists (select from history.claims h, history.%1$I r where h.id = c.id and r.id = $1
           and h.level <= r.sensitivity and (h.level <= 1 or h.team_id in (0, r.team_id))))', noun, undecided)
      into given using record;
    if given then
      select decided || jsonb_object_agg(attname, null) into decided from pg_attribute
        where attrelid = noun::regclass and attname in (undecided, undecided || '_earliest', undecided || '_latest');
    end if;
  end loop;
  select string_agg(quote_ident(key), ', ') into columns from jsonb_object_keys(decided) key;
  if columns is null then return false; end if;
  change := format(
    'update %1$I set (%2$s) = (select %2$s from jsonb_populate_record(null::%1$I, $1))
     where id = $2 and row(%2$s) is distinct from (select row(%2$s) from jsonb_populate_record(null::%1$I, $1))',
    noun, columns);
  if not auth.sees(known, team) then return house.accept_unseen(record, noun, change, decided); end if;
  execute change using decided, record;
  get diagnostics changed = row_count;
  return changed > 0;
end $$;

-- What a claim copied from its source or from its bases follows them: a corrected day of publication, a withdrawal, and
-- above all a raised level. An update that changes nothing but lets the claim settle again is enough; the records then accept again.
create or replace function house.resettle_claims() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare touched uuid[];
begin
  if tg_table_name = 'sources' then
    with settled as (update claims set rank = rank where source_id = new.id returning record_id)
    select array_agg(distinct record_id) into touched from settled;
  else
    -- All that is derived from it, however far: a conclusion in between may bear nothing itself and so look unchanged.
    with recursive above(id) as (
      select c.id from claims c where c.derived_from @> array[new.id]
      union
      select c.id from claims c join above on c.derived_from @> array[above.id]
    ), settled as (update claims set rank = rank where id in (select id from above) returning record_id)
    select array_agg(distinct record_id) into touched from settled;
  end if;
  perform house.accept(record) from unnest(touched) record;
  return null;
end $$;
create or replace trigger e_resettle_claims after update on sources for each row
  when ((old.sensitivity, old.team_id, old.published_earliest, old.published_latest) is distinct from (new.sensitivity, new.team_id, new.published_earliest, new.published_latest))
  execute function house.resettle_claims();
create or replace trigger e_resettle_claims after update on claims for each row
  when ((old.level, old.team_id, old.published_earliest, old.published_latest, old.rank = 'DEPRECATED', old.retracted_at)
    is distinct from (new.level, new.team_id, new.published_earliest, new.published_latest, new.rank = 'DEPRECATED', new.retracted_at))
  execute function house.resettle_claims();
