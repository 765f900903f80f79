// The bench: an invented world in a database of its own, Kualik as it is served, the limit and PostGraphile on it, loaded in
// turns. Prints a table and the targets, writes .data/bench/last.json, exits with 1 when a target is missed.
//   npm run bench [-- --quick] [-- --events 200k] [-- --rounds 5] [-- --seconds 4] [-- --without-peer] [-- --growth [--keep DIRECTORY]]
import * as fs from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../src/paths.js';
import { mustAgree } from './agree.js';
import { compile, startKualik, startLimit, startPeer, type Contender } from './contenders.js';
import { growth } from './growth.js';
import { fill, readCount } from './generate/main.js';
import { makeWorld } from './generate/world.js';
import { startLoader } from './load/loader.js';
import { openPlace } from './place.js';
import { isMissed, tableText, targetsOf, targetsText } from './report.js';
import { lightBesideHeavy, memories, runRounds, type Plan } from './rounds.js';
import { takeSamples } from './samples.js';
import { seal } from './seal.js';

const QUICK = { events: '30k', rounds: '3', seconds: '2', warm: 5 };
const FULL = { events: '200k', rounds: '5', seconds: '4', warm: 8 };
/** Whatever is asked for, it ends. */
const LONGEST_MINUTES = 45;

const began = performance.now();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const step = (what: string): void => say(`[${Math.round((performance.now() - began) / 1000)} s] ${what}`);

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    events: { type: 'string' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    'without-peer': { type: 'boolean' },
    growth: { type: 'boolean' },
    keep: { type: 'string' },
  },
});

/** In the reverse order of their beginnings, whatever happens; Ctrl-C included. */
const atEnd: (() => Promise<unknown>)[] = [];
async function end(): Promise<void> {
  for (const work of atEnd.splice(0).reverse())
    await work().catch((error: Error) => say(`While ending: ${error.message}`));
}
const giveUp = (why: string): void => {
  say(why);
  void end().finally(() => process.exit(2));
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => giveUp('Stopped.'));
setTimeout(() => giveUp(`Not done within ${LONGEST_MINUTES} minutes; ask for less.`), LONGEST_MINUTES * 60_000).unref();

async function started(what: string, start: () => Promise<Contender>): Promise<Contender> {
  step(`starting ${what}`);
  const one = await start();
  atEnd.push(one.end);
  return one;
}

async function compare(): Promise<void> {
  const usual = values.quick ? QUICK : FULL;
  const plan: Plan = {
    rounds: Number(values.rounds ?? usual.rounds),
    seconds: Number(values.seconds ?? usual.seconds),
    warm: usual.warm,
  };
  const world = makeWorld({ events: readCount(values.events ?? usual.events), seed: Number(values.seed) });
  step('compiling Kualik');
  const tree = await compile();
  step('making a database');
  const place = await openPlace({ tree });
  atEnd.push(place.end);
  step(`filling it with ${world.events.toLocaleString('en')} events`);
  const loaded = await fill(place, world);
  step(`sealing the audit of ${loaded.rows.toLocaleString('en')} rows`);
  await seal(place);
  const kualik = await started('Kualik', () => startKualik(place, tree));
  const limit = await started('the limit', () => startLimit(place));
  let why = 'left out as asked';
  const peer = values['without-peer']
    ? undefined
    : await started('PostGraphile', () => startPeer(place)).catch((error: Error) => {
        why = error.message;
        return undefined;
      });
  if (!peer) say(`PostGraphile is not run: ${why}`);
  const samples = await takeSamples(place, kualik, peer);
  step('comparing answers');
  await mustAgree(kualik, limit, samples);

  const [loader, heavy] = [startLoader(), startLoader()];
  atEnd.push(loader.end, heavy.end);
  const bench = {
    contenders: [limit, kualik, ...(peer ? [peer] : [])],
    samples,
    loader,
    postmaster: place.postmaster,
    say,
  };
  step(`${plan.rounds} rounds of ${plan.seconds} s`);
  const table = await runRounds(bench, plan);
  const memory = memories(bench.contenders);
  step('light beside heavy');
  const measured = { table, memory, beside: await lightBesideHeavy(bench, heavy, plan) };
  const targets = targetsOf(measured);
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, node ${process.version}`;
  say(
    `\n${world.events.toLocaleString('en')} events, ${loaded.rows.toLocaleString('en')} rows; medians of ${plan.rounds} rounds of ${plan.seconds} s; ${machine}\n`,
  );
  say(`${tableText(measured)}\n\n${targetsText(targets)}\n`);
  write('last.json', { machine, events: world.events, plan, ...measured, targets });
  if (targets.some(isMissed)) process.exitCode = 1;
}

function write(name: string, found: object): void {
  const file = join(packageRoot, '.data', 'bench', name);
  fs.writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), ...found }, null, 2)}\n`);
  step(`written to ${file.slice(packageRoot.length + 1)}`);
}

try {
  if (values.growth) {
    const sizes = (values.events ?? (values.quick ? '10k,30k' : '10k,100k,1M')).split(',').map(readCount);
    write('growth.json', {
      growth: await growth(sizes, { seed: Number(values.seed), keep: values.keep, step, say, atEnd }),
    });
  } else await compare();
} catch (error) {
  // Said before the servers stop: what their end does to open connections would hide it.
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 2;
} finally {
  await end();
}
process.exit();
