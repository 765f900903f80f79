// The three login roles of Kualik, and the address under which each one connects.
import { rolePassword } from './secret.js';

/** Owns every object; nobody can log in as it. */
export const OWNER = 'kualik_owner';
export const MIGRATE = 'kualik_migrate';
export const READER = 'kualik_reader';
export const EDITOR = 'kualik_editor';

export interface RoleUrls {
  /** Migrations; acts as kualik_owner from the first statement. */
  migrateUrl: string;
  /** The pool of the server: SELECT only, read-only transactions. */
  readerUrl: string;
  /** Loading and writing: SELECT, INSERT, UPDATE. */
  editorUrl: string;
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
  return { migrateUrl: url(MIGRATE), readerUrl: url(READER), editorUrl: url(EDITOR) };
}

/** The same server and user, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}
