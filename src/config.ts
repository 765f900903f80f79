// Environment variables become a typed configuration once, at start. Every problem is reported in one go, in plain
// words, and no secret or password is ever repeated in a message.
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { packageRoot } from './paths.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const KNOWN = ['KUALIK_DATA', 'KUALIK_SECRET'];
const SECRET_BYTES = 32;

export interface Config {
  /** 0 means any free port. */
  port: number;
  host: string;
  /** Absolute path; holds the embedded database and the secret file. */
  dataDir: string;
  /** Absent: Kualik runs its own PostgreSQL inside dataDir. */
  databaseUrl?: string;
  /** At least 32 bytes. Absent: a file made in dataDir (see db/secret.ts). */
  secret?: Buffer;
  logLevel: (typeof LOG_LEVELS)[number];
}

/** The environment cannot be used. `problems` holds one sentence each; the process exits with 2. */
export class ConfigError extends Error {
  readonly exitCode = 2;
  constructor(readonly problems: string[]) {
    super(
      [
        'The configuration has ' + (problems.length === 1 ? 'a problem:' : `${problems.length} problems:`),
        ...problems.map((text) => `  - ${text}`),
      ].join('\n'),
    );
    this.name = 'ConfigError';
  }
}

/** The same text with the password of every database address in it replaced by ***. */
export function maskPasswords(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s]*@/gi, '$1:***@')
    .replace(/([?&]password=)[^&\s]*/gi, '$1***');
}

const port = z
  .string()
  .default('4000')
  .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, {
    error: ({ input }) => `PORT is "${input}": it must be a whole number from 0 to 65535 (0 takes any free port).`,
  })
  .transform(Number);

const host = z
  .string()
  .default('127.0.0.1')
  .refine((text) => isIP(text) !== 0 || /^[a-z0-9._-]+$/i.test(text), {
    error: ({ input }) =>
      `HOST is "${maskPasswords(String(input))}": it must be a name or an address alone, such as 127.0.0.1 or 0.0.0.0.`,
  });

const databaseUrl = z
  .string()
  .optional()
  .superRefine((text, context) => {
    const problem = text === undefined ? undefined : databaseUrlProblem(text);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

function databaseUrlProblem(text: string): string | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== 'postgres' && scheme !== 'postgresql') {
    const found = scheme ? `starts with ${scheme}:` : 'is not an address';
    return `DATABASE_URL ${found}; it must start with postgres:// or postgresql://, for example postgres://user:password@localhost:5432/kualik.`;
  }
  if (!URL.canParse(text))
    return 'DATABASE_URL cannot be read; special characters in the password must be percent-encoded (@ is %40, / is %2F, # is %23).';
  const path = new URL(text).pathname;
  if (path === '' || path === '/') return 'DATABASE_URL names no database; add one at the end, for example /kualik.';
  return undefined;
}

/** Hex or base64 (also base64url) of at least 32 bytes; undefined when it is neither. */
function decodeSecret(text: string): Buffer | undefined {
  if (/^(?:[0-9a-f]{2})+$/i.test(text) && text.length >= 2 * SECRET_BYTES) return Buffer.from(text, 'hex');
  if (!/^[\w+/-]+={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length >= SECRET_BYTES ? bytes : undefined;
}

const secret = z
  .string()
  .optional()
  .refine((text) => text === undefined || decodeSecret(text) !== undefined, {
    error:
      'KUALIK_SECRET must be at least 32 random bytes written as hex or base64; make one with: openssl rand -base64 32',
  })
  .transform((text) => (text === undefined ? undefined : decodeSecret(text)));

const logLevel = z
  .enum(LOG_LEVELS, {
    error: ({ input }) => `LOG_LEVEL is "${String(input)}": it must be one of ${LOG_LEVELS.join(', ')}.`,
  })
  .default('info');

const environment = z.object({
  PORT: port,
  HOST: host,
  KUALIK_DATA: z.string().default(join(packageRoot, '.data')),
  DATABASE_URL: databaseUrl,
  KUALIK_SECRET: secret,
  LOG_LEVEL: logLevel,
});

/** A misspelt KUALIK_SECERT would otherwise be ignored in silence, and the service would run with another secret. */
function unknownNames(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env)
    .filter((name) => name.toUpperCase().startsWith('KUALIK_') && !KNOWN.includes(name))
    .sort()
    .map((name) => `${name} is not a setting of Kualik; the settings of that kind are ${KNOWN.join(' and ')}.`);
}

/** @throws ConfigError with every problem at once. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // An empty variable means "not set", as in a docker-compose file with a blank default.
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const result = environment.safeParse(given);
  const problems = [...(result.success ? [] : result.error.issues.map((issue) => issue.message)), ...unknownNames(env)];
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  const { PORT, HOST, KUALIK_DATA, DATABASE_URL, KUALIK_SECRET, LOG_LEVEL } = result.data;
  return {
    port: PORT,
    host: HOST,
    dataDir: resolve(KUALIK_DATA),
    databaseUrl: DATABASE_URL,
    secret: KUALIK_SECRET,
    logLevel: LOG_LEVEL,
  };
}
