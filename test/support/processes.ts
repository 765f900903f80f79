// Child processes for tests: real ones, killed only by their own number, and cleaned up at the end of the file.
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/paths.js';

export interface Child {
  process: ChildProcess;
  /** Everything written so far. */
  output(): string;
  /** Resolves with the first line of standard output that fits; rejects when the child ends without it. */
  line(pattern: RegExp): Promise<string>;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const children = new Set<ChildProcess>();

/** Runs a TypeScript file of this package with tsx, in its own environment. */
export function runScript(file: string, args: string[], options: SpawnOptions = {}): Child {
  const child = spawn(process.execPath, ['--import', 'tsx', join(packageRoot, file), ...args], {
    cwd: packageRoot,
    ...options,
    env: { PATH: process.env.PATH, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  const waiting = new Set<{ pattern: RegExp; resolve: (line: string) => void; reject: (error: Error) => void }>();
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line);
    output += `${line}\n`;
    for (const wait of waiting) if (wait.pattern.test(line)) wait.resolve(line);
  });
  child.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => {
    children.delete(child);
    for (const { reject, pattern } of waiting) reject(new Error(`ended without a line like ${pattern}:\n${output}`));
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  return {
    process: child,
    output: () => output,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const seen = lines.find((line) => pattern.test(line));
        if (seen !== undefined) resolve(seen);
        else waiting.add({ pattern, resolve, reject });
      }),
    ended,
  };
}

export async function killChildren(): Promise<void> {
  await Promise.all(
    [...children].map((child) => {
      child.kill('SIGKILL');
      return once(child, 'close');
    }),
  );
}
