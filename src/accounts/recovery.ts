// Recovery codes: for who lost the telephone. Ten, each good once, 80 bits, so a fast hash will do.
import { randomBytes } from 'node:crypto';
import type { Rows } from './gate.js';
import { hashOf } from './secrets.js';
import { base32 } from './totp.js';

const CODES = 10;

const kept = (accountId: number, code: string): Buffer => hashOf(`${accountId}:${code}`);

/** New ones; the old ones stop working. Shown once. */
export async function newRecoveryCodes(rows: Rows, accountId: number): Promise<string[]> {
  const codes = Array.from({ length: CODES }, () => base32(randomBytes(10)).toLowerCase());
  await rows('delete from auth.recovery_codes where account_id = $1', [accountId]);
  await rows('insert into auth.recovery_codes (account_id, hash) select $1, unnest($2::bytea[])', [
    accountId,
    codes.map((code) => kept(accountId, code)),
  ]);
  return codes.map((code) => code.match(/.{4}/g)!.join('-'));
}

/** True for one caller per code. */
export async function useRecoveryCode(rows: Rows, accountId: number, code: unknown): Promise<boolean> {
  const plain = typeof code === 'string' ? code.toLowerCase().replace(/[\s-]/g, '') : '';
  if (!/^[a-z2-7]{16}$/.test(plain)) return false;
  const used = await rows('delete from auth.recovery_codes where account_id = $1 and hash = $2 returning account_id', [
    accountId,
    kept(accountId, plain),
  ]);
  return used.length === 1;
}
