import { Agent, request } from 'node:http';
import { fork } from 'node:child_process';
if (process.send) {
  const { testServer, schema } = await import('./support/http.ts');
  const { startServer } = await import('../src/server.ts');
  const { pino } = await import('pino');
  const s = await startServer<any>({ schema, openContext: async (info) => ({ contextValue: { info }, close: async () => {} }), ready: async () => true, port: 0, host: '127.0.0.1', logger: pino({ level: 'silent' }) });
  process.send({ port: s.port });
  process.on('message', () => { (globalThis as any).gc?.(); process.send!({ rss: process.memoryUsage().rss / 1e6, heap: process.memoryUsage().heapUsed / 1e6, cpu: process.cpuUsage() }); });
} else {
  const child = fork(import.meta.filename, { execArgv: ['--import', 'tsx', '--expose-gc'] });
  const next = () => new Promise<any>((r) => child.once('message', r));
  const { port } = await next();
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const post = (query: string) => new Promise<void>((res, rej) => { const b = JSON.stringify({ query }); const r = request({ port, host: '127.0.0.1', path: '/graphql', method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': b.length } }, (m) => m.resume().once('end', () => m.statusCode === 200 ? res() : rej(new Error(String(m.statusCode))))); r.on('error', rej); r.end(b); });
  const stat = async () => { child.send('x'); return next(); };
  const run = async (n: number, q: (i: number) => string) => { let i = 0; await Promise.all(Array.from({ length: 16 }, async () => { while (i < n) await post(q(i++)); })); };
  await run(3000, () => '{ hello }');
  const a = await stat(); let t = performance.now();
  await run(20000, () => '{ hello }');
  const b = await stat(); console.log('same doc rps', 20000 / (performance.now() - t) * 1000, 'cpu ms/req', (b.cpu.user + b.cpu.system - a.cpu.user - a.cpu.system) / 20000 / 1000);
  t = performance.now();
  await run(100000, (i) => `query Q${i} { a${i}: hello(name: "x${i}") person { name } }`);
  const c = await stat(); console.log('distinct rps', 100000 / (performance.now() - t) * 1000, 'rss before', b.rss, 'after', c.rss, 'heap', b.heap, c.heap);
  child.kill(); agent.destroy();
}
