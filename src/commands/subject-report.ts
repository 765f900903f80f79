// kualik subject-report: all that is held about one person, as JSON, for whoever has to answer that person's request. It is
// read as the host's command line reads, at every level: what the person may be given of it is for people to decide.
import * as fs from 'node:fs';
import type { Config } from '../config.js';
import { withClient } from '../db/client.js';
import { PlainError } from '../db/plain-error.js';
import { subjectReport } from '../sealed/subject.js';
import { keyPlace } from '../sealing/key-file.js';
import { openKeyring } from '../sealing/keyring.js';
import { isUuid } from '../values/identifier.js';
import { nowUtc } from '../values/today.js';
import { openDatabase } from './database.js';
import type { Life } from './life.js';
import { say, sayAside } from './say.js';

export async function tellSubject(
  config: Config,
  life: Life,
  person: string,
  { out }: { out?: string },
): Promise<void> {
  sayAside();
  if (!isUuid(person.toLowerCase())) throw new PlainError(`"${person}" is no id of a person.`);
  const { loaderUrl } = await openDatabase(config, life);
  const report = await withClient(loaderUrl, (client) =>
    subjectReport(client, openKeyring(keyPlace(config).file), person.toLowerCase()),
  );
  if (!report) throw new PlainError('There is no person with this id.');
  const text = `${JSON.stringify({ made: nowUtc(), ...report }, null, 2)}\n`;
  if (out === undefined) return void process.stdout.write(text);
  fs.writeFileSync(out, text, { mode: 0o600, flag: 'wx' });
  say(`Written to ${out}, which only this account may read.`);
}
