-- $1 sequence and $2 id of the person before
with twenty_one as materialized (
  select p.id, p.sequence, p.reference, p.kind, p.nationalities, p.born, p.born_earliest, p.born_latest
  from persons p where (p.sequence, p.id) > ($1::bigint, $2::uuid)
  order by p.sequence, p.id limit 21
)
select row_to_json(data)::text as json
from (
  select json_build_object(
    'nodes', (
      select json_agg(row_to_json(node) order by node_order.sequence, node_order.id)
      from (select * from twenty_one order by sequence, id limit 20) node_order
      cross join lateral (
        select o.id, 'P-' || o.reference as reference,
          (select n.value from person_names n where n.person_id = o.id order by n.display_order, n.sequence, n.id limit 1) as name,
          o.kind, o.nationalities,
          case when o.born is not null then json_build_object('edtf', o.born, 'earliest', o.born_earliest, 'latest', o.born_latest) end as born,
          coalesce((select json_agg(json_build_object('id', s.id, 'kind', s.kind, 'country', s.country,
              'starts', case when s.starts is not null then json_build_object('edtf', s.starts) end,
              'ends', case when s.ends is not null then json_build_object('edtf', nullif(s.ends, '..'), 'isOpen', s.ends = '..') end)
              order by s.starts_earliest nulls last, s.sequence, s.id)
            from refugee_statuses s where s.person_id = o.id), '[]') as statuses,
          coalesce((select json_agg(json_build_object('id', d.id, 'kind', d.kind, 'country', d.country,
              'validFrom', case when d.valid_from is not null then json_build_object('edtf', d.valid_from) end,
              'validUntil', case when d.valid_until is not null then json_build_object('edtf', d.valid_until, 'earliest', d.valid_until_earliest, 'latest', d.valid_until_latest) end)
              order by d.valid_from_earliest nulls last, d.valid_until_earliest nulls last, d.sequence, d.id)
            from status_documents d where d.person_id = o.id), '[]') as documents,
          coalesce((select json_agg(json_build_object('id', d.id, 'facilityKind', d.facility_kind,
              'starts', case when d.starts is not null then json_build_object('edtf', d.starts) end,
              'ends', case when d.ends is not null then json_build_object('edtf', d.ends) end)
              order by d.starts_earliest nulls last, d.sequence, d.id)
            from detentions d where d.person_id = o.id), '[]') as detentions,
          json_build_object('nodes', coalesce((
            select json_agg(json_build_object('id', e.id, 'kind', e.kind, 'title', e.title,
                'starts', case when e.starts is not null then json_build_object('edtf', e.starts) end)
                order by e.starts_earliest nulls last, e.sequence, e.id)
            from (
              select e.id, e.kind, e.title, e.starts, e.starts_earliest, e.sequence
              from events e where e.id in (select t.event_id from event_participants t where t.person_id = o.id)
              order by e.starts_earliest nulls last, e.sequence, e.id limit 5
            ) e), '[]')) as events,
          coalesce((select json_agg(json_build_object('id', s.id, 'title', s.title,
              'published', case when s.published is not null then json_build_object('edtf', s.published) end)
              order by s.published_earliest nulls last, s.sequence, s.id)
            from sources s where s.id in (select unnest(c.roots) from claims c where c.record_id = o.id)), '[]') as sources
        from (select node_order.*) o
      ) node
    ),
    'pageInfo', json_build_object('hasNextPage', (select count(*) > 20 from twenty_one))
  ) as persons
) data
