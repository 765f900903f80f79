// Databases made once and then cloned, which takes some 30 ms. Each is named after the files it is made from, so that an
// edited migration makes a new one, and built under another name, so that only whole ones are ever cloned.
import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { withClient } from '../../src/db/client.js';
import { migrate } from '../../src/db/migrate.js';
import { bootstrap, bootstrapClone, roleUrls, type RoleUrls } from '../../src/db/roles.js';
import { withDatabase } from '../../src/db/role-urls.js';
import { packageRoot, repeatableDirectory } from '../../src/paths.js';
import { PREFIX, testSecret, testServerUrl } from './test-server.js';

interface Template {
  /** Cloned from this one. */
  from?: TemplateName;
  /** Files and directories it is made from. */
  sources: string[];
  build(adminUrl: string, urls: RoleUrls): Promise<unknown>;
}

/** empty: roles and extensions, no table. migrated: every migration. founding: the founding case as well. */
export type TemplateName = 'empty' | 'migrated' | 'founding';

const TEMPLATES: Record<TemplateName, Template> = {
  empty: { sources: ['src/db'], build: (adminUrl) => bootstrap(adminUrl, testSecret()) },
  migrated: {
    from: 'empty',
    sources: ['migrations'],
    build: async (_, { migrateUrl }) => {
      const { migrations } = await import('../../migrations/index.js');
      return migrate({ migrateUrl, migrations, repeatable: repeatableDirectory });
    },
  },
  founding: {
    from: 'migrated',
    sources: ['data/founding-case', 'src'],
    build: async (_, { loaderUrl }) => {
      // One after another: the module loader of jest loses its way when graphs that share modules are linked at once.
      const { loadParts } = await import('../../src/commands/parts.js');
      const { loadInto } = await import('../../src/commands/load.js');
      const { live } = await import('../../src/commands/life.js');
      const { foundingCaseDirectory } = await import('../../src/paths.js');
      const parts = await loadParts();
      await live((life) => loadInto(loaderUrl, foundingCaseDirectory, parts, life));
    },
  },
};

const LOCK = 7_120_003;

function files(path: string): string[] {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  return stat.isDirectory()
    ? fs
        .readdirSync(path)
        .sort()
        .flatMap((entry) => files(join(path, entry)))
    : [path];
}

function fingerprint(kind: TemplateName): string {
  const { from, sources } = TEMPLATES[kind];
  const hash = createHash('sha256').update(from ? fingerprint(from) : '');
  for (const file of sources.flatMap((source) => files(join(packageRoot, source))))
    hash.update(file).update('\0').update(fs.readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}

/** A clone, with the rights that cloning leaves behind. */
export async function cloneDatabase(template: string, name: string): Promise<void> {
  await withClient(testServerUrl(), (client) => client.query(`create database ${name} template ${template}`));
  await bootstrapClone(testServerUrl(), name);
}

async function build(kind: TemplateName, name: string): Promise<void> {
  const { from, build: fill } = TEMPLATES[kind];
  const base = from && (await ensureTemplate(from));
  const draft = `${name}_${randomBytes(3).toString('hex')}`;
  const url = withDatabase(testServerUrl(), draft);
  if (base) await cloneDatabase(base, draft);
  else await withClient(testServerUrl(), (client) => client.query(`create database ${draft}`));
  await fill(url, roleUrls(url, testSecret()));
  await withClient(testServerUrl(), async (client) => {
    await client.query(`alter database ${draft} rename to ${name}`);
    await client.query(`alter database ${name} allow_connections false`);
  });
}

const made = new Map<TemplateName, Promise<string>>();

/** One builder at a time, over all workers and runs. */
function make(kind: TemplateName): Promise<string> {
  const name = `${PREFIX}template_${kind}_${fingerprint(kind)}`;
  return withClient(testServerUrl(), async (client) => {
    const exists = async (): Promise<boolean> =>
      (await client.query('select from pg_database where datname = $1', [name])).rowCount === 1;
    if (await exists()) return name;
    const order = Object.keys(TEMPLATES).indexOf(kind);
    await client.query('select pg_advisory_lock($1, $2)', [LOCK, order]);
    if (!(await exists())) await build(kind, name);
    return name;
  });
}

export function ensureTemplate(kind: TemplateName): Promise<string> {
  const known = made.get(kind) ?? make(kind);
  made.set(kind, known);
  return known;
}
