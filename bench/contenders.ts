// Who is measured: Kualik as it is served, the limit, and PostGraphile; each a process of its own on loopback, all of them on
// one database, under the role of a reader of level 0.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { addAccount } from '../src/accounts/people.js';
import { gateOf } from '../src/accounts/gate.js';
import { newApiToken } from '../src/accounts/tokens.js';
import type { Level, Role } from '../src/accounts/viewer.js';
import { withClient } from '../src/db/client.js';
import { createDataSource } from '../src/db/data-source.js';
import { packageRoot } from '../src/paths.js';
import { runChild, startChild, type Child } from './children.js';
import type { Place } from './place.js';
import { graphqlOf, peerOf, type Asked, type QueryName } from './queries.js';

export type ContenderName = 'kualik' | 'limit' | 'postgraphile';

export interface Contender {
  name: ContenderName;
  pid: number;
  port: number;
  headers: Record<string, string>;
  pathOf(query: QueryName): string;
  bodyOf(query: QueryName, asked: Asked): string;
  end(): Promise<void>;
}

const WORK = join(packageRoot, '.data', 'bench');
const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** One question, for what is not measured. */
export async function ask<T>({ port, headers }: Contender, path: string, body: string): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body });
  const answer = (await response.json()) as { data?: T; errors?: unknown };
  if (!answer.data || answer.errors)
    throw new Error(`${path} ${body.slice(0, 400)}\n${JSON.stringify(answer.errors ?? answer).slice(0, 1000)}`);
  return answer.data;
}

/** Kualik as it stood when the bench began: compiled, with what it reads at run time; edits meanwhile change nothing. */
export interface Tree {
  main: string;
  migrations: string;
  repeatable: string;
}

