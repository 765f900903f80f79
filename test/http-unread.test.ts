// Answers that nobody reads: the server keeps so many bytes of them and no more, for each who asks and for all, and cuts off who
// takes nothing. Who reads, however slowly, has the whole answer.
import type { Socket } from 'node:net';
import { Outbox, type OutboxLimits } from '../src/http/outbox.js';
import { meterOf, Rates } from '../src/http/rate.js';
import { testServer, type TestServer } from './support/http.js';

const MB = 1_000_000;
/** More than the kernel keeps for a connection; an answer is 17 MB. */
const FAT = JSON.stringify({
  query: `query ($n: String!) { ${Array.from({ length: 19 }, (_, at) => `a${at}: hello(name: $n)`).join(' ')} }`,
  variables: { n: 'x'.repeat(900_000) },
});
const FAT_CHANGE = JSON.stringify({
  query: `mutation ($n: String!) { ${Array.from({ length: 19 }, (_, at) => `a${at}: save(value: $n)`).join(' ')} }`,
  variables: { n: 'x'.repeat(900_000) },
});

const request = (who: string, body = FAT): string =>
  `POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-who: ${who}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

const serverWith = (outbox: OutboxLimits): Promise<TestServer> =>
  testServer({ outbox, share: (_, { headers }) => ({ key: String(headers['x-who']), known: true }) });

/** Asks for much and reads nothing of it; resolves when the answer is made. */
async function leaveUnread(server: TestServer, who: string): Promise<Socket> {
  const before = server.log.filter(({ msg }) => msg === 'operation').length;
  const socket = server.open();
  socket.pause();
  socket.write(request(who));
  while (server.log.filter(({ msg }) => msg === 'operation').length === before)
    await new Promise((resolve) => setTimeout(resolve, 5));
  return socket;
}

const askFor = (server: TestServer, who: string, body = FAT) => server.post(body, { 'x-who': who });

test('what waits to be read has a limit for each who asks and one for all; a change whose answer has no room is undone', async () => {
  const server = await serverWith({ all: 60 * MB, each: 30 * MB, stall: 60_000 });
  const sockets = [await leaveUnread(server, 'amina')];
  const second = await askFor(server, 'amina');
  expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
  expect(second.json.errors[0]).toMatchObject({
    message: expect.stringMatching(/read those answers/) as string,
    extensions: { code: 'UNAVAILABLE', rule: 'overload', retryable: true },
  });
  expect((await askFor(server, 'amina', FAT_CHANGE)).status).toBe(503);
  expect(server.contexts.at(-1)!.closed!.error).toBeInstanceOf(Error);
  // Little fits, and others are not concerned.
  expect((await server.ask('{ hello }', undefined, { 'x-who': 'amina' })).status).toBe(200);
  expect((await askFor(server, 'beko')).status).toBe(200);

  sockets.push(await leaveUnread(server, 'beko'), await leaveUnread(server, 'dana'));
  const other = await askFor(server, 'erlan');
  expect([other.status, other.json.errors[0].message]).toEqual([503, expect.stringMatching(/^Too many answers/)]);
  expect((await fetch(`${server.base}/livez`)).status).toBe(200);

  // Gone without reading: the room is there again.
  for (const socket of sockets) socket.destroy();
  while ((await askFor(server, 'amina')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
  await server.stop();
}, 60_000);

test('who takes nothing of an answer is cut off, who reads slowly is not', async () => {
  const server = await serverWith({ all: 60 * MB, each: 30 * MB, stall: 3_000 });
  const deaf = await leaveUnread(server, 'amina');
  while ((await askFor(server, 'amina')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
  deaf.destroy();

  const slow = server.open();
  slow.write(request('beko'));
  let read = 0;
  for await (const chunk of slow) {
    const bytes = (chunk as Buffer).length;
    // Three pauses of about half the time allowed: more together than it.
    if (Math.floor(read / (5 * MB)) < Math.floor((read + bytes) / (5 * MB)))
      await new Promise((resolve) => setTimeout(resolve, 1_600));
    read += bytes;
  }
  expect(read).toBeGreaterThan(17 * MB);
  await server.stop();
}, 60_000);

test('answers that stand behind an unread one give their room back when the connection ends', async () => {
  const server = await serverWith({ all: 60 * MB, each: 60 * MB, stall: 60_000 });
  const socket = server.open();
  socket.pause();
  const operations = () => server.log.filter(({ msg }) => msg === 'operation').length;
  // Sent at once, the first of them takes a moment, so that the second is answered before it and has to stand behind it.
  const slow = '{"query":"{ slow(ms: 2000) }"}';
  const keep = (body: string) => request('amina', body).replace('connection: close\r\n', '');
  socket.write(keep(slow) + keep(FAT));
  while (operations() < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
  for (const who of ['beko', 'dana', 'erlan'])
    while ((await askFor(server, who)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
  const sockets = [];
  for (const who of ['beko', 'dana', 'erlan']) sockets.push(await leaveUnread(server, who));
  // 51 of 60 MB wait, all of them of these three.
  const { status } = await server.ask(`{ hello(name: "${'x'.repeat(40_000)}") }`, undefined, { 'x-who': 'faruk' });
  expect(status).toBe(200);
  for (const one of sockets) one.destroy();
  await server.stop();
}, 60_000);

test('before anything is asked of the database, a full outbox refuses', async () => {
  const server = await serverWith({ all: 10 * MB, each: 10 * MB, stall: 60_000 });
  const fitting = FAT.replaceAll(/a1\d: hello\(name: \$n\)/g, ''); // 9 MB
  expect((await askFor(server, 'amina', fitting)).status).toBe(200);
  expect((await askFor(server, 'amina')).status).toBe(503); // more than there is for all
  await server.stop();
});

describe('the outbox', () => {
  const account = (key: string) => ({ key, known: true });
  const stranger = (key: string) => ({ key, known: false });

  test('gives back what was taken, and takes nothing for who has left', () => {
    const outbox = new Outbox({ all: 100, each: 50, stall: 1 });
    const room = outbox.room(account('a'));
    room.take(30);
    room.take(20); // of the same answer, made again
    room.take(40);
    expect(outbox.waiting).toBe(40);
    expect(() => outbox.room(account('a')).take(11)).toThrow(/read those answers/);
    outbox.check(account('a'));
    room.release();
    room.take(10);
    expect(outbox.waiting).toBe(0);
  });

  test('one answer may be larger than the share of who waits for nothing else', () => {
    const outbox = new Outbox({ all: 100, each: 50, stall: 1 });
    outbox.room(account('a')).take(60);
    expect(() => outbox.check(account('a'))).toThrow(/read those answers/);
    outbox.check(account('b'));
  });

  test('strangers from any number of addresses leave half of it to accounts', () => {
    const outbox = new Outbox({ all: 100, each: 50, stall: 1 });
    outbox.room(stranger('1')).take(25);
    outbox.room(stranger('2')).take(25);
    expect(() => outbox.check(stranger('3'))).toThrow(/Too many answers/);
    outbox.check();
    outbox.room(account('a')).take(50);
    expect(() => outbox.check()).toThrow(/Too many answers/);
  });
});

test('the length of an answer is paid afterwards: a point for every 10 kB beyond the first 100', async () => {
  const rates = new Rates({ perMinute: 1_000, now: () => 0 });
  const server = await testServer({ meter: () => meterOf(rates, 'one') });
  const said = await server.post(FAT);
  expect([said.status, said.headers.get('ratelimit')]).toEqual([200, expect.stringMatching(/r=0;/)]);
  expect(rates.left('one')).toBe(1_000 - 1 - Math.ceil((JSON.stringify(said.json).length + 1 - 100_000) / 10_000));
  expect((await server.ask('{ hello }')).status).toBe(429);
  await server.stop();
});
