// Makes one load over plain sockets: requests are written as they will be sent, answers are cut by their content-length or
// their chunks, so that the client costs a fraction of what a server does. In a process of its own, driven over IPC.
import { connect, type Socket } from 'node:net';
import type { Job, Result } from './job.js';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const DATA = Buffer.from('{"data":{');
const ERRORS = Buffer.from('"errors":');

/** The bytes of the first whole answer in the buffer, or undefined when it is not all there. */
function wholeAnswer(buffer: Buffer): { length: number; head: number } | undefined {
  const end = buffer.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = buffer.toString('latin1', 0, end).toLowerCase();
  const sized = /\r\ncontent-length: (\d+)/.exec(head);
  if (sized) {
    const length = end + 4 + Number(sized[1]);
    return buffer.length >= length ? { length, head: end + 4 } : undefined;
  }
  if (!head.includes('\r\ntransfer-encoding: chunked')) throw new Error(`An answer without a length: ${head}`);
  for (let at = end + 4; ;) {
    const line = buffer.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(buffer.toString('latin1', at, line), 16);
    at = line + 2 + size + 2;
    if (buffer.length < at) return undefined;
    if (size === 0) return { length: at, head: end + 4 };
  }
}

function isGood(buffer: Buffer, head: number, length: number): boolean {
  if (buffer.toString('latin1', 9, 12) !== '200') return false;
  const start = buffer.indexOf(DATA, head);
  if (start < 0 || start > head + 16) return false;
  // Errors stand beside the data, at one of its ends.
  return buffer.indexOf(ERRORS, Math.max(head, length - 2_000)) < 0;
}

async function run(job: Job): Promise<Result> {
  const names = { host: `127.0.0.1:${job.port}`, connection: 'keep-alive', ...job.headers };
  const head = `POST ${job.path} HTTP/1.1\r\n${Object.entries(names).map(([name, value]) => `${name}: ${value}\r\n`).join('')}`; // prettier-ignore
  const requests = job.bodies.map((body) =>
    Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
  );
  const times: number[] = [];
  const result = { requests: 0, failures: 0, bytes: 0, firstFailure: undefined as string | undefined };
  const started = performance.now();
  const until = started + job.seconds * 1000;

  const connection = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect({ port: job.port, host: '127.0.0.1', noDelay: true });
      let next = job.from + Math.floor((index * requests.length) / job.connections);
      let sent = 0;
      let kept: Buffer = Buffer.alloc(0);
      const send = (): void => {
        sent = performance.now();
        socket.write(requests[next++ % requests.length]!);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('close', () => resolve());
      socket.on('data', (chunk) => {
        kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
        const found = wholeAnswer(kept);
        if (!found) return;
        const now = performance.now();
        times.push(now - sent);
        result.requests += 1;
        result.bytes += found.length - found.head;
        if (!isGood(kept, found.head, found.length)) {
          result.failures += 1;
          result.firstFailure ??= kept.toString('utf8', 0, 600);
        }
        kept = Buffer.alloc(0);
        if (now >= until) socket.destroy();
        else send();
      });
    });

  await Promise.all(Array.from({ length: job.connections }, (_, index) => connection(index)));
  const seconds = (performance.now() - started) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
  return {
    ...result,
    seconds,
    p50: at(0.5),
    p99: at(0.99),
    bytes: Math.round(result.bytes / Math.max(1, result.requests)),
  };
}

process.on('message', (job: Job) => {
  run(job).then(
    (result) => process.send!(result),
    (error: Error) => process.send!({ failed: error.message }),
  );
});
// The parent is gone: nobody is left to load for.
process.on('disconnect', () => process.exit());
