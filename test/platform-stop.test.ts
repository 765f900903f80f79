// The promise that shutting down drops nothing: a real process, a real signal, bare sockets that count every byte.
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { killChildren, runScript } from './support/processes.js';
import { testServerUrl } from './support/test-server.js';

afterAll(killChildren);

const ROUNDS = 3;
const BODY = '{"query":"{slow}"}';
const HEAD = `host: localhost\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n`;
const QUESTION = `POST /graphql HTTP/1.1\r\n${HEAD}\r\n${BODY}`;

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Everything that comes until the server closes. */
async function all(socket: Socket): Promise<string> {
  let got = '';
  for await (const chunk of socket) got += String(chunk);
  return got;
}

async function get(port: number, path: string): Promise<string> {
  const socket = await open(port);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  return all(socket);
}

test('SIGTERM with 50 slow questions and 50 idle connections: every question that had arrived is answered, and it ends with 0', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const child = runScript('test/support/stop-child.ts', [testServerUrl()]);
    const port = Number(/\d+/.exec(await child.line(/listening/))![0]);
    const idle = await Promise.all(Array.from({ length: 50 }, () => open(port)));
    for (const socket of idle) socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await Promise.all(idle.map((socket) => once(socket, 'data')));
    for (const socket of idle) socket.resume();
    const asking = await Promise.all(Array.from({ length: 50 }, () => open(port)));
    const answers = asking.map(all);
    // Half of them are being worked on; the other half has only just been written when the signal comes.
    for (const socket of asking.slice(0, 25)) socket.write(QUESTION);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await Promise.all(
      asking.slice(25).map((socket) => new Promise<unknown>((resolve) => socket.write(QUESTION, resolve))),
    );
    child.process.kill('SIGTERM');
    await child.line(/Stopping/);
    expect(await get(port, '/readyz')).toMatch(/^HTTP\/1\.1 503 /);
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toMatch(/connection: close\r\n/i);
      expect(answer.endsWith('{"data":{"slow":1}}\n')).toBe(true);
    }
    expect(await child.ended).toEqual({ code: 0, signal: null });
  }
}, 90_000);
