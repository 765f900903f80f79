// kualik serve: the database, then the server, until somebody stops it.
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { pino, type Logger } from 'pino';
import { firstSignIn } from '../accounts/first-sign-in.js';
import { auditKeyFile } from '../audit/key-file.js';
import { startSealer } from '../audit/sealer.js';
import type { Config } from '../config.js';
import { openPools } from '../db/pools.js';
import type { WatchEvents } from '../db/embedded/index.js';
import { PlainError } from '../db/plain-error.js';
import { redacted } from '../http/log.js';
import { isLoopback } from '../http/request.js';
import { foundingCaseDirectory } from '../paths.js';
import { holdsNoCase, openDatabase } from './database.js';
import type { Life } from './life.js';
import { loadInto } from './load.js';
import { loadParts } from './parts.js';
import { startRetention } from './retention.js';
import { say } from './say.js';

/**
 * By how many per cent the heap may grow before V8 collects what is old. Left alone, it lets garbage pile up to several times what
 * lives (docs/decisions/0019-overload.md).
 */
const HEAP_GROWS = 30;

export async function serve(config: Config, life: Life): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWS}`);
  const parts = await loadParts();
  const database = await openDatabase(config, life);
  if (existsSync(foundingCaseDirectory) && (await holdsNoCase(database.loaderUrl))) {
    say('First start: loading the founding case.');
    await loadInto(database.loaderUrl, foundingCaseDirectory, parts, life);
  }
  // A log whose disk is full or whose reader is gone ends nothing.
  const logger = pino(
    { level: config.logLevel },
    pino.destination(2).on('error', () => undefined),
  );
  life.onFault((error, kind) => logger.error({ kind, error: redacted(error) }, 'an error that nobody caught'));
  database.watch(watching(logger, life));
  const pools = openPools(database, {
    entities: parts.entities,
    onIdleError: (error) => logger.warn({ reason: error.message }, 'a connection to the database was lost'),
  });
  life.atEnd(() => pools.close());
  const sealer = startSealer({
    url: database.sealerUrl,
    keyFile: auditKeyFile(config.dataDir, config.auditKeyFile),
    logger,
  });
  life.atEnd(() => sealer.stop());
  const retention = startRetention({ gate: () => pools.gate(), logger });
  life.atEnd(() => retention.stop());
  const demo = config.databaseUrl === undefined && isLoopback(config.host);
  const server = await parts
    .startServer({
      config,
      secret: database.secret,
      pools,
      demo,
      logger,
      isSealing: () => sealer.fault() === undefined,
    })
    .catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EADDRINUSE' ? new PlainError(portTaken(config)) : error;
    });
  life.atEnd(() => server.stop());
  const signIn = demo ? await firstSignIn(await pools.gate(), server.url) : undefined;
  say(welcome(server.url, database.where, parts.firstQuestion, signIn));
  await life.stopped;
}

/** What the log says of the embedded server. A full disk is told once, however often a start is tried. */
function watching(logger: Logger, life: Life): WatchEvents {
  let toldFull = false;
  return {
    gone: () => logger.error('the embedded database is gone; it is started again'),
    failed: (error, diskFull) => {
      if (diskFull && toldFull) return;
      toldFull = diskFull;
      const reason = (error as Error).message;
      logger.error(
        { reason },
        diskFull ? 'the disk is full; the embedded database waits for space' : 'it did not start',
      );
    },
    back: (ms) => {
      toldFull = false;
      logger.warn({ ms }, 'the embedded database is back');
    },
    lost: (error) => {
      logger.fatal({ reason: (error as Error).message }, 'the embedded database cannot be started again; Kualik ends');
      life.fail(error);
    },
  };
}

const portTaken = ({ host, port }: Config): string =>
  `Port ${port} of ${host} is taken by another program, perhaps another Kualik. Choose another one: set PORT=${port + 1} and start again.`;

const welcome = (url: string, where: string, question: string, signIn: string | undefined): string => `
Kualik is ready.
  Explore   ${url}/
  Ask       ${url}/graphql   (POST, for programs)${signIn === undefined ? '' : `\n  Sign in   ${signIn}   (once, within 15 minutes)`}
  Data      ${where}

Try this in another window:
  curl -s ${url}/graphql -H 'content-type: application/json' -d '${JSON.stringify({ query: question })}'

Stop with Ctrl-C.
`;
