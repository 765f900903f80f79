// The login roles of Kualik, and the address under which each one connects.
import { rolePassword } from './secret.js';

/** Owns every object; nobody can log in as it. */
export const OWNER = 'kualik_owner';
export const MIGRATE = 'kualik_migrate';
/** Groups that carry the grants on tables; nobody can log in as they. */
export const READER = 'kualik_reader';
export const EDITOR = 'kualik_editor';
/** The command line of the host: sees every level and team. */
export const LOADER = 'kualik_loader';
/** Accounts, sessions and tokens; no case. */
export const GATE = 'kualik_gate';
/** The sealed audit: reads entries, adds checkpoints. */
export const SEALER = 'kualik_sealer';

/** 0 public, 1 internal, 2 restricted, 3 sealed: the last character of the role's name, which PostgreSQL reads too. */
export const LEVELS = [0, 1, 2, 3] as const;
export type PerLevel<T> = readonly [T, T, T, T];
const perLevel = <T>(make: (level: number) => T): PerLevel<T> => LEVELS.map(make) as unknown as PerLevel<T>;

export const READERS = perLevel((level) => `${READER}_${level}`);
export const EDITORS = perLevel((level) => `${EDITOR}_${level}`);
export const LOGINS = [MIGRATE, GATE, LOADER, SEALER, ...READERS, ...EDITORS];
export const ROLES = [OWNER, READER, EDITOR, ...LOGINS];

export interface RoleUrls {
  /** Migrations; acts as kualik_owner from the first statement. */
  migrateUrl: string;
  /** Accounts: the tables of schema auth, and nothing else. */
  gateUrl: string;
  /** The command line: SELECT, INSERT, UPDATE at every level, for every team. */
  loaderUrl: string;
  /** The sealed audit. */
  sealerUrl: string;
  /** The pools of the server, by level: SELECT only, read-only transactions. */
  readerUrls: PerLevel<string>;
  /** Writing, by level: SELECT, INSERT, UPDATE, and only after auth.enter. */
  editorUrls: PerLevel<string>;
}

/** The admin's address with another user: server, database and TLS settings stay. */
function asRole(adminUrl: string, role: string, password: string): string {
  const url = new URL(adminUrl);
  url.searchParams.delete('user');
  url.searchParams.delete('password');
  if (url.hostname === '') {
    // A Unix socket (postgres:///kualik?host=/run/postgresql): such an address cannot carry a user before the host.
    url.searchParams.set('user', role);
    url.searchParams.set('password', password);
  } else {
    url.username = role;
    url.password = password;
  }
  return url.href;
}

export function roleUrls(adminUrl: string, secret: Buffer): RoleUrls {
  const url = (role: string): string => asRole(adminUrl, role, rolePassword(secret, role));
  return {
    migrateUrl: url(MIGRATE),
    gateUrl: url(GATE),
    loaderUrl: url(LOADER),
    sealerUrl: url(SEALER),
    readerUrls: perLevel((level) => url(READERS[level]!)),
    editorUrls: perLevel((level) => url(EDITORS[level]!)),
  };
}

/** The same server and user, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

/**
 * The same server by its Unix socket, which a small question crosses faster than the loopback device; user, password and port stay.
 * PostgreSQL asks for the password there too.
 */
export const throughSocket = (urls: RoleUrls, socket: string | undefined): RoleUrls => {
  if (socket === undefined) return urls;
  const by = (address: string): string => {
    const url = new URL(address);
    url.searchParams.set('host', socket);
    return url.href;
  };
  const { migrateUrl, gateUrl, loaderUrl, sealerUrl, readerUrls, editorUrls } = urls;
  return {
    migrateUrl: by(migrateUrl),
    gateUrl: by(gateUrl),
    loaderUrl: by(loaderUrl),
    sealerUrl: by(sealerUrl),
    readerUrls: perLevel((level) => by(readerUrls[level]!)),
    editorUrls: perLevel((level) => by(editorUrls[level]!)),
  };
};
