// Browsers that have signed in before (OWASP's device cookies). Such a browser has a count of wrong passwords of its own, so
// strangers who guess at a login cannot lock its owner out. The cookie proves nothing else, and needs no table.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { todayUtc } from '../values/today.js';

const mac = (key: Buffer, body: string, login: string): string =>
  createHmac('sha256', key).update(`${body}\0${login}`).digest('base64url');

export function newDevice(key: Buffer, login: string): string {
  const body = `${todayUtc()}.${randomBytes(12).toString('base64url')}`;
  return `${body}.${mac(key, body, login)}`;
}

/** The name of the browser, if it has signed in with this login in the last two calendar years. */
export function knownDevice(key: Buffer, login: string, cookie: string | undefined): string | undefined {
  const [, day = '', id = '', given = ''] = /^(\d{4}-\d\d-\d\d)\.([\w-]{16})\.([\w-]{43})$/.exec(cookie ?? '') ?? [];
  if (id === '') return undefined;
  const right = Buffer.from(mac(key, `${day}.${id}`, login));
  const fits = timingSafeEqual(right, Buffer.from(given));
  return fits && Number(todayUtc().slice(0, 4)) - Number(day.slice(0, 4)) <= 1 ? id : undefined;
}
