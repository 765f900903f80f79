-- $1 first day
with fifty_one as materialized (
  select d.id, d.kind, d.country, d.person_id, d.valid_until, d.valid_until_earliest, d.valid_until_latest, d.sequence
  from status_documents d
  where d.valid_until_earliest <= $1::date + 90 and d.valid_until_latest >= $1::date
  order by d.valid_until_earliest, d.sequence, d.id limit 51
)
select row_to_json(data)::text as json
from (
  select json_build_object(
    'nodes', coalesce((
      select json_agg(json_build_object(
          'document', json_build_object('id', d.id, 'kind', d.kind, 'country', d.country),
          'person', (select json_build_object('id', p.id,
              'name', (select n.value from person_names n where n.person_id = p.id order by n.display_order, n.sequence, n.id limit 1))
            from persons p where p.id = d.person_id),
          'lastDay', json_build_object('edtf', d.valid_until, 'earliest', d.valid_until_earliest, 'latest', d.valid_until_latest),
          'certainty', case when d.valid_until_earliest >= $1::date and d.valid_until_latest <= $1::date + 90
              and (select c.basis from claims c where c.record_id = d.id and c.field = 'valid_until' and c.bears
                   order by c.preference limit 1) is distinct from 'INFERRED'
            then 'CERTAIN' else 'POSSIBLE' end,
          'daysLeftAtLeast', d.valid_until_earliest - $1::date,
          'sources', coalesce((select json_agg(json_build_object('id', s.id, 'title', s.title)
              order by s.published_earliest nulls last, s.sequence, s.id)
            from sources s where s.id in (select unnest(c.roots) from claims c where c.record_id = d.id)), '[]'))
        order by d.valid_until_earliest, d.sequence, d.id)
      from (select * from fifty_one order by valid_until_earliest, sequence, id limit 50) d), '[]'),
    'pageInfo', json_build_object('hasNextPage', (select count(*) > 50 from fifty_one))
  ) as expiring
) data
