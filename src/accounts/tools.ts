// What every ceremony needs, made once.
import type { Gate } from './gate.js';
import type { Passwords } from './passwords.js';
import type { Method } from './sessions.js';

export interface Tools {
  gate: Gate;
  passwords: Passwords;
  totpKey: Buffer;
  deviceKey: Buffer;
}

/** Who stands at the door, as far as one can tell. */
export interface Client {
  /** Of the socket, or as a listed proxy says; see addressOf. */
  address: string;
  /** What the browser calls itself, so that people recognise their own sessions. */
  browser?: string;
  /** The cookie of a browser that was here before. */
  device?: string | undefined;
  /** The session that is to be stepped up; without it, a new one begins. */
  sessionId?: number | undefined;
}

export interface SignedIn {
  accountId: number;
  login: string;
  /** The secret of the new session's cookie; absent when a session was stepped up. */
  session?: string;
  /** For the cookie that lets this browser be known again. */
  device: string;
  methods: readonly Method[];
}
