// Environment variables become a typed configuration once, at start. Every problem is reported in one go, in plain
// words, and no secret or password is ever repeated in a message.
import { BlockList, isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { packageRoot } from './paths.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const KNOWN = [
  'KUALIK_DATA',
  'KUALIK_SECRET',
  'KUALIK_KEY_FILE',
  'KUALIK_AUDIT_KEY_FILE',
  'KUALIK_PUBLIC_URL',
  'KUALIK_ANONYMOUS',
  'KUALIK_PLANNER',
  'KUALIK_TRUSTED_PROXIES',
  'KUALIK_OIDC_ISSUER',
  'KUALIK_OIDC_CLIENT_ID',
  'KUALIK_OIDC_CLIENT_SECRET',
  'KUALIK_RATE',
  'KUALIK_DOCUMENTS',
  'KUALIK_CAPTURE_QUOTA',
  'KUALIK_CAPTURE_QUOTA_DAY',
  'KUALIK_EXPORT_MINUTES',
  'KUALIK_METRICS_TOKEN',
  'KUALIK_SLOW_MS',
  'KUALIK_TELEMETRY',
];
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
  /** Absolute path of the key of sealed values. Absent: a file made in dataDir (see sealing/key-file.ts). */
  keyFile?: string;
  logLevel: (typeof LOG_LEVELS)[number];
  /** Absolute path of the key that signs the audit. Absent: `audit-key` in dataDir (see audit/key-file.ts). */
  auditKeyFile?: string;
  /** The origin under which browsers reach Kualik, such as https://kualik.example. */
  publicUrl?: string;
  /** Whether people may read what is public without signing in. Absent: only in the demonstration (see accounts/anonymous.ts). */
  anonymous?: 'on' | 'off';
  /** Whether questions are answered in one statement where they can be; `off` is for comparing, and for finding faults. Default on. */
  planner?: 'on' | 'off';
  /** Proxies whose X-Forwarded-For is believed. */
  trustedProxies: BlockList;
  /** An identity provider that people may sign in with. */
  oidc?: { issuer: string; clientId: string; clientSecret: string };
  /** Points per minute of one account (see http/rate.ts); absent: as much as anybody likes. */
  rate?: number;
  /** 'trusted': who may only read asks the questions of our own pages and no others (see http/trusted.ts). */
  documents?: 'free' | 'trusted';
  /** Bytes that all captures may take, and those that one account may add in a day (see sources/capture-room.ts); absent: no limit. */
  captureQuota?: number;
  captureQuotaDay?: number;
  /** How long one export may take (see http/export.ts). Default 30. */
  exportMinutes?: number;
  /** What whoever reads /metrics must show; absent: there is no such address. */
  metricsToken?: string;
  /** From how many milliseconds on a statement is named in the log; absent: never. */
  slowMs?: number;
  /** Whether spans are made (see observe/tracing.ts). Default off. */
  telemetry?: 'on' | 'off';
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

/** The same text with every password of a database address in it (sslpassword too) as ***; `user:password@` is our own example. */
export function maskPasswords(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/(?!user:password@)[^\s:/@]*):[^\s]*@/gi, '$1:***@')
    .replace(/([?&][^=&\s]*password=)[^&\s]*/gi, '$1***');
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

const publicUrl = z
  .string()
  .optional()
  .superRefine((text, context) => {
    const problem = text === undefined ? undefined : publicUrlProblem(text);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

/** Passkeys and cookies belong to one origin, and browsers keep them from plain http but on their own machine. */
function publicUrlProblem(text: string): string | undefined {
  const example = 'for example https://kualik.example';
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text))
    return `KUALIK_PUBLIC_URL is not an address; write the one that people open in their browser, ${example}.`;
  const { protocol, hostname, pathname, search, hash, username } = new URL(text);
  if (pathname !== '/' || search || hash || username)
    return `KUALIK_PUBLIC_URL must end after the host (and port); Kualik has a host name of its own, ${example}.`;
  if (protocol !== 'https:' && hostname !== 'localhost')
    return `KUALIK_PUBLIC_URL must begin with https:// unless its host is localhost; browsers refuse sessions and passkeys over plain http.`;
  return undefined;
}

const planner = z
  .enum(['on', 'off'], { error: ({ input }) => `KUALIK_PLANNER is "${String(input)}": it must be on or off.` })
  .optional();

const anonymous = z
  .enum(['on', 'off'], {
    error: ({ input }) => `KUALIK_ANONYMOUS is "${String(input)}": it must be on or off.`,
  })
  .optional();

