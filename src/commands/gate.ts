// Accounts from the host's command line, beside a running server or without one. What a script wants to read stands alone
// on standard output; everything said on the way goes to standard error.
import { gateOf, type Gate } from '../accounts/gate.js';
import { ROLES, type Level, type Role } from '../accounts/viewer.js';
import type { Config } from '../config.js';
import { createDataSource } from '../db/data-source.js';
import { PlainError } from '../db/plain-error.js';
import { DomainError } from '../errors.js';
import { formatDuration, parseDuration } from '../values/duration.js';
import { InvalidValue } from '../values/invalid-value.js';
import { openDatabase } from './database.js';
import { orStopped, type Life } from './life.js';
import { sayAside } from './say.js';

/** Runs `work` on the accounts of the configured database, which is started and brought up to date if need be. */
export async function withGate<T>(config: Config, life: Life, work: (gate: Gate) => Promise<T>): Promise<T> {
  sayAside();
  const { gateUrl } = await openDatabase(config, life);
  const pool = await createDataSource({ url: gateUrl, poolSize: 1 }).initialize();
  try {
    return await orStopped(life, work(gateOf(pool)));
  } catch (error) {
    // A rule that was broken is said in its own words.
    throw error instanceof DomainError ? new PlainError(error.message, { cause: error }) : error;
  } finally {
    await pool.destroy();
  }
}

export const print = (text: string): void => void process.stdout.write(`${text}\n`);

class WrongCall extends PlainError {
  override readonly exitCode = 2;
}

/** `reader,editor` or the option given twice. */
export function readRoles(given: readonly string[]): Role[] {
  const names = given.flatMap((text) => text.split(',')).map((text) => text.trim());
  const wrong = names.find((name) => !ROLES.includes(name as Role));
  if (wrong !== undefined) throw new WrongCall(`"${wrong}" is not a role; the roles are ${ROLES.join(', ')}.`);
  return names as Role[];
}

export function readLevel(given: string): Level {
  if (!/^[0-3]$/.test(given))
    throw new WrongCall(`"${given}" is not a level; the levels are 0 public, 1 internal, 2 restricted, 3 sealed.`);
  return Number(given) as Level;
}

/** ISO 8601, such as P30D. */
export function readDuration(given: string): string {
  try {
    return formatDuration(parseDuration(given));
  } catch (error) {
    throw error instanceof InvalidValue ? new WrongCall(error.message) : error;
  }
}

/** Columns as wide as their longest entry. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [head, ...lines];
  const widths = head.map((_, at) => Math.max(...all.map((line) => line[at]!.length)));
  return all
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
