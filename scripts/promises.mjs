#!/usr/bin/env node
// Proves what Kualik promises: every promise of docs/promises.md with the commands that prove it, run one after another.
//   npm run promises               those that fit into a quarter of an hour
//   npm run promises -- --long     all, at the promised size
//   npm run promises -- 8 12       these two, at the promised size
//   npm run promises -- --list     what there is, without running anything
// A figure is what a test writes as a line "PROMISE <number>: <figure>" (test/support/promise.ts); without one, the tests are counted.
// Exit code: 0 all hold, 1 one is missed or not proven, 2 wrong call.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A test file (or the beginning of the names of several), and the tests of it that count. */
const jest = (files, titles, env = {}) => ({ kind: 'jest', files: [files].flat(), titles, env });
/** A script of test/soak on an installed Kualik: `npm run build` comes first. */
const soak = (name, ...args) => ({ kind: 'soak', path: `test/soak/${name}.ts`, args });
/** One of bench, which says a figure too. */
const bench = (name, ...args) => ({ kind: 'soak', path: `bench/${name}.ts`, args });
const LONG = { KUALIK_LONG: '1' };
const ZONES = ['UTC', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia'];

/** `quick` runs by default, `long` with --long or by number; a promise without `quick` needs more than its share of a quarter of an hour. */
const PROMISES = [
  { n: 1, what: 'GraphQL over HTTP: 61 audits, 58 met', quick: [jest('test/http-audit')] },
  {
    n: 2,
    what: 'No attack accepted, none slow, none blocking others',
    quick: [jest('test/http-probes'), soak('probes', '5')],
    long: [jest('test/http-probes'), soak('probes', '50')],
  },
  {
    n: 3,
    what: 'Hidden = absent, everywhere',
    quick: [jest('test/rights-fuzz')],
    long: [jest('test/rights-fuzz', undefined, LONG)],
  },
  {
    n: 4,
    what: 'Rights hold below the API',
    quick: [jest(['test/rights-rows', 'test/rights-attacks', 'test/rights-catalog']), jest('test/platform-roles')],
  },
  { n: 5, what: 'No silent edit', quick: [jest('test/audit-')], long: [jest('test/audit-', undefined, LONG)] },
  { n: 6, what: 'Verify is fast enough to run daily', long: [bench('audit-verify', '1000000')] },
  {
    n: 7,
    what: 'No lost update',
    quick: [jest('test/reliability.test', 'of many edits|two servers')],
    long: [jest('test/reliability.test', 'of many edits|two servers', LONG)],
  },
  { n: 8, what: 'An acknowledged write survives', long: [jest('test/reliability-crash', 'acknowledged', LONG)] },
  {
    n: 9,
    what: 'Connection loss is an error, not a death',
    long: [jest('test/reliability-crash', 'cut under load', LONG)],
  },
  {
    n: 10,
    what: 'No hang',
    quick: [jest('test/overload'), jest('test/reliability.test', 'one connection for readers|two servers')],
  },
  { n: 11, what: 'Disk full is survivable', quick: [jest('test/reliability-disk')] },
  { n: 12, what: 'Overload is shed', quick: [jest('test/overload', 'too many|the gate'), soak('overload')] },
  {
    n: 13,
    what: 'Memory is bounded',
    quick: [soak('documents', '10000'), soak('export', '50000'), soak('ndjson', '50000')],
    long: [soak('documents', '100000'), soak('export', '1000000'), soak('ndjson', '1000000')],
  },
  {
    n: 14,
    what: 'Shutdown drops nothing',
    quick: [jest('test/http-server', 'stopping'), soak('shutdown', '1')],
    long: [jest('test/http-server', 'stopping'), soak('shutdown', '10')],
  },
  {
    n: 15,
    what: 'Migrations are safe',
    quick: [jest('test/platform-migrate')],
    long: [
      jest('test/platform-migrate', undefined, LONG),
      { kind: 'missing', why: 'migrations go forward only, and no test migrates 1 M rows under readers' },
    ],
  },
  { n: 16, what: 'Backups restore', long: [jest('test/backup', undefined, LONG)] },
  {
    n: 17,
    what: 'Dates never shift',
    quick: ZONES.map((TZ) =>
      jest(['test/values-', 'test/golden', 'test/timeline', 'test/certificates'], undefined, { TZ }),
    ),
    long: ZONES.map((TZ) => jest(['test/', '!test/reliability', '!test/explorer', '!test/http'], undefined, { TZ })),
  },
  {
    n: 18,
    what: 'Evidence is intact',
    quick: [
      jest('test/verbs-claims', 'capture|custody'),
      { kind: 'missing', why: 'nothing re-hashes on a schedule yet' },
    ],
  },
  {
    n: 19,
    what: 'Data minimum and end of life',
    quick: [jest(['test/sealing-erase', 'test/erase-everything', 'test/retention'])],
  },
  { n: 20, what: 'The dashboard is usable by all', long: [jest('test/dashboard-')] },
];

/** Paths of test files that begin like one of the names; a name that begins with ! takes away. */
function testFiles(names) {
  const all = readdirSync(join(root, 'test'))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file}`);
  const fits = (file, name) => file.startsWith(name);
  return all.filter(
    (file) =>
      names.some((name) => !name.startsWith('!') && fits(file, name)) &&
      !names.some((name) => name.startsWith('!') && fits(file, name.slice(1))),
  );
}

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
    process.exitCode = 1;
  });

/** The exit code, and everything that was written. */
function run(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('close', (code) => {
      running.delete(child);
      resolve({ code, output });
    });
  });
}

async function prove(step, scratch) {
  if (step.kind === 'missing') return { verdict: 'not proven', lines: [step.why] };
  const figures = join(scratch, 'figures');
  rmSync(figures, { force: true });
  const env = { ...step.env, KUALIK_PROMISES: figures };
  const told = () => (existsSync(figures) ? readFileSync(figures, 'utf8').split('\n').filter(Boolean) : []);
  if (step.kind === 'soak') {
    const { code, output } = await run(process.execPath, ['--import', 'tsx', step.path, ...step.args], env);
    const lines = told();
    return code === 0 && lines.length > 0
      ? { verdict: 'holds', lines }
      : { verdict: lines.length > 0 ? 'MISSED' : 'not proven', lines: lines.length > 0 ? lines : [lastLine(output)] };
  }
  const files = testFiles(step.files);
  if (files.length === 0) return { verdict: 'not proven', lines: [`there is no ${step.files[0]}*.test.ts`] };
  const report = join(scratch, 'report.json');
  rmSync(report, { force: true });
  const { output } = await run(
    'npm',
    [
      'test',
      '--',
      '-w',
      '1',
      '--json',
      `--outputFile=${report}`,
      '--runTestsByPath',
      ...files,
      ...(step.titles ? ['-t', step.titles] : []),
    ],
    env,
  );
  if (!existsSync(report)) return { verdict: 'not proven', lines: [lastLine(output)] };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => `failed: ${fullName}`),
  );
  const broken = numRuntimeErrorTestSuites > 0 ? [`${numRuntimeErrorTestSuites} files could not be run`] : [];
  const zone = step.env.TZ ? ` in ${step.env.TZ}` : '';
  const lines = [...told(), `${numPassedTests} tests hold${zone}`, ...failed, ...broken];
  if (failed.length > 0 || numFailedTests > 0) return { verdict: 'MISSED', lines };
  // Skipped tests (no root, no browser) prove nothing.
  return { verdict: broken.length > 0 || numPassedTests === 0 ? 'not proven' : 'holds', lines };
}

const lastLine = (text) => text.trim().split('\n').at(-1) ?? '';

const commandOf = (step) =>
  step.kind === 'missing'
    ? `(${step.why})`
    : step.kind === 'soak'
      ? `node --import tsx ${step.path} ${step.args.join(' ')}`.trim()
      : [
          ...Object.entries(step.env).map(([name, value]) => `${name}=${value}`),
          `npm test -- ${step.files.filter((name) => !name.startsWith('!')).join(' ')}`,
          ...(step.titles ? [`-t '${step.titles}'`] : []),
        ].join(' ');

const args = process.argv.slice(2);
const numbers = args.filter((arg) => /^\d+$/.test(arg)).map(Number);
const unknown = [
  ...args.filter((arg) => !/^\d+$/.test(arg) && !['--long', '--list'].includes(arg)),
  ...numbers.filter((n) => !PROMISES.some((promise) => promise.n === n)),
];
if (unknown.length > 0) {
  console.error(`There is no promise ${unknown.join(', ')}. Usage: npm run promises -- [--long] [--list] [number ...]`);
  process.exit(2);
}
const long = args.includes('--long') || numbers.length > 0;
const chosen = PROMISES.filter(({ n }) => numbers.length === 0 || numbers.includes(n));
const stepsOf = ({ quick, long: all }) => (long ? (all ?? quick) : quick);

if (args.includes('--list')) {
  for (const promise of chosen) {
    console.log(`${String(promise.n).padStart(2)}  ${promise.what}${promise.quick ? '' : '  (--long)'}`);
    for (const step of stepsOf(promise) ?? promise.long) console.log(`      ${commandOf(step)}`);
  }
  process.exit(0);
}

const scratch = mkdtempSync(join(tmpdir(), 'kualik-promises-'));
const tally = { holds: 0, MISSED: 0, 'not proven': 0, 'not run': 0 };
try {
  for (const promise of chosen) {
    const title = `${String(promise.n).padStart(2)}  ${promise.what}`;
    const steps = stepsOf(promise);
    if (!steps) {
      tally['not run']++;
      console.log(`${title}\n    not run: it takes long (npm run promises -- ${promise.n})`);
      continue;
    }
    const started = performance.now();
    const results = [];
    for (const step of steps) results.push(await prove(step, scratch));
    const verdict = ['MISSED', 'not proven', 'holds'].find((one) => results.some((result) => result.verdict === one));
    tally[verdict]++;
    console.log(`${title}\n    ${verdict} (${Math.round((performance.now() - started) / 1000)} s)`);
    for (const line of results.flatMap(({ lines }) => lines)) console.log(`      ${line}`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(
  `\n${Object.entries(tally)
    .map(([word, count]) => `${count} ${word}`)
    .join(', ')}`,
);
process.exitCode = tally.MISSED + tally['not proven'] > 0 ? 1 : 0;
