// A private database for one test file: fast, real, and safe beside other workers.
import { randomBytes } from 'node:crypto';
import { withClient } from '../../src/db/client.js';
import { withDatabase } from '../../src/db/role-urls.js';
import { roleUrls, type RoleUrls } from '../../src/db/roles.js';
import { cloneDatabase, ensureTemplate, type TemplateName } from './templates.js';
import { PREFIX, testSecret, testServerUrl } from './test-server.js';

export interface FreshDatabase extends RoleUrls {
  name: string;
  /** A superuser on the embedded server: for looking behind the scenes, never for what the API would do. */
  adminUrl: string;
  /** A reader of level 1, without an account: what most tests read as. */
  readerUrl: string;
  /** The loader, who writes without an account and sees everything. */
  editorUrl: string;
  /** Also ends connections that are still open. */
  drop(): Promise<void>;
}

/** @param template 'migrated' unless said otherwise; 'founding' holds the founding case, 'empty' no table at all. */
export async function freshDatabase(template: TemplateName = 'migrated'): Promise<FreshDatabase> {
  const name = `${PREFIX}${process.env.JEST_WORKER_ID ?? '0'}_${randomBytes(5).toString('hex')}`;
  await cloneDatabase(await ensureTemplate(template), name);
  const adminUrl = withDatabase(testServerUrl(), name);
  const urls = roleUrls(adminUrl, testSecret());
  return {
    name,
    adminUrl,
    ...urls,
    readerUrl: urls.readerUrls[1],
    editorUrl: urls.loaderUrl,
    drop: async () => {
      await withClient(testServerUrl(), (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}
