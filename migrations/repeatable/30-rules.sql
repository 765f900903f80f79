-- Rules that one row cannot check alone: chains of certificates, and links that time forbids.

create or replace function house.check_certificate_chain() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  ancestor status_documents;
  step uuid := new.predecessor_id;
begin
  if step is null then return new; end if;
  select * into ancestor from status_documents where id = step;
  if ancestor.id is null then
    raise exception 'The predecessor was not found.' using errcode = 'foreign_key_violation', constraint = 'certificate_predecessor_exists';
  end if;
  if ancestor.person_id <> new.person_id then
    raise exception 'A certificate succeeds a certificate of the same holder.'
      using errcode = 'check_violation', constraint = 'certificate_succeeds_one_of_the_same_holder';
  end if;
  while step is not null loop
    if step = new.id then
      raise exception 'A chain of certificates cannot come back to where it began.'
        using errcode = 'check_violation', constraint = 'certificate_chain_has_no_cycle';
    end if;
    select predecessor_id into step from status_documents where id = step;
  end loop;
  return new;
end $$;
create or replace trigger c_check_chain before insert or update of predecessor_id, person_id on status_documents
  for each row execute function house.check_certificate_chain();

-- Which side of a link must come first: the cause. RETALIATION_FOR runs from the answer to what it answers,
-- CAUSES and PRECEDES from the earlier to the later; PART_OF, PARALLEL and SAME_AS order nothing.
create or replace function house.link_order(kind link_kind) returns text
language sql immutable set search_path = public, pg_temp as $$
  select case
    when kind in ('CAUSES', 'PRECEDES') then 'FROM_FIRST'
    when kind in ('RETALIATION_FOR', 'RESPONSE_TO', 'CONTINUES', 'INTENSIFIES', 'REVERSES', 'IMPLEMENTS') then 'TO_FIRST'
  end
$$;

-- IMPOSSIBLE when the effect certainly precedes its cause, CONSISTENT when it certainly follows, else UNDETERMINED.
create or replace function house.temporal_check(link_from uuid, link_to uuid, kind link_kind) returns text
language plpgsql stable set search_path = public, pg_temp as $$
declare
  cause record;
  effect record;
begin
  if house.link_order(kind) is null then return 'UNDETERMINED'; end if;
  if house.link_order(kind) = 'FROM_FIRST' then
    select * into cause from house.happened(link_from);
    select * into effect from house.happened(link_to);
  else
    select * into cause from house.happened(link_to);
    select * into effect from house.happened(link_from);
  end if;
  return case when effect.latest < cause.earliest then 'IMPOSSIBLE' when effect.earliest > cause.latest then 'CONSISTENT' else 'UNDETERMINED' end;
end $$;

create or replace function house.refuse_impossible(link_from uuid, link_to uuid, kind link_kind, assessment assessment) returns void
language plpgsql stable set search_path = public, pg_temp as $$
begin
  if assessment in ('SUPPORTED', 'CONFIRMED') and house.temporal_check(link_from, link_to, kind) = 'IMPOSSIBLE' then
    raise exception 'The dates make this link impossible: the effect certainly came before its cause. It cannot be supported or confirmed.'
      using errcode = 'check_violation', constraint = 'impossible_link_is_not_supported';
  end if;
end $$;

-- The same for a link that is there already, and that a viewer whose change reaches it may not see.
create or replace function house.refuse_impossible(link event_links) returns void
language plpgsql stable set search_path = public, pg_temp as $$
begin
  if auth.sees(link.sensitivity, link.team_id) then
    perform house.refuse_impossible(link.from_id, link.to_id, link.kind, link.assessment);
  elsif link.assessment in ('SUPPORTED', 'CONFIRMED') and house.temporal_check(link.from_id, link.to_id, link.kind) = 'IMPOSSIBLE' then
    perform auth.refuse_unseen(link.sensitivity, link.team_id);
  end if;
end $$;

create or replace function house.check_link() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then perform house.refuse_impossible(new.from_id, new.to_id, new.kind, new.assessment);
  else perform house.refuse_impossible(new);
  end if;
  return new;