/** Addresses and networks (10.0.0.0/8), separated by commas; undefined when one of them is neither. */
function readProxies(text: string): BlockList | undefined {
  const list = new BlockList();
  for (const entry of text.split(',').map((part) => part.trim())) {
    const [address = '', bits, ...more] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const longest = family === 'ipv6' ? 128 : 32;
    if (isIP(address) === 0 || more.length > 0) return undefined;
    if (bits === undefined) list.addAddress(address, family);
    else if (/^\d{1,3}$/.test(bits) && Number(bits) <= longest) list.addSubnet(address, Number(bits), family);
    else return undefined;
  }
  return list;
}

const trustedProxies = z
  .string()
  .optional()
  .refine((text) => text === undefined || readProxies(text) !== undefined, {
    error:
      'KUALIK_TRUSTED_PROXIES must hold addresses or networks separated by commas, for example 127.0.0.1, 10.0.0.0/8.',
  })
  .transform((text) => (text === undefined ? new BlockList() : readProxies(text)));

const oidcIssuer = z
  .string()
  .optional()
  .refine((text) => text === undefined || (URL.canParse(text) && isSafeIssuer(new URL(text))), {
    error:
      'KUALIK_OIDC_ISSUER must be the https:// address of the identity provider (http:// only on localhost or 127.0.0.1).',
  });

const isSafeIssuer = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname));

const rate = z
  .string()
  .default('5000')
  .refine((text) => text === 'off' || (/^\d{3,7}$/.test(text) && Number(text) >= 100), {
    error: ({ input }) =>
      `KUALIK_RATE is "${String(input)}": it must be off, or points per minute from 100 to 9999999.`,
  })
  .transform((text) => (text === 'off' ? undefined : Number(text)));

const documents = z
  .enum(['free', 'trusted'], {
    error: ({ input }) => `KUALIK_DOCUMENTS is "${String(input)}": it must be free or trusted.`,
  })
  .default('free');

export const EXPORT_MINUTES = 30;

const exportMinutes = z
  .string()
  .default(String(EXPORT_MINUTES))
  .refine((text) => /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 1440, {
    error: ({ input }) =>
      `KUALIK_EXPORT_MINUTES is "${String(input)}": it must be a whole number of minutes from 1 to 1440.`,
  })
  .transform(Number);

const metricsToken = z
  .string()
  .optional()
  .refine((text) => text === undefined || /^[\w.~+/-]{32,256}={0,2}$/.test(text), {
    error:
      'KUALIK_METRICS_TOKEN must be 32 or more letters, digits or signs of - . _ ~ + / without spaces; make one with: openssl rand -hex 32',
  });

const slowMs = z
  .string()
  .default('500')
  .refine((text) => text === 'off' || (/^\d{1,5}$/.test(text) && Number(text) >= 1), {
    error: ({ input }) => `KUALIK_SLOW_MS is "${String(input)}": it must be off, or milliseconds from 1 to 99999.`,
  })
  .transform((text) => (text === 'off' ? undefined : Number(text)));

const telemetry = z
  .enum(['on', 'off'], { error: ({ input }) => `KUALIK_TELEMETRY is "${String(input)}": it must be on or off.` })
  .default('off');

const UNITS: Record<string, number> = { MB: 1e6, GB: 1e9, TB: 1e12 };

/** An amount such as 20GB in bytes, or off. */
const bytes = (name: string, usual: string) =>
  z
    .string()
    .default(usual)
    .refine((text) => text === 'off' || /^\d{1,6} ?(MB|GB|TB)$/.test(text), {
      error: ({ input }) =>
        `${name} is "${String(input)}": it must be off, or a whole number of MB, GB or TB, such as ${usual}.`,
    })
    .transform((text) => (text === 'off' ? undefined : Number.parseInt(text, 10) * UNITS[text.slice(-2)]!));

