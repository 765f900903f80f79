// Promise 12: 2,000 clients at once for 10 seconds. 64 questions run, 256 wait at most, the rest is told within 100 ms to come back in a
// second, and does. Who is admitted has an answer within 2 s (99 of 100), the server stays below 512 MB, and its health is answered.
// `node --import tsx test/soak/overload.ts [clients] [seconds] [rude]`; rude clients do not wait before they ask again.
import { connect, type Socket } from 'node:net';
import { loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { soak, verdict } from './serving.js';

const CLIENTS = Number(process.argv[2] ?? 2_000);
const SECONDS = Number(process.argv[3] ?? 10);
const RUDE = process.argv[4] === 'rude';

const QUESTION = JSON.stringify({
  query: '{ persons(first: 10) { nodes { name verification events(first: 5) { nodes { title } } } } }',
});

interface Said {
  status: number;
  ms: number;
}

/** One client with one connection, by bare sockets: 2,000 of them must not cost more than the server that is measured. */
class Client {
  #socket: Socket | undefined;
  constructor(
    private readonly port: number,
    private readonly bytes: string,
  ) {}

  /** Connected, and taken by the server: one small question has been answered. */
  open(): Promise<Said> {
    return this.ask(request('GET', '/livez'));
  }

  ask(bytes = this.bytes): Promise<Said> {
    return new Promise((resolve) => {
      const started = performance.now();
      let got = '';
      const socket = (this.#socket ??= connect(this.port, '127.0.0.1')
        .setEncoding('latin1')
        .setNoDelay()
        .on('error', () => undefined));
      const end = (status: number): void => {
        socket.off('data', onData).off('close', onClose);
        resolve({ status, ms: performance.now() - started });
      };
      const onClose = (): void => {
        this.#socket = undefined;
        end(0);
      };
      const onData = (chunk: string): void => {
        got += chunk;
        const head = got.indexOf('\r\n\r\n');
        if (head < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(got)?.[1] ?? 0);
        if (got.length < head + 4 + length) return;
        if (/\r\nconnection: close/i.test(got.slice(0, head))) {
          this.#socket = undefined;
          socket.destroy();
        }
        end(Number(got.slice(9, 12)));
      };
      socket.on('data', onData).on('close', onClose);
      socket.write(bytes);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }
}

const request = (method: string, path: string, body = ''): string =>
  `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}

await soak(async ({ base, rss }) => {
  const port = Number(new URL(base).port);
  const warm = new Client(port, request('POST', '/graphql', QUESTION));
  for (let n = 0; n < 200; n++) await warm.ask();
  warm.close();
  const before = rss();

  // Their connections are open before they ask: Node takes one new connection in each turn of its loop, so that 2,000 of them that
  // come while it works would wait for that, whatever the gate does (docs/decisions/0019-overload.md).
  const clients = Array.from({ length: CLIENTS }, () => new Client(port, request('POST', '/graphql', QUESTION)));
  const connecting = performance.now();
  await Promise.all(clients.map((one) => one.open()));
  console.info(
    `${CLIENTS} connections in ${Math.round(performance.now() - connecting)} ms; load of this computer ${loadavg()[0]!.toFixed(1)}`,
  );

  const said: Said[] = [];
  const lag = monitorEventLoopDelay({ resolution: 5 });
  lag.enable();
  const until = performance.now() + SECONDS * 1_000;
  async function client(one: Client): Promise<void> {
    while (performance.now() < until) {
      const answer = await one.ask();
      said.push(answer);
      if (answer.status !== 200 && !RUDE) await sleep(1_000 + Math.random() * 500);
    }
    one.close();
  }
  let most = before;
  const health: Record<string, Said[]> = { '/livez': [], '/readyz': [], '/sign-in/': [] };
  async function watch(path: string): Promise<void> {
    const one = new Client(port, request('GET', path));
    await one.open();
    while (performance.now() < until) {
      health[path]!.push(await one.ask());
      most = Math.max(most, rss());
      await sleep(200);
    }
    one.close();
  }
  await Promise.all([...clients.map(client), ...Object.keys(health).map(watch)]);
  lag.disable();

  const of = (status: number): number[] => said.filter((one) => one.status === status).map(({ ms }) => ms);
  const [answered, refused, lost] = [of(200), of(503), of(0)];
  const other = said.length - answered.length - refused.length - lost.length;
  const own = Math.round(lag.percentile(99) / 1e6);
  for (const [path, answers] of Object.entries(health)) {
    const kinds = [...new Set(answers.map(({ status }) => status))].join(', ');
    console.info(
      `${path}: ${answers.length} answers (${kinds}), slowest ${quantile(
        answers.map(({ ms }) => ms),
        1,
      )} ms`,
    );
  }
  console.info(
    `memory ${before.toFixed(0)} -> ${most.toFixed(0)} MB; ${lost.length} lost, ${other} others; the clients' own delay (p99) ${own} ms`,
  );
  for (const [what, list] of [
    ['answered', answered],
    ['refused', refused],
  ] as const)
    console.info(
      `${what} ${list.length}: p50 ${quantile(list, 0.5)}, p90 ${quantile(list, 0.9)}, p99 ${quantile(list, 0.99)}, most ${quantile(list, 1)} ms`,
    );
  const healthy = ['/livez', '/readyz'].every((path) => health[path]!.every(({ status }) => status === 200));
  const [p99, refusal] = [quantile(answered, 0.99), quantile(refused, 0.99)];
  verdict(
    12,
    `${CLIENTS} ${RUDE ? 'rude ' : ''}clients, ${SECONDS} s: ${answered.length} answered (p99 ${p99} ms), ${refused.length} refused ` +
      `(p50 ${quantile(refused, 0.5)}, p99 ${refusal} ms), ${lost.length} lost, ${most.toFixed(0)} MB, health ${healthy ? 'answered' : 'NOT ANSWERED'}`,
    p99 <= 2_000 && refusal <= 100 && most <= 512 && lost.length + other === 0 && healthy && answered.length > 0,
  );
});
