// Places, eight of them countries, and the organizations in them.
import { nameKey } from '../../../src/values/name-key.js';
import { organizationName, placeName } from '../words.js';
import { COUNTRIES, plain, upTo, type RowsOf } from './made.js';

export const places: RowsOf = {
  columns: ['kind', 'name', 'name_key', 'parent_id', 'country'],
  rows: (w) =>
    upTo(w.places, (n) => {
      const country = COUNTRIES[n % COUNTRIES.length]!;
      const isCountry = n < COUNTRIES.length;
      const name = isCountry ? `Land ${country}` : placeName(w.chance, w.code('places'), n);
      const parent = isCountry ? null : w.id('places', n % COUNTRIES.length);
      return plain(w.id('places', n), 0, [isCountry ? 'COUNTRY' : 'LOCALITY', name, nameKey(name), parent, country]);
    }),
};

export const organizations: RowsOf = {
  columns: ['kind', 'name', 'name_key', 'jurisdiction', 'place_id'],
  rows: (w) =>
    upTo(w.organizations, (n) => {
      const name = organizationName(w.chance, w.code('organizations'), n);
      return plain(w.id('organizations', n), 0, [
        n % 3 === 0 ? 'COURT' : 'AGENCY', name, nameKey(name), COUNTRIES[n % COUNTRIES.length]!, w.id('places', n % w.places),
      ]); // prettier-ignore
    }),
};
