-- $1 case file; :'sentences' is what titles.ts says of each word
with held as materialized (
  select array(select m.record_id from case_members m where m.case_id = $1::uuid) as ids
), told as materialized (
  select array(select unnest(held.ids) union select t.event_id from event_participants t where t.person_id = any (held.ids)) as ids from held
), entries as (
  select 1 as rank, 'EVENT' as kind, e.starts_earliest as earliest, e.starts_latest as latest, e.starts as edtf, e.sequence, e.id,
    coalesce(e.title, :'sentences'::jsonb #>> array['event', e.kind]) as title, e.place_id, null::uuid as person_id, true as undated
  from events e where e.id = any ((select ids from told)::uuid[])
  union all
  select 13, 'EVENT_ENDS', e.ends_earliest, e.ends_latest, e.ends, e.sequence, e.id,
    coalesce(e.title, :'sentences'::jsonb #>> array['event', e.kind]) || ' (ends)', e.place_id, null, false
  from events e where e.id = any ((select ids from told)::uuid[]) and e.ends is not null
  union all
  select case when before.id is null then 2 else 3 end, case when before.id is null then 'DETENTION_STARTS' else 'DETENTION_TRANSFER' end,
    d.starts_earliest, d.starts_latest, d.starts, d.sequence, d.id,
    :'sentences'::jsonb #>> array[case when before.id is null then 'detention' else 'transfer' end, d.facility_kind], d.place_id, d.person_id, true
  from detentions d left join detentions before on before.id = d.transferred_from_id
  where d.id = any ((select ids from held)::uuid[]) or d.person_id = any ((select ids from held)::uuid[])
  union all
  select 12, 'DETENTION_ENDS', d.ends_earliest, d.ends_latest, d.ends, d.sequence, d.id,
    :'sentences'::jsonb #>> array['release', coalesce(d.outcome, '')], d.place_id, d.person_id, false
  from detentions d where (d.id = any ((select ids from held)::uuid[]) or d.person_id = any ((select ids from held)::uuid[])) and d.ends is not null
  union all
  select 4, 'CHARGE_FILED', c.filed_earliest, c.filed_latest, c.filed, c.sequence, c.id,
    'Charge filed' || coalesce(': ' || c.offence, ''), null, c.person_id, c.decided is null
  from charges c where c.id = any ((select ids from held)::uuid[]) or c.person_id = any ((select ids from held)::uuid[]) or c.legal_case_id = any ((select ids from held)::uuid[])
  union all
  select 5, 'CHARGE_DECIDED', c.decided_earliest, c.decided_latest, c.decided, c.sequence, c.id,
    (:'sentences'::jsonb #>> array['chargeDecided', coalesce(c.status, '')]) || coalesce(': ' || c.offence, ''), null, c.person_id, false
  from charges c where (c.id = any ((select ids from held)::uuid[]) or c.person_id = any ((select ids from held)::uuid[]) or c.legal_case_id = any ((select ids from held)::uuid[]))
    and c.decided is not null
  union all
  select 6, 'DECISION', s.decided_earliest, s.decided_latest, s.decided, s.sequence, s.id,
    :'sentences'::jsonb #>> array['decision', s.concerns || ' ' || s.action], s.place_id, s.person_id, true
  from status_decisions s where s.id = any ((select ids from held)::uuid[]) or s.person_id = any ((select ids from held)::uuid[])
  union all
  select 7, 'STATUS_STARTS', s.starts_earliest, s.starts_latest, s.starts, s.sequence, s.id,
    :'sentences'::jsonb #>> array['statusStarts', s.kind], null, s.person_id, true
  from refugee_statuses s where s.id = any ((select ids from held)::uuid[]) or s.person_id = any ((select ids from held)::uuid[])
  union all
  select 11, 'STATUS_ENDS', s.ends_earliest, s.ends_latest, s.ends, s.sequence, s.id,
    :'sentences'::jsonb #>> array['statusEnds', s.kind], null, s.person_id, false
  from refugee_statuses s where (s.id = any ((select ids from held)::uuid[]) or s.person_id = any ((select ids from held)::uuid[])) and s.ends is not null
  union all
  select case when before.id is null then 8 else 9 end, case when before.id is null then 'DOCUMENT_ISSUED' else 'DOCUMENT_RENEWED' end,
    case when d.issued is not null then d.issued_earliest else d.valid_from_earliest end,
    case when d.issued is not null then d.issued_latest else d.valid_from_latest end,
    coalesce(d.issued, d.valid_from), d.sequence, d.id,
    case when before.id is not null then :'sentences'::jsonb #>> array['renewed', concat_ws(' ', d.kind, d.succession)]
         when d.issued is not null then :'sentences'::jsonb #>> array['issued', d.kind]
         else :'sentences'::jsonb #>> array['valid', d.kind] end,
    null, d.person_id, true
  from status_documents d left join status_documents before on before.id = d.predecessor_id
  where d.id = any ((select ids from held)::uuid[]) or d.person_id = any ((select ids from held)::uuid[])
  union all
  select 10, 'DOCUMENT_RUNS_OUT', d.valid_until_earliest, d.valid_until_latest, d.valid_until, d.sequence, d.id,
    :'sentences'::jsonb #>> array['runsOut', d.kind], null, d.person_id, false
  from status_documents d where (d.id = any ((select ids from held)::uuid[]) or d.person_id = any ((select ids from held)::uuid[])) and d.valid_until is not null
), hundred_and_one as materialized (
  select e.*, case when e.earliest = '-infinity' then e.latest else e.earliest end as day
  from entries e
  where (e.earliest < 'infinity' or (e.earliest is null and e.undated)) and exists (select from cases c where c.id = $1::uuid)
  order by day nulls last, rank, sequence, id limit 101
)
select row_to_json(data)::text as json
from (
  select json_build_object(
    'nodes', coalesce((
      select json_agg(row_to_json(node) order by o.day nulls last, o.rank, o.sequence, o.id)
      from (select * from hundred_and_one order by day nulls last, rank, sequence, id limit 100) o
      cross join lateral (
        select o.kind, o.title,
          case when o.edtf is not null then json_build_object('edtf', o.edtf,
            'earliest', nullif(o.earliest, '-infinity'), 'latest', nullif(o.latest, 'infinity')) end as date,
          coalesce(case when o.person_id is not null then (
              select json_build_array(json_build_object('id', p.id,
                'name', (select n.value from person_names n where n.person_id = p.id order by n.display_order, n.sequence, n.id limit 1)))
              from persons p where p.id = o.person_id)
            else (
              select json_agg(json_build_object('id', p.id,
                'name', (select n.value from person_names n where n.person_id = p.id order by n.display_order, n.sequence, n.id limit 1))
                order by t.role, t.sequence, t.id)
              from (select distinct on (t.person_id) t.person_id, t.role, t.sequence, t.id from event_participants t
                where t.event_id = o.id and t.person_id is not null order by t.person_id, t.role, t.sequence, t.id) t
              join persons p on p.id = t.person_id) end, '[]') as persons,
          (select json_build_object('name', p.name, 'country', p.country) from places p where p.id = o.place_id) as place,
          coalesce((select json_agg(json_build_object('id', s.id, 'title', s.title) order by s.published_earliest nulls last, s.sequence, s.id)
            from sources s where s.id in (select unnest(c.roots) from claims c where c.record_id = o.id)), '[]') as sources
      ) node), '[]'),
    'pageInfo', json_build_object('hasNextPage', (select count(*) > 100 from hundred_and_one))
  ) as timeline
) data