/** Apart from dist/, which may be older than what is to be measured. */
export async function compile(): Promise<Tree> {
  const tree = join(WORK, 'tree');
  const out = join(tree, 'dist');
  fs.rmSync(tree, { recursive: true, force: true });
  for (const part of ['package.json', 'schema', join('migrations', 'repeatable'), join('dist', 'web')])
    if (fs.existsSync(join(packageRoot, part)))
      fs.cpSync(join(packageRoot, part), join(tree, part), { recursive: true });
  // Another package of the same name below the first would confuse whoever walks the directories.
  const manifest = join(tree, 'package.json');
  fs.writeFileSync(manifest, fs.readFileSync(manifest, 'utf8').replace('"name": "kualik"', '"name": "kualik-benched"'));
  const tsc = [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json', '--outDir', out];
  await runChild(process.execPath, [...tsc, '--incremental', 'false', '--tsBuildInfoFile', 'null'], packageRoot);
  return {
    main: join(out, 'src', 'main.js'),
    migrations: join(out, 'migrations', 'index.js'),
    repeatable: join(tree, 'migrations', 'repeatable'),
  };
}

/** What the account of the bench may do. */
export interface May {
  level: Level;
  roles: Role[];
}

async function tokenFor(place: Place, { level, roles }: May): Promise<string> {
  const pool = await createDataSource({ url: place.gateUrl, poolSize: 1 }).initialize();
  try {
    return await gateOf(pool).transaction(async (rows) => {
      const accountId = await addAccount(rows, { login: `bench-${process.pid}`, level, roles });
      return newApiToken(rows, { accountId, name: 'bench', roles, level, expires: 'P1D' });
    });
  } finally {
    await pool.destroy();
  }
}

/** As it is shipped: accounts, limits, rate and log on; the rate as high as its setting goes, since one token asks everything. */
export async function startKualik(
  place: Place,
  { main }: Tree,
  may: May = { level: 0, roles: ['reader'] },
): Promise<Contender> {
  const token = await tokenFor(place, may);
  const child = await startChild({
    name: 'kualik',
    command: process.execPath,
    args: [main, 'serve'],
    cwd: packageRoot,
    env: { KUALIK_DATA: place.dataDir, PORT: '0', KUALIK_RATE: '9999999' },
    ready: /Ask\s+http:\/\/[^/]+:(\d+)\/graphql/,
  });
  const texts = new Map<QueryName, string>();
  return {
    ...withPort('kualik', child),
    headers: { ...JSON_HEADERS, authorization: `Bearer ${token}` },
    pathOf: () => '/graphql',
    bodyOf: (query, { graphql }) => JSON.stringify({ query: cached(texts, query, graphqlOf), variables: graphql }),
  };
}

export async function startLimit(place: Place): Promise<Contender> {
  const child = await startChild({
    name: 'limit',
    command: process.execPath,
    args: ['--import', 'tsx', join('bench', 'limit.ts')],
    cwd: packageRoot,
    env: { BENCH_URL: place.readerUrls[0] },
    ready: /listening (\d+)/,
  });
  return {
    ...withPort('limit', child),
    headers: JSON_HEADERS,
    pathOf: (query) => `/${query}`,
    bodyOf: (_, { sql }) => JSON.stringify(sql),
  };
}

// PostGraphile filters a list by equality only, so whoever needs a range writes a function, as its documentation says.
const PEER = `
  create schema if not exists bench_peer;
  grant usage on schema bench_peer to kualik_reader;
  create or replace function bench_peer.expiring(on_day date, until date) returns setof public.status_documents language sql stable as $$
    select * from public.status_documents d where d.valid_until_earliest <= until and d.valid_until_latest >= on_day
    order by d.valid_until_earliest, d.sequence, d.id $$;
  grant execute on function bench_peer.expiring to kualik_reader`;

/** Installed from its own lock file into a directory that git does not see; its Node (22 or newer) is one of its packages. */
async function installPeer(): Promise<string> {
  const [from, to] = [join(packageRoot, 'bench', 'postgraphile'), join(WORK, 'postgraphile')];
  fs.mkdirSync(to, { recursive: true });
  const lock = fs.readFileSync(join(from, 'package-lock.json'), 'utf8');
  const mark = join(to, 'installed.lock');
  for (const file of ['package.json', 'package-lock.json', 'server.mjs'])
    fs.copyFileSync(join(from, file), join(to, file));
  if (!fs.existsSync(mark) || fs.readFileSync(mark, 'utf8') !== lock) {
    await runChild('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], to);
    fs.writeFileSync(mark, lock);
  }
  return to;
}

export async function startPeer(place: Place): Promise<Contender> {
  const directory = await installPeer();
  await withClient(place.adminUrl, (client) => client.query(PEER));
  // Hardening takes the list of roles away, which PostGraphile reads once, at its start.
  const roles = (what: string): Promise<unknown> => withClient(place.adminUrl, (client) => client.query(what));
  await roles('grant select on pg_roles to kualik_reader_0');
  const child = await startChild({
    name: 'postgraphile',
    command: join(directory, 'node_modules', '.bin', 'node'),
    args: ['server.mjs'],
    cwd: directory,
    env: { BENCH_URL: place.readerUrls[0], GRAPHILE_ENV: 'production', NODE_ENV: 'production' },
    ready: /listening (\d+)/,
  });
  const texts = new Map<QueryName, string>();
  const contender: Contender = {
    ...withPort('postgraphile', child),
    headers: JSON_HEADERS,
    pathOf: () => '/graphql',
    bodyOf: (query, { peer }) => JSON.stringify({ query: cached(texts, query, peerOf), variables: peer }),
  };
  try {
    await ask(contender, '/graphql', JSON.stringify({ query: '{ __typename }' }));
    await roles('revoke select on pg_roles from kualik_reader_0');
  } catch (error) {
    await contender.end();
    throw error;
  }
  return contender;
}

const withPort = (name: ContenderName, { pid, found, end }: Child) => ({ name, pid, port: Number(found[1]), end });

function cached(texts: Map<QueryName, string>, query: QueryName, make: (query: QueryName) => string): string {
  const text = texts.get(query) ?? make(query);
  texts.set(query, text);
  return text;
}
