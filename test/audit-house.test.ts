// The audit of a whole house: a loaded case, edits through the graph, and the command line that proves it elsewhere.
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { loadDirectory } from '../src/exchange/load.js';
import { createDataSource } from '../src/db/data-source.js';
import { entities } from '../src/model.js';
import { foundingCaseDirectory } from '../src/paths.js';
import { audited, type Audited, type Entry } from './support/auditing.js';
import { house, type House } from './support/house.js';
import { killChildren, runScript } from './support/processes.js';
import { saving } from './support/saving.js';

let h: House;
let log: Audited;
const save = saving(() => h);
beforeAll(async () => {
  h = await house({ template: 'founding' });
  log = await audited(h.database);
});
afterAll(async () => {
  await killChildren();
  await log?.close();
  await h?.close();
});

async function entered(work: () => Promise<unknown>): Promise<Entry[]> {
  const before = (await log.entries()).length;
  await work();
  return (await log.entries()).slice(before);
}
const told = (entries: Entry[]): string[] =>
  entries.map(({ operation, noun, version }) => `${operation} ${noun} ${version}`).sort();

test('every version of the founding case has its entry, and loading it again adds none', async () => {
  const [{ versions }] = (await h.sql<{ versions: number }>(
    `select sum((xpath('/row/c/text()', query_to_xml(format('select count(*) as c from history.%I', noun), false, true, '')))[1]::text::int)::int as versions from house.adopted`,
  )) as [{ versions: number }];
  const whole = new Set((await log.entries()).map(({ noun, record_id, version }) => `${noun} ${record_id} ${version}`));
  expect(versions).toBeGreaterThan(500);
  expect(whole.size).toBe(versions);
  expect(await log.compare()).toEqual([]);
  const editor = createDataSource({ url: h.database.editorUrl, entities, poolSize: 2 });
  await editor.initialize();
  const again = await entered(() => loadDirectory(editor, foundingCaseDirectory, { actor: 'test' }));
  await editor.destroy();
  expect(again).toEqual([]);
}, 120_000);

test('what is written through the graph is entered once per record: saves, claims, retraction, restoration; refusals are not', async () => {
  let event: { id: string; version: number };
  expect(told(await entered(async () => (event = await save('Event', { kind: 'OTHER', title: 'One' }))))).toEqual([
    'insert events 1',
  ]);
  expect(
    told(
      await entered(
        async () => (event = await save('Event', { id: event.id, expectedVersion: 1, title: 'Two \u2028 lines' })),
      ),
    ),
  ).toEqual(['update events 2']);
  expect(
    await entered(() => expect(save('Event', { id: event.id, expectedVersion: 1, title: 'Late' })).rejects.toThrow()),
  ).toEqual([]);
  const verb = (text: string): Promise<unknown> => h.ask(`mutation { ${text} }`);
  expect(
    told(
      await entered(() =>
        verb(`retract(input: { id: "${event.id}", expectedVersion: 2, changeReason: "A test." }) { __typename }`),
      ),
    ),
  ).toEqual(['update events 3']);
  expect(
    told(await entered(() => verb(`restore(input: { id: "${event.id}", changeReason: "A test." }) { __typename }`))),
  ).toEqual(['update events 4']);
  expect(await log.compare()).toEqual([]);
});

describe('the command line', () => {
  const kualik = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
    const child = runScript('src/main.ts', ['audit', ...args], { env: { KUALIK_DATA: dirname(log.keyFile) } });
    const { code } = await child.ended;
    return { code, output: child.output() };
  };

  test('an export is verified without a database, with the checkpoint that was sent out; one changed letter ends it with 1', async () => {
    await log.sealAll();
    const lines = await log.lines();
    const directory = dirname(log.keyFile);
    const [file, forged, sent] = ['audit.ndjson', 'forged.ndjson', 'sent'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    const place = lines.findIndex((line) => line.includes('"position":7,'));
    fs.writeFileSync(file, `${lines.join('\n')}\n`);
    fs.writeFileSync(
      forged,
      lines.with(place, lines[place]!.replace(/"payload":"\{\\"id/, '"payload":"{\\"ad')).join('\n'),
    );
    const checkpoint = await kualik('checkpoint');
    expect(checkpoint.code).toBe(0);
    fs.writeFileSync(sent, checkpoint.output);
    const { output: key } = await kualik('key');
    expect(await kualik('verify', '--export', file, '--checkpoint', sent, '--key', key.trim())).toEqual({
      code: 0,
      output: expect.stringMatching(/\d+ sealed entries.*1 checkpoints from outside.*The audit holds/s) as string,
    });
    const { seq } = JSON.parse(lines[place]!) as { seq: number };
    expect(await kualik('verify', '--export', forged)).toEqual({
      code: 1,
      output: expect.stringContaining(
        `The audit does not hold; first: entry ${seq}: What is stored is not what was entered.`,
      ) as string,
    });
  }, 60_000);
});
