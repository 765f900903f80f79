// What stands around the versions and decides who sees them, when they count and why they were made: compared with the
// audit too. Only what an entry says under its leaf is believed; asked in plain SQL, since functions may be part of a lie.
import pg from 'pg';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;
/** Qualified, unlike elsewhere: it is the row of now that is compared, whatever the search path says. */
const NOW = 'public';

/**
 * What an entry of this kind was told, as JSON. Whoever may add an entry of another kind may have put anything into it, and a
 * planner asks conditions in the order that it likes.
 */
export const told = (kind: 'change' | 'account', row = 'e'): string =>
  `(case when ${row}.kind = '${kind}' then ${row}.payload::jsonb end)`;

/** Each gives rows of seq (or null) and what, a sentence. */
export type Question = string;

/** Who, when, in which request and why. What only was found was never told who made it. */
const TRANSACTIONS: Question = `
  with told as (
    select e.transaction_id, min(e.seq) as seq, max(e.seq) as last, min(e.at) as at, max(e.at) as until,
        min(e.actor) as actor, max(e.actor) as actor_too, min(e.request) as request, max(e.request) as request_too
      from audit.entries e where e.kind = 'change' and e.operation <> 'found' group by 1)
  select told.seq, 'Transaction ' || told.transaction_id || ' is in the audit, but history does not have it.' as what
    from told left join history.transactions t on t.id = told.transaction_id where t.id is null
  union all
  select told.seq, 'Transaction ' || t.id || ' says another ' || wrong.word || ' than the audit was told.'
    from told join history.transactions t on t.id = told.transaction_id
    cross join lateral (values
      ('author', t.actor is distinct from told.actor or t.actor is distinct from told.actor_too),
      ('request', t.request is distinct from told.request or t.request is distinct from told.request_too),
      ('instant', t.recorded_at is distinct from told.at or t.recorded_at is distinct from told.until)) wrong(word, is_so)
    where wrong.is_so
  union all
  select e.seq, 'Transaction ' || t.id || ' says another reason than the audit was told.'
    from told join history.transactions t on t.id = told.transaction_id
    join audit.entries e on e.seq = told.last
    where ${told('change')} ? 'changeReason' and ${told('change')} ->> 'changeReason' is distinct from t.reason`;

/** From when until when a version was the one that is read: as the entries of its transaction say, and without a gap. */
const PERIODS = (noun: string): Question => `
  with v as (
    select h.id, h.version, h.transaction_id, h.recorded_from, h.recorded_to,
        lead(h.recorded_from) over (partition by h.id order by h.version, h.recorded_from) as next
      from history.${name(noun)} h),
  told as (
    select e.record_id, e.version, e.transaction_id, e.operation, e.seq, e.at, (${told('change')} ->> 'updated_at')::timestamptz as updated_at
      from audit.entries e where e.kind = 'change' and e.noun = ${literal(noun)} and e.operation in ('insert', 'update', 'found')),
  gone as (
    select e.record_id, e.at from audit.entries e where e.kind = 'change' and e.noun = ${literal(noun)} and e.operation = 'delete')
  select min(told.seq) as seq, 'Version ' || v.version || ' of ' || v.id || ${literal(` in ${noun} was not recorded when the audit was told.`)} as what
    from v join told on told.record_id = v.id::text and told.version = v.version
      and (told.transaction_id = v.transaction_id or told.operation = 'found')
    group by v.id, v.version, v.recorded_from
    having not bool_or(case
      when told.updated_at is null then v.recorded_from >= told.at
      when told.operation = 'found' then v.recorded_from <= told.updated_at and v.recorded_from > told.updated_at - interval '1 second'
      else v.recorded_from = told.updated_at end)
  union all
  select null, 'Version ' || v.version || ' of ' || v.id || ${literal(` in ${noun} does not end where the next one begins.`)}
    from v where v.recorded_to <> coalesce(v.next, 'infinity') and not exists (
      select from gone where gone.record_id = v.id::text and v.recorded_to = greatest(gone.at, v.recorded_from + interval '1 microsecond'))`;

/** Who may see a version: its own level or, when that is higher, that of its record now; and the team that goes with it. */
const GUARDS = (noun: string): Question => {
  const level = (row: string): string =>
    noun === 'claims' ? `greatest(${row}.sensitivity, ${row}.level)` : `${row}.sensitivity`;
  return `
  with v as (
    select h.id, h.version, h.guard, h.guard_team, ${level('h')} as level, ${level('t')} as level_now, t.team_id as team_now
      from history.${name(noun)} h left join ${NOW}.${name(noun)} t on t.id = h.id)
  select null::bigint as seq, 'Version ' || v.version || ' of ' || v.id || ${literal(` in ${noun} is guarded by another level than its own or that of its record.`)} as what
    from v where v.guard <> greatest(v.level, v.level_now)
  union all
  select null, 'Version ' || v.version || ' of ' || v.id || ${literal(` in ${noun} is guarded by another team than that of its record.`)}
    from v where v.guard >= 2 and case when v.level_now >= 2 then v.guard_team <> v.team_now
      else not exists (select from audit.entries e where e.record_id = v.id::text and e.kind = 'change' and e.team_id = v.guard_team) end
  union all
  select null, 'The record ' || t.id || ${literal(` in ${noun} has another level or team than its row.`)}
    from ${NOW}.${name(noun)} t left join ${NOW}.records r on r.id = t.id
    where r.id is null or r.noun <> ${literal(noun)} or r.team_id <> t.team_id or r.sensitivity <> ${level('t')}`;
};

