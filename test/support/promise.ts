// How a test or a soak tells `npm run promises` what it measured: one line of a file, or of the screen where no file is named.
import { appendFileSync } from 'node:fs';

export function promise(number: number, figure: string): void {
  const line = `PROMISE ${number}: ${figure}`;
  const file = process.env.KUALIK_PROMISES;
  if (file === undefined) process.stdout.write(`${line}\n`);
  else appendFileSync(file, `${line}\n`);
}