const environment = z.object({
  PORT: port,
  HOST: host,
  KUALIK_DATA: z.string().default(join(packageRoot, '.data')),
  DATABASE_URL: databaseUrl,
  KUALIK_SECRET: secret,
  KUALIK_KEY_FILE: z.string().optional(),
  KUALIK_AUDIT_KEY_FILE: z.string().optional(),
  KUALIK_PUBLIC_URL: publicUrl,
  KUALIK_ANONYMOUS: anonymous,
  KUALIK_PLANNER: planner,
  KUALIK_TRUSTED_PROXIES: trustedProxies,
  KUALIK_OIDC_ISSUER: oidcIssuer,
  KUALIK_OIDC_CLIENT_ID: z.string().optional(),
  KUALIK_OIDC_CLIENT_SECRET: z.string().optional(),
  KUALIK_RATE: rate,
  KUALIK_DOCUMENTS: documents,
  KUALIK_CAPTURE_QUOTA: bytes('KUALIK_CAPTURE_QUOTA', '20GB'),
  KUALIK_CAPTURE_QUOTA_DAY: bytes('KUALIK_CAPTURE_QUOTA_DAY', '1GB'),
  KUALIK_EXPORT_MINUTES: exportMinutes,
  KUALIK_METRICS_TOKEN: metricsToken,
  KUALIK_SLOW_MS: slowMs,
  KUALIK_TELEMETRY: telemetry,
  LOG_LEVEL: logLevel,
});

/** A misspelt KUALIK_SECERT would otherwise be ignored in silence, and the service would run with another secret. */
function unknownNames(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env)
    .filter((name) => name.toUpperCase().startsWith('KUALIK_') && !KNOWN.includes(name))
    .sort()
    .map(
      (name) =>
        `${name} is not a setting of Kualik; the settings of that kind are ${KNOWN.slice(0, -1).join(', ')} and ${KNOWN.at(-1)}.`,
    );
}

const OIDC = ['KUALIK_OIDC_ISSUER', 'KUALIK_OIDC_CLIENT_ID', 'KUALIK_OIDC_CLIENT_SECRET', 'KUALIK_PUBLIC_URL'];

/** A provider needs all four: without the public address it would not know where to send people back to. */
function oidcProblems(given: Record<string, unknown>): string[] {
  const missing = OIDC.filter((name) => given[name] === undefined);
  return OIDC.slice(0, 3).every((name) => given[name] === undefined) || missing.length === 0
    ? []
    : [`To sign in with an identity provider, set ${missing.join(' and ')} too.`];
}

/** @throws ConfigError with every problem at once. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // An empty variable means "not set", as in a docker-compose file with a blank default.
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const result = environment.safeParse(given);
  const problems = [
    ...(result.success ? [] : result.error.issues.map((issue) => issue.message)),
    ...oidcProblems(given),
    ...unknownNames(env),
  ];
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  const { PORT, HOST, KUALIK_DATA, DATABASE_URL, KUALIK_SECRET, LOG_LEVEL } = result.data;
  const { KUALIK_PUBLIC_URL, KUALIK_ANONYMOUS, KUALIK_PLANNER, KUALIK_TRUSTED_PROXIES, KUALIK_OIDC_ISSUER } =
    result.data;
  return {
    port: PORT,
    host: HOST,
    dataDir: resolve(KUALIK_DATA),
    databaseUrl: DATABASE_URL,
    secret: KUALIK_SECRET,
    ...(result.data.KUALIK_KEY_FILE ? { keyFile: resolve(result.data.KUALIK_KEY_FILE) } : {}),
    auditKeyFile: result.data.KUALIK_AUDIT_KEY_FILE && resolve(result.data.KUALIK_AUDIT_KEY_FILE),
    logLevel: LOG_LEVEL,
    publicUrl: KUALIK_PUBLIC_URL === undefined ? undefined : new URL(KUALIK_PUBLIC_URL).origin,
    anonymous: KUALIK_ANONYMOUS,
    planner: KUALIK_PLANNER,
    trustedProxies: KUALIK_TRUSTED_PROXIES!,
    oidc: KUALIK_OIDC_ISSUER
      ? {
          issuer: KUALIK_OIDC_ISSUER,
          clientId: result.data.KUALIK_OIDC_CLIENT_ID!,
          clientSecret: result.data.KUALIK_OIDC_CLIENT_SECRET!,
        }
      : undefined,
    rate: result.data.KUALIK_RATE,
    documents: result.data.KUALIK_DOCUMENTS,
    captureQuota: result.data.KUALIK_CAPTURE_QUOTA,
    captureQuotaDay: result.data.KUALIK_CAPTURE_QUOTA_DAY,
    exportMinutes: result.data.KUALIK_EXPORT_MINUTES,
    metricsToken: result.data.KUALIK_METRICS_TOKEN,
    slowMs: result.data.KUALIK_SLOW_MS,
    telemetry: result.data.KUALIK_TELEMETRY,
  };
}
