// Connections of one address: so many at once and no more, none that says nothing, and neither for a proxy that is listed.
import { once } from 'node:events';
import { BlockList, type Socket } from 'node:net';
import { openMetrics } from '../src/observe/metrics.js';
import { testServer } from './support/http.js';

const closed = (socket: Socket): Promise<unknown> => once(socket.resume(), 'close');

/** Taken by the server, and answered. */
async function taken(socket: Socket): Promise<boolean> {
  socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const said = await Promise.race([once(socket, 'data'), closed(socket).then(() => undefined)]);
  return said !== undefined;
}

test('an address has so many connections at once; when one ends, there is room for another', async () => {
  const refused: string[] = [];
  const metrics = { ...openMetrics(), refused: (rule: string) => void refused.push(rule) };
  const server = await testServer({ crowd: { each: 5, exemptLoopback: false }, observing: { metrics } });
  const sockets = Array.from({ length: 5 }, () => server.open());
  for (const socket of sockets) expect(await taken(socket)).toBe(true);
  expect(await taken(server.open())).toBe(false);
  expect(await taken(server.open())).toBe(false);
  expect(server.log.filter(({ msg }) => /one address/.test(String(msg)))).toEqual([
    expect.objectContaining({ most: 5, level: 40 }),
  ]);
  expect(refused).toEqual(['connections', 'connections']);
  sockets[0]!.destroy();
  let last = server.open();
  while (!(await taken(last))) last = server.open();
  for (const socket of [...sockets, last]) socket.destroy();
  await server.stop();
});

test.each<[string, object]>([
  ['a listed proxy', { exemptLoopback: false, exempt: proxies() }],
  ['this very machine', {}],
])('%s has as many as it needs', async (_, crowd) => {
  const server = await testServer({ crowd: { each: 5, ...crowd } });
  const sockets = Array.from({ length: 20 }, () => server.open());
  expect(await Promise.all(sockets.map(taken))).toEqual(Array(20).fill(true));
  for (const socket of sockets) socket.destroy();
  await server.stop();
});

test('a connection that says nothing is closed, without an answer, and long before one that was begun', async () => {
  const server = await testServer({ crowd: { silence: 100 } });
  const begun = server.open();
  begun.write('GET /livez HTTP/1.1\r\n');
  const silent = Array.from({ length: 20 }, () => server.open());
  await Promise.all(silent.map(closed));
  expect(silent.map(({ bytesRead }) => bytesRead)).toEqual(Array(20).fill(0));
  begun.write('host: localhost\r\nconnection: close\r\n\r\n');
  expect(String((await once(begun, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
  await server.stop();
});

function proxies(): BlockList {
  const list = new BlockList();
  list.addAddress('127.0.0.1');
  return list;
}
