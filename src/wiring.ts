// Where the floors are joined into a running Kualik: the graph on the pools of readers and editors, datasets on a pool of the loader.
import { hkdfSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { openAccounts } from './accounts/accounts.js';
import { addressOf } from './accounts/address.js';
import { anonymousAllowed } from './accounts/anonymous.js';
import type { Viewer } from './accounts/viewer.js';
import { logAccess } from './audit/access.js';
import type { Parts } from './commands/parts.js';
import { EXPORT_MINUTES, type Config } from './config.js';
import { contextOpener, type Context } from './context.js';
import { freeBytes } from './db/embedded/space.js';
import { loadDirectory } from './exchange/load.js';
import { renderReport } from './exchange/report.js';
import { exportRules } from './http/export-rules.js';
import { authRoutes } from './http/auth/routes.js';
import { ratesFor } from './http/rate.js';
import { checkFree } from './http/trusted.js';
import { entities } from './model.js';
import { openObserving } from './observe/observing.js';
import { answerInOne } from './planner/answer.js';
import { stringifyResult } from './planner/json-text.js';
import { planner } from './planner/plugin.js';
import { readKnown } from './records/known.js';
import { buildSchema } from './schema.js';
import { keyPlace } from './sealing/key-file.js';
import { openKeyring } from './sealing/keyring.js';
import { builtExplorer, startServer } from './server.js';
import type { CaptureRoom } from './sources/capture-room.js';

export const parts: Parts = {
  entities,
  startServer: async ({ config, secret, pools, demo, logger, isSealing }) => {
    const observing = await openObserving(config, pools, isSealing);
    const [gate, reader] = await Promise.all([pools.gate(), pools.reader(0)]);
    const accounts = openAccounts({
      gate,
      secret,
      anonymous: anonymousAllowed(gate, { setting: config.anonymous, demo }),
      ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
      ...(config.oidc === undefined ? {} : { oidc: config.oidc }),
    });
    const hosts = config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname];
    const { rules } = await readKnown(reader);
    const meter = config.rate === undefined ? undefined : ratesFor(config.rate);
    const addressFor = ({ headers, socket: { remoteAddress } }: IncomingMessage): string =>
      addressOf({ headers, remoteAddress }, config.trustedProxies);
    return startServer<Context, Viewer>({
      schema: buildSchema(),
      plugins: config.planner === 'off' ? [] : [planner()],
      stringifyResult,
      ...(config.planner === 'off' ? {} : { answerAgain: answerInOne }),
      identify: (request) => accounts.askerOf(request),
      identifyLasting: (request, lasting) => accounts.lastingAskerOf(request, lasting),
      routes: authRoutes(accounts, { trustedProxies: config.trustedProxies, hosts: new Set(hosts) }),
      hosts,
      meter: (viewer, request) => meter?.(viewer, addressFor(request)),
      share: ({ accountId }, request) =>
        accountId === undefined
          ? { key: addressFor(request), known: false }
          : { key: `account ${accountId}`, known: true },
      exports: exportRules(config.exportMinutes ?? EXPORT_MINUTES, config.rate),
      crowd: { exempt: config.trustedProxies },
      observing,
      mayTime: ({ level }) => level === 3,
      ...(config.documents === 'trusted' ? { checkFree } : {}),
      openContext: contextOpener({
        pools,
        cursorKey: cursorKey(secret),
        keyring: openKeyring(keyPlace(config).file),
        captureRoom: captureRoom(config),
        onRead: (entry) => logAccess(accounts.tools.gate.rows, [entry]),
      }),
      constraintMessage: (name) => rules.get(name)?.sentence,
      // Not through a pool of readers, which a crowd may be waiting for.
      ready: async () => (await accounts.tools.gate.rows('select 1 as one')).length === 1,
      port: config.port,
      host: config.host,
      logger,
      explorerDir: builtExplorer(),
    });
  },
  loadDirectory: async ({ editor, directory, team, signal }) =>
    renderReport(
      await loadDirectory(editor, directory, { actor: 'load', signal, ...(team === undefined ? {} : { team }) }),
    ),
  firstQuestion:
    '{ expiring(within: "P90D", on: "2022-08-01") { nodes { person { name } lastDay { edtf } certainty } } }',
};

/** The disk is asked where it is ours: what a database elsewhere has free only its host knows. */
const captureRoom = ({ captureQuota, captureQuotaDay, databaseUrl, dataDir }: Config): CaptureRoom => ({
  ...(captureQuota === undefined ? {} : { all: captureQuota }),
  ...(captureQuotaDay === undefined ? {} : { ofDay: captureQuotaDay }),
  ...(databaseUrl === undefined && dataDir !== '' ? { free: () => freeBytes(dataDir) } : {}),
});

/** Cursors are sealed with a key of their own, so that they outlive a restart and say nothing of other secrets. */
const cursorKey = (secret: Buffer): Buffer => Buffer.from(hkdfSync('sha256', secret, 'kualik', 'page cursors', 32));
