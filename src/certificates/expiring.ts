// Documents whose last day may lie in a time that is asked about.
import { Temporal } from 'temporal-polyfill';
import { claimsOf } from '../claims/record-fields.js';
import { deciding } from '../claims/rules.js';
import { sql } from '../db/sql.js';
import type { Basis, QueryExpiringArgs } from '../generated/resolvers-types.js';
import { reading } from '../errors.js';
import { conditions, is, validOn } from '../records/filters.js';
import type { Loading } from '../records/loaders.js';
import { mapList, page, type List, type PageContext } from '../records/page.js';
import { statusDocuments, type StatusDocumentRow } from '../refugees/model.js';
import { parseDuration } from '../values/duration.js';
import { addDuration, compare, type DateBound, type LocalDate } from '../values/local-date.js';
import { documentsInFile } from './filters.js';

/** What the SDL calls ExpiringDocument. */
export interface Expiring {
  document: StatusDocumentRow;
  on: LocalDate;
  until: LocalDate;
}

export type ExpiringList = List<Expiring>;

export async function listExpiring(
  args: QueryExpiringArgs,
  context: PageContext & { today: LocalDate },
): Promise<ExpiringList> {
  const { within, kind, country, case: file, person, asOf, first, after } = args;
  const on = (args.on as LocalDate | null | undefined) ?? context.today;
  const until = reading('within', () => addDuration(on, parseDuration(within as string)));
  const asked = conditions(
    { kind, country, case: file, person, validOn: asOf?.validOn },
    {
      kind: is(statusDocuments, 'kind'),
      country: is(statusDocuments, 'country'),
      case: documentsInFile,
      person: is(statusDocuments, 'personId'),
      validOn: validOn(statusDocuments, 'validFrom', 'validUntil'),
    },
    '',
  );
  const found = await page<StatusDocumentRow>(
    context,
    { first, after },
    {
      noun: statusDocuments,
      where: [
        sql`status_documents.valid_until_earliest <= ${until}::date`,
        sql`status_documents.valid_until_latest >= ${on}::date`,
        ...asked,
      ],
      orderBy: [{ property: 'validUntilEarliest', type: 'date' }],
      scope: ['expiring', on, within, kind, country, file, person, asOf],
    },
  );
  return mapList(found, (document) => ({ document, on, until }));
}

export const basisOf = async ({ document }: Expiring, loading: Loading): Promise<Basis | null> =>
  (deciding(await claimsOf(document, loading), 'valid_until')?.basis as Basis | undefined) ?? null;

/** Certain by its bounds, unless the last day is merely inferred. */
export async function certaintyOf(expiring: Expiring, loading: Loading): Promise<'CERTAIN' | 'POSSIBLE'> {
  const { document, on, until } = expiring;
  const inside =
    compare(document.validUntilEarliest as DateBound, on) >= 0 &&
    compare(document.validUntilLatest as DateBound, until) <= 0;
  return inside && (await basisOf(expiring, loading)) !== 'INFERRED' ? 'CERTAIN' : 'POSSIBLE';
}

/** Calendar days from the day asked about; null for a side without bound. */
export function daysLeft({ document, on }: Expiring, side: 'Earliest' | 'Latest'): number | null {
  const bound = document[`validUntil${side}`] as DateBound;
  return bound === 'infinity' || bound === '-infinity'
    ? null
    : Temporal.PlainDate.from(on).until(Temporal.PlainDate.from(bound), { largestUnit: 'days' }).days;
}
