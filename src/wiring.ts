// Where the floors are joined into a running Kualik: the graph on a pool of the reader, datasets on a pool of the editor.
import { hkdfSync } from 'node:crypto';
import type { Parts } from './commands/parts.js';
import { contextOpener } from './context.js';
import { loadDirectory } from './exchange/load.js';
import { renderReport } from './exchange/report.js';
import { entities } from './model.js';
import { buildSchema } from './schema.js';
import { builtExplorer, startServer } from './server.js';

export const parts: Parts = {
  entities,
  startServer: ({ config, secret, reader, logger }) =>
    startServer({
      schema: buildSchema(),
      openContext: contextOpener({ dataSource: reader, cursorKey: cursorKey(secret) }),
      ready: async () => (await reader.query('select 1 as one')).length === 1,
      port: config.port,
      host: config.host,
      logger,
      explorerDir: builtExplorer(),
    }),
  loadDirectory: async ({ editor, directory, signal }) =>
    renderReport(await loadDirectory(editor, directory, { actor: 'load', signal })),
  firstQuestion:
    '{ expiring(within: "P90D", on: "2022-08-01") { nodes { person { name } lastDay { edtf } certainty } } }',
};

/** Cursors are sealed with a key of their own, so that they outlive a restart and say nothing of other secrets. */
const cursorKey = (secret: Buffer): Buffer => Buffer.from(hkdfSync('sha256', secret, 'kualik', 'page cursors', 32));
