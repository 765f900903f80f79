// Processes that the bench starts, waited for by a line they print, and ended by their own number.
import * as fs from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { dirname, join } from 'node:path';
import { packageRoot } from '../src/paths.js';

export interface Child {
  pid: number;
  /** What the pattern caught in the line that was waited for. */
  found: RegExpExecArray;
  end(): Promise<void>;
}

export interface Start {
  /** Of its log: what it says on standard error goes into a file, since reading it here would cost what is measured. */
  name: string;
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** The child is up when it prints such a line. */
  ready: RegExp;
  withinSeconds?: number;
}

const KEPT = 4_000;

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(late);
}

/** @throws what the child said, when it ends or keeps silent before it is ready. */
export async function startChild({ name, command, args, cwd, env, ready, withinSeconds = 60 }: Start): Promise<Child> {
  const logFile = join(packageRoot, '.data', 'bench', `${name}.log`);
  fs.mkdirSync(dirname(logFile), { recursive: true });
  const log = fs.openSync(logFile, 'w');
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', log],
  });
  fs.closeSync(log);
  let said = '';
  const keep = (text: string): void => void (said = (said + text).slice(-KEPT));
  const found = await new Promise<RegExpExecArray>((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new Error(`${name} ${why}:\n${said}${fs.readFileSync(logFile, 'utf8').slice(-KEPT)}`));
    const late = setTimeout(() => fail(`was not ready within ${withinSeconds} s`), withinSeconds * 1000);
    child.once('error', reject);
    child.once('exit', () => fail('ended before it was ready'));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      keep(`${line}\n`);
      const match = ready.exec(line);
      if (!match) return;
      clearTimeout(late);
      resolve(match);
    });
  }).catch(async (error: unknown) => {
    await end(child);
    throw error;
  });
  return { pid: child.pid!, found, end: () => end(child) };
}

/** To the end, quietly; throws what it said when it fails. */
export async function runChild(
  command: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<void> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${said.slice(-KEPT)}`);
}
