// Who a process is, not only its number: numbers are reused, above all after a restart of the machine.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  pid: number;
  /** When it started, in a form that only this module compares; null where the system does not tell. */
  started: string | null;
}

function linuxState(pid: number): { state: string; started: string } | undefined {
  try {
    // The command name in brackets may hold anything, so count from the last bracket: state is field 3, start time 22.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { state: fields[0] ?? '', started: `${boot}/${fields[19]}` };
  } catch {
    return undefined;
  }
}

function startOf(pid: number): string | null {
  if (process.platform === 'linux') return linuxState(pid)?.started ?? null;
  if (process.platform === 'win32') return null;
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim() || null;
  } catch {
    return null;
  }
}

/** Is there a living process of that number? A zombie (dead, not yet reaped) is not living. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return process.platform !== 'linux' || !['Z', 'X'].includes(linuxState(pid)?.state ?? '');
}

export const myself = (): ProcessIdentity => ({ pid: process.pid, started: startOf(process.pid) });

/** Is that very process still running? Where start times are unknown the number alone decides, to the safe side: yes. */
export function isSameRunning({ pid, started }: ProcessIdentity): boolean {
  if (!isAlive(pid)) return false;
  const now = started === null ? null : startOf(pid);
  return now === null || now === started;
}

export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(text) as ProcessIdentity;
    return Number.isInteger(value.pid) ? { pid: value.pid, started: value.started ?? null } : undefined;
  } catch {
    return undefined;
  }
}
