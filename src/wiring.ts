// Where the floors are joined into a running Kualik: the graph on a pool of the reader, datasets on a pool of the editor.
import { hkdfSync } from 'node:crypto';
import type { Parts } from './commands/parts.js';
import { contextOpener } from './context.js';
import { loadDirectory } from './exchange/load.js';
import { renderReport } from './exchange/report.js';
import { isLoopback } from './http/request.js';
import { entities } from './model.js';
import { readKnown } from './records/known.js';
import { buildSchema } from './schema.js';
import { builtExplorer, startServer } from './server.js';

/** Whoever can reach the server could change anything, and nobody would know who it was. */
const NOT_WITHOUT_ACCOUNTS =
  'Until Kualik has accounts, it takes changes only while it listens on this computer alone; start it with HOST=127.0.0.1 to write.';

export const parts: Parts = {
  entities,
  startServer: async ({ config, secret, reader, editor, logger }) => {
    const { rules } = await readKnown(reader);
    return startServer({
      schema: buildSchema(),
      openContext: contextOpener({
        dataSource: reader,
        ...(editor ? { editor } : {}),
        ...(isLoopback(config.host) ? {} : { writingRefused: NOT_WITHOUT_ACCOUNTS }),
        cursorKey: cursorKey(secret),
      }),
      constraintMessage: (name) => rules.get(name)?.sentence,
      ready: async () => (await reader.query('select 1 as one')).length === 1,
      port: config.port,
      host: config.host,
      logger,
      explorerDir: builtExplorer(),
    });
  },
  loadDirectory: async ({ editor, directory, signal }) =>
    renderReport(await loadDirectory(editor, directory, { actor: 'load', signal })),
  firstQuestion:
    '{ expiring(within: "P90D", on: "2022-08-01") { nodes { person { name } lastDay { edtf } certainty } } }',
};

/** Cursors are sealed with a key of their own, so that they outlive a restart and say nothing of other secrets. */
const cursorKey = (secret: Buffer): Buffer => Buffer.from(hkdfSync('sha256', secret, 'kualik', 'page cursors', 32));
