// Many small writes in few flights, and still to know which of them the database refuses: a flight that fails is taken
// back to its savepoint and flown again in halves. What is refused only because of a row that changes later in the same
// load (two periods that move, two numbers that swap) is tried again after it.
import type { HeldConnection } from '../db/held-connection.js';
import { isRefusal, type DatabaseError } from '../db/refusal.js';
import type { Rows } from '../records/loaders.js';
import type { Place } from './problem.js';

export interface Task {
  at: Place;
  /** What it is about, for the person who reads the refusal. */
  about: string;
  /** Tasks of a lower depth come first. */
  depth: number;
  /** False while what it needs has not been written. */
  isReady(): boolean;
  /** Asks for one statement before it returns. May be run again after it was rolled back. */
  run(): Promise<void>;
}

export interface Refusal {
  task: Task;
  error: DatabaseError;
}

const FLIGHT = 100;

/** For what records and claims share with the graph. */
export const rowsOf = (connection: HeldConnection): Rows => ({
  rows: (name, text, values) => connection.rows(name, text, [...values], ''),
});

/** Runs all that can be run, and gives what is still refused when nothing more succeeds. */
export async function settle(connection: HeldConnection, tasks: readonly Task[]): Promise<Refusal[]> {
  let waiting = [...tasks].sort((a, b) => a.depth - b.depth);
  for (;;) {
    const refusals: Refusal[] = [];
    const blocked: Task[] = [];
    for (const level of byDepth(waiting)) {
      const ready = level.filter((task) => task.isReady());
      blocked.push(...level.filter((task) => !ready.includes(task)));
      for (let i = 0; i < ready.length; i += FLIGHT)
        refusals.push(...(await fly(connection, ready.slice(i, i + FLIGHT))));
    }
    const left = refusals.length + blocked.length;
    if (refusals.length === 0 || left === waiting.length) return refusals;
    waiting = [...refusals.map(({ task }) => task), ...blocked].sort((a, b) => a.depth - b.depth);
  }
}

function byDepth(sorted: readonly Task[]): Task[][] {
  const levels: Task[][] = [];
  for (const task of sorted) {
    const last = levels.at(-1);
    if (last && last[0]!.depth === task.depth) last.push(task);
    else levels.push([task]);
  }
  return levels;
}

async function fly(connection: HeldConnection, tasks: readonly Task[]): Promise<Refusal[]> {
  const flight = await Promise.allSettled([
    connection.send('savepoint flight'),
    ...tasks.map((task) => task.run()),
    connection.send('release savepoint flight'),
  ]);
  // Statements run in order, so the first failure is the cause of the others.
  const failed = flight.find((outcome) => outcome.status === 'rejected');
  if (!failed) return [];
  if (!isRefusal(failed.reason)) throw failed.reason;
  await Promise.all([connection.send('rollback to savepoint flight'), connection.send('release savepoint flight')]);
  if (tasks.length === 1) return [{ task: tasks[0]!, error: failed.reason }];
  const half = Math.ceil(tasks.length / 2);
  return [...(await fly(connection, tasks.slice(0, half))), ...(await fly(connection, tasks.slice(half)))];
}
