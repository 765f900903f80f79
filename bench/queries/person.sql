-- $1 id
select row_to_json(data)::text as json
from (
  select (
    select row_to_json(person) from (
      select p.id, 'P-' || p.reference as reference,
        (select n.value from person_names n where n.person_id = p.id order by n.display_order, n.sequence, n.id limit 1) as name,
        p.kind, p.sex,
        case when p.born is not null then json_build_object('edtf', p.born, 'earliest', p.born_earliest, 'latest', p.born_latest) end as born,
        p.ethnicity
      from persons p where p.id = $1::uuid
    ) person
  ) as person
) data
