// What processes cost, read from /proc: CPU time of a process, or of a database server with all its backends; memory.
import * as fs from 'node:fs';

/** USER_HZ, which Linux fixes at 100 for what /proc shows. */
const MS_A_TICK = 10;

interface Stat {
  parent: number;
  /** Milliseconds, its ended children included where asked for. */
  own: number;
  ended: number;
}

function stat(pid: number): Stat | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in brackets and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number); // prettier-ignore
    return {
      parent: fields[1]!,
      own: (fields[11]! + fields[12]!) * MS_A_TICK,
      ended: (fields[13]! + fields[14]!) * MS_A_TICK,
    };
  } catch {
    return undefined;
  }
}

/** Milliseconds of CPU so far; 0 where there is no /proc. */
export const cpuOf = (pid: number): number => stat(pid)?.own ?? 0;

/** The same of a process, its children, and those of them that have ended. */
export function cpuOfFamily(pid: number): number {
  const self = stat(pid);
  if (!self) return 0;
  const others = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number); // prettier-ignore
  const children = others.map(stat).filter((found) => found?.parent === pid);
  return children.reduce((sum, child) => sum + child!.own, self.own + self.ended);
}

/** Megabytes. */
export function memoryOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
