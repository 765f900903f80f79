// The migrations, in order, as an explicit list: no globbing, so the same under tsc, tsx and the test runner.
import { House0001 } from './0001-house.js';
import { Vocabulary0002 } from './0002-vocabulary.js';
import { PersonsAndPlaces0003 } from './0003-persons-and-places.js';
import { SourcesAndClaims0004 } from './0004-sources-and-claims.js';
import { CasesAndEvents0005 } from './0005-cases-and-events.js';
import { Detentions0006 } from './0006-detentions.js';
import { Refugees0007 } from './0007-refugees.js';
import { Trade0008 } from './0008-trade.js';
import { ViewIndexes0009 } from './0009-view-indexes.js';
import { History0010 } from './0010-history.js';
import { Writing0011 } from './0011-writing.js';
import { Verbs0012 } from './0012-verbs.js';
import { Feed0013 } from './0013-feed.js';
import { Accounts0014 } from './0014-accounts.js';
import { Rights0015 } from './0015-rights.js';
import { Sealing0016 } from './0016-sealing.js';
import { Audit0017 } from './0017-audit.js';
import { OrderOfRecording0018 } from './0018-order-of-recording.js';
import { References0019 } from './0019-references.js';
import { CaptureRoom0020 } from './0020-capture-room.js';
import { ReferencesDrawnInside0021 } from './0021-references-drawn-inside.js';
import { PlainLists0022 } from './0022-plain-lists.js';
import { DeepPages0023 } from './0023-deep-pages.js';
import { NamesByLevel0024 } from './0024-names-by-level.js';
import { LeanIndexes0025 } from './0025-lean-indexes.js';
import { IndexesOfLinks0026 } from './0026-indexes-of-links.js';

export const migrations = [
  House0001,
  Vocabulary0002,
  PersonsAndPlaces0003,
  SourcesAndClaims0004,
  CasesAndEvents0005,
  Detentions0006,
  Refugees0007,
  Trade0008,
  ViewIndexes0009,
  History0010,
  Writing0011,
  Verbs0012,
  Feed0013,
  Accounts0014,
  Rights0015,
  Sealing0016,
  Audit0017,
  OrderOfRecording0018,
  References0019,
  CaptureRoom0020,
  ReferencesDrawnInside0021,
  PlainLists0022,
  DeepPages0023,
  NamesByLevel0024,
  LeanIndexes0025,
  IndexesOfLinks0026,
];