end $$;
create or replace trigger c_check_link before insert or update on event_links for each row execute function house.check_link();

-- The same promise from the other side: a date cannot move so that a supported link becomes impossible.
-- Deferred, because both ends of a link may be dated within one transaction.
create or replace function house.check_links_of(record uuid) returns void
language plpgsql stable set search_path = public, pg_temp as $$
declare link event_links;
begin
  for link in select * from event_links where from_id = record or to_id = record loop
    perform house.refuse_impossible(link);
  end loop;
end $$;
create or replace function house.check_links_of_record() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  perform house.check_links_of(new.id);
  return null;
end $$;
do $$
declare dated house.adopted;
begin
  for dated in select * from house.adopted where happens is not null loop
    execute format('drop trigger if exists d_check_links on %I', dated.noun);
    execute format(
      'create constraint trigger d_check_links after update of %I, %I on %I deferrable initially deferred for each row execute function house.check_links_of_record()',
      dated.happens || '_earliest', dated.happens || '_latest', dated.noun);
  end loop;
end $$;

-- Whether a claim that counts asserts this link; a report that others allege it, or a mention, does not support it.
create or replace function house.claims_assert(link uuid) returns boolean
language sql stable set search_path = public, pg_temp as $$
  select exists (select from claims c where c.record_id = link and c.field = '' and c.bears and c.stance = 'ASSERTS')
$$;
-- The same for a caller: with the claims that he does not see, of a link that he does.
create or replace function house.link_is_asserted(link uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select house.claims_assert(link) and exists (select from records r where r.id = link and auth.sees(r.sensitivity, r.team_id))
$$;

-- Nobody confirms what nobody asserts, by whatever door. Deferred, because a link comes before the claims on it.
create or replace function house.check_confirmed_link() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare link event_links;
begin
  select * into link from event_links l where l.id = new.id and l.assessment = 'CONFIRMED' and l.retracted_at is null;
  if link.id is not null and not house.claims_assert(new.id) then
    perform auth.refuse_unseen(link.sensitivity, link.team_id);
    raise exception 'A link is confirmed only where a claim that counts asserts it; a report that others allege it is not enough.'
      using errcode = 'check_violation', constraint = 'confirmed_link_is_asserted';
  end if;
  return null;
end $$;
drop trigger if exists d_check_confirmed on event_links;
create constraint trigger d_check_confirmed after insert or update on event_links deferrable initially deferred for each row
  when (new.assessment = 'CONFIRMED') execute function house.check_confirmed_link();

-- A link does not stay supported or confirmed when the last claim that asserts it is withdrawn: it is an allegation again.
-- One that is retracted with its claims stays as it was, to come back so.
create or replace function house.reassess_link() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update event_links set assessment = 'ALLEGED',
    assessment_reason = 'No claim asserts this link any more; it was ' || assessment || '. ' || coalesce(new.rank_reason, 'What the claim rested on was withdrawn.')
    where id = new.record_id and assessment in ('SUPPORTED', 'CONFIRMED') and retracted_at is null and not house.claims_assert(id);
  return null;
end $$;
create or replace trigger f_reassess_link after update on claims for each row
  when (old.bears and not new.bears and new.field = '' and new.stance = 'ASSERTS')
  execute function house.reassess_link();

-- A capture is evidence: neither it nor a step of its custody can be changed. It is retracted with its source only, and who
-- may see it follows its source.
create or replace function house.refuse_change() returns trigger
language plpgsql as $$
begin
  if to_jsonb(new) - '{retracted_at,sensitivity,team_id}'::text[] = to_jsonb(old) - '{retracted_at,sensitivity,team_id}'::text[]
    and to_jsonb(new) <> to_jsonb(old) then return new; end if;
  raise exception 'Captures and their custody log are never changed.' using errcode = 'integrity_constraint_violation';
end $$;
create or replace trigger a_never_changes before update on captures for each row execute function house.refuse_change();
create or replace trigger a_never_changes before update on custody_steps for each row execute function house.refuse_change();
create or replace trigger a_never_changes before update on capture_contents for each row execute function house.refuse_change();
