// Asks /auth/* of this very server. Whatever goes wrong arrives as one sentence for the person at the page.
export class Refused extends Error {
  constructor(
    message: string,
    readonly rule: string | undefined,
    /** The field of the form it is about. */
    readonly field: string | undefined,
  ) {
    super(message);
  }
}

export async function post<T = Record<string, unknown>>(name: string, body: object = {}): Promise<T> {
  const answer = await fetch(`/auth/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'same-origin',
    referrerPolicy: 'no-referrer',
  }).catch(() => {
    throw new Refused('The server cannot be reached; check your connection, then try again.', 'away', undefined);
  });
  const said = (await answer.json().catch(() => ({}))) as {
    errors?: { message: string; extensions?: { rule?: string; path?: (string | number)[]; retryAfter?: number } }[];
  };
  if (answer.ok) return said as T;
  const [error] = said.errors ?? [];
  const wait = error?.extensions?.retryAfter;
  const hint = wait !== undefined && wait > 60 ? ` About ${Math.ceil(wait / 60)} minutes are left.` : '';
  throw new Refused(
    (error?.message ?? `The server answered ${answer.status}; try again.`) + hint,
    error?.extensions?.rule,
    error?.extensions?.path?.map(String)[0],
  );
}

export interface State {
  viewer: { login: string; level: number; roles: string[] } | null;
  anonymous: boolean;
  provider: boolean;
  passkeys: boolean;
}

export interface Account {
  sessions: { id: number; browser: string; methods: string[]; begunAt: string; seenAt: string; here: boolean }[];
  tokens: {
    id: number;
    name: string;
    level: number;
    roles: string[];
    expiresAt: string;
    usedOn: string | null;
    revokedAt: string | null;
  }[];
  passkeys: { id: string; name: string; createdAt: string; usedAt: string | null }[];
}
