// Promise 14: SIGTERM with 50 questions of a second and 50 idle connections. Every question is answered, /readyz says 503 at once, and the
// process ends with 0 within ten seconds. `node --import tsx test/soak/shutdown.ts [rounds]`
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { embeddedStatus } from '../../src/db/embedded/index.js';
import { soak, verdict } from './serving.js';

const ROUNDS = Number(process.argv[2] ?? 3);
const QUESTIONS = 50;
const IDLE = 50;
const QUESTION = JSON.stringify({ query: '{ persons(first: 3) { nodes { name } } }' });

interface Round {
  failed: number;
  readySaid: number;
  exit: number | null;
  seconds: number;
}
const rounds: Round[] = [];

for (let round = 0; round < ROUNDS; round++) {
  await soak(async ({ base, dir, ended, terminate }) => {
    const port = Number(new URL(base).port);
    const idle = Array.from({ length: IDLE }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    for (const socket of idle) {
      socket.write('GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
      socket.resume();
    }
    // A lock for a second makes questions of a second.
    const holder = new pg.Client({ connectionString: embeddedStatus(dir).running!.url });
    await holder.connect();
    await holder.query('begin; lock table persons in access exclusive mode');
    const questions = Array.from({ length: QUESTIONS }, () =>
      fetch(`${base}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: QUESTION,
      }).then(
        async (response) => response.status === 200 && !(await response.text()).includes('"errors"'),
        () => false,
      ),
    );
    await sleep(500);
    const started = performance.now();
    terminate();
    await sleep(50);
    const readySaid = await fetch(`${base}/readyz`).then(
      ({ status }) => status,
      () => 0,
    );
    await sleep(450);
    await holder.end();
    const failed = (await Promise.all(questions)).filter((good) => !good).length;
    const exit = await ended;
    rounds.push({ failed, readySaid, exit, seconds: (performance.now() - started) / 1_000 });
    for (const socket of idle) socket.destroy();
  });
}
const worst = Math.max(...rounds.map(({ seconds }) => seconds));
const failed = rounds.reduce((sum, round) => sum + round.failed, 0);
const exits = rounds.map(({ exit }) => exit).join(', ');
const said = rounds.map(({ readySaid }) => readySaid).join(', ');
verdict(
  14,
  `${ROUNDS} x SIGTERM with ${QUESTIONS} questions and ${IDLE} idle connections: ${failed} failed, /readyz ${said}, exit ${exits}, ${worst.toFixed(1)} s at most`,
  failed === 0 && worst <= 10 && rounds.every(({ exit, readySaid }) => exit === 0 && readySaid === 503),
);
