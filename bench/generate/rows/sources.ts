// Sources, one for ten events.
import { dated, type Day } from '../days.js';
import { sourceTitle } from '../words.js';
import type { World } from '../world.js';
import { columnsOf, edtf, FIRST_DAY, plain, upTo, type RowsOf } from './made.js';

const SOURCE_KINDS = [
  'NEWS_ARTICLE',
  'LETTER',
  'INTERVIEW',
  'COURT_RECORD',
  'WEB_PAGE',
  'LEGAL_ACT',
  'WITNESS_TESTIMONY',
];

/** Asked again by the claims that come from it. */
export function publishedOf({ chance, code }: World, n: number): Day | null {
  const c = code('sources');
  return chance.unit(c, n, 4) < 0.97 ? dated(FIRST_DAY + chance.below(9_500, c, n, 5), chance.unit(c, n, 6)) : null;
}

export const sources: RowsOf = {
  columns: ['kind', 'title', 'publisher', ...edtf('published'), 'language', 'url', 'relation', 'reliability'],
  rows: (w) =>
    upTo(w.sources, (n) => {
      const c = w.code('sources');
      return plain(w.id('sources', n), w.level('sources', n), [
        w.chance.pick(SOURCE_KINDS, c, n, 4),
        sourceTitle(w.chance, c, n),
        'The Daily Invention',
        ...columnsOf(publishedOf(w, n)),
        w.chance.pick(['kk', 'zh', 'en', 'ug'], c, n, 7),
        `https://news.example/${n}`,
        'REPORTER_OR_THIRD_PARTY',
        w.chance.pick(['A', 'B', 'C', 'D', 'F'], c, n, 8),
      ]);
    }),
};