/** A feed of changes tells of a transaction to those for whom one of its versions is. */
const SHOWN = (nouns: string[]): Question => `
  with codes as (
    select w.transaction_id, array_agg(distinct w.code) as codes from (${nouns
      .map(
        (noun) =>
          `select h.transaction_id, case when h.guard <= 1 then h.guard else h.guard_team * 4 + h.guard end as code from history.${name(noun)} h`,
      )
      .join(' union all ')}) w group by 1)
  select null::bigint as seq, 'Transaction ' || t.id || ' is shown to others than its versions are.' as what
    from history.transactions t left join codes c on c.transaction_id = t.id
    where not t.shown_to @> coalesce(c.codes, '{}') or not t.shown_to <@ coalesce(c.codes, '{}') and not exists (
      select from audit.entries e where e.transaction_id = t.id and e.kind = 'change' and e.operation = 'delete')`;

/** What stands in the place of a retracted record is what was said when it was retracted, by whom it was. */
const TOMBSTONES = (nouns: string[]): Question => `
  with retracted as (${nouns.map((noun) => `select t.id, t.retracted_at from ${NOW}.${name(noun)} t where t.retracted_at is not null`).join(' union all ')}),
  told as (
    select e.seq, e.record_id, e.actor, ${told('change')} as payload, (${told('change')} ->> 'retracted_at')::timestamptz as at
      from audit.entries e
      where e.kind = 'change' and e.operation = 'update' and e.record_id in (select s.record_id::text from house.tombstones s))
  select null::bigint as seq, 'The record ' || coalesce(r.id, s.record_id) || ' is retracted without a tombstone, or the other way round.' as what
    from retracted r full join house.tombstones s on s.record_id = r.id where r.retracted_at is distinct from s.retracted_at
  union all
  select min(told.seq), 'The tombstone of ' || s.record_id || ' is not what the audit was told.'
    from house.tombstones s join told on told.record_id = s.record_id::text and told.at = s.retracted_at
    group by s.record_id, s.reason, s.retracted_by
    having not bool_or(told.actor = s.retracted_by
      and (not told.payload ? 'retractionReason' or told.payload ->> 'retractionReason' = s.reason))`;

/** Who may do what. Secrets are not in the audit, so a forged password or key is not seen here. */
const ACCOUNTS = (table: string): Question => `
  with told as (
    select distinct on (e.record_id, coalesce(${told('account')} #>> '{is,issuer}', ${told('account')} #>> '{was,issuer}'))
        e.seq, e.operation, e.record_id as key, coalesce(${told('account')} #>> '{is,issuer}', ${told('account')} #>> '{was,issuer}') as issuer,
        ${told('account')} -> 'is' as stands
      from audit.entries e where e.kind = 'account' and e.noun = ${literal(table)} and e.payload is not null
      order by e.record_id, coalesce(${told('account')} #>> '{is,issuer}', ${told('account')} #>> '{was,issuer}'), e.seq desc),
  own as (
    select to_jsonb(t) as fields, to_jsonb(t) ->> 'issuer' as issuer, coalesce(to_jsonb(t) ->> 'id',
        nullif(concat_ws(' ', to_jsonb(t) ->> 'account_id', to_jsonb(t) ->> 'team_id', to_jsonb(t) ->> 'subject'), '')) as key
      from auth.${name(table)} t)
  select told.seq, ${literal(`${table} `)} || coalesce(told.key, own.key) || case
      when told.seq is null then ' has no entry in the audit: it was written past it.'
      when own.key is null then ' is in the audit, but is not there any more.'
      else ' is not what the audit was told.' end as what
    from told full join own on own.key = told.key and coalesce(own.issuer, '') = coalesce(told.issuer, '')
    where told.seq is null or case when told.operation = 'delete' then own.key is not null
      when own.key is null then true
      else exists (select from jsonb_each(told.stands) f where own.fields ? f.key and own.fields -> f.key is distinct from f.value) end`;

const WATCHED = ['accounts', 'teams', 'memberships', 'tokens', 'passkeys', 'identities'];

/** The triggers that keep history and the audit: there, switched on, and calling what they should call. */
const TRIGGERS = (nouns: string[]): Question => {
  const wanted = [
    ...nouns.flatMap((noun) => [
      [`public.${name(noun)}`, 'z_keep_history', `history.keep_${noun}`],
      ...['insert', 'update', 'delete'].map((verb) => [
        `public.${name(noun)}`,
        `zz_audit_${verb}`,
        'audit.keep_changes',
      ]),
    ]),
    ...WATCHED.map((table) => [`auth.${name(table)}`, 'zz_audit', 'audit.keep_account_change']),
    ...['entries', 'positions', 'checkpoints'].flatMap((table) =>
      ['stay', 'stay_whole'].map((trigger) => [`audit.${table}`, trigger, 'audit.stay']),
    ),
  ];
  return `
  select null::bigint as seq, 'The trigger ' || w.trigger || ' of ' || w.place || ' is gone, switched off or another one.' as what
    from (values ${wanted.map((one) => `(${one.map((text) => literal(text!)).join(', ')})`).join(', ')}) w(place, trigger, calls)
    where to_regclass(w.place) is not null and not exists (
      select from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
      where t.tgrelid = to_regclass(w.place) and t.tgname = w.trigger and t.tgenabled = 'O' and n.nspname || '.' || p.proname = w.calls)`;
};

export const questionsAround = (nouns: string[]): Question[] => [
  TRIGGERS(nouns),
  TRANSACTIONS,
  SHOWN(nouns),
  ...nouns.flatMap((noun) => [PERIODS(noun), GUARDS(noun)]),
  TOMBSTONES(nouns),
  ...WATCHED.map(ACCOUNTS),
];
