// A trade incident is an event with a measure: goods, quantities by unit, the motive given and the motives alleged.
import { many, type Links } from '../records/links.js';
import { claimed, country, decimal, defineNoun, edtf, ref, required, text, word, type Row } from '../records/noun.js';

export const tradeMeasures = defineNoun({
  table: 'trade_measures',
  type: 'TradeMeasure',
  owner: 'eventId',
  fields: {
    eventId: required(ref('events')),
    implementingCountry: required(country()),
    affectedCountry: required(country()),
    flow: required(word('trade_flow')),
    transport: claimed(word('transport')),
    mastChapter: claimed(word('mast_chapter')),
    announced: claimed(edtf()),
    formality: claimed(word('formality')),
    acknowledged: claimed(word('tri_state')),
    statedMotive: claimed(text()),
    allegedMotive: claimed(text()),
  },
});
export type TradeMeasureRow = Row<typeof tradeMeasures>;

export const tradeGoods = defineNoun({
  table: 'trade_goods',
  type: 'TradeGood',
  owner: 'measureId',
  fields: { measureId: required(ref('trade_measures')), label: required(text()), hsCode: text(), carriedIn: text() },
});
export type TradeGoodRow = Row<typeof tradeGoods>;

export const tradeObservations = defineNoun({
  table: 'trade_observations',
  type: 'TradeObservation',
  owner: 'measureId',
  happens: 'observed',
  fields: {
    measureId: required(ref('trade_measures')),
    metric: required(word('trade_metric')),
    unit: required(word('trade_unit')),
    qualifier: required(word('quantity_qualifier')),
    value: decimal(),
    valueUntil: decimal(),
    subject: text(),
    placeId: ref('places'),
    observed: claimed(edtf()),
  },
});
export type TradeObservationRow = Row<typeof tradeObservations>;

export const tradeLinks: Links = {
  Event: { measures: { ...many('trade_measures', 'eventId'), shownFirst: 'measure' } },
  TradeMeasure: {
    goods: many('trade_goods', 'measureId', ['label']),
    observations: many('trade_observations', 'measureId', ['observedEarliest', 'metric', 'unit']),
  },
};
