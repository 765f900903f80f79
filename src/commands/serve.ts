// kualik serve: the database, then the server, until somebody stops it.
import { existsSync } from 'node:fs';
import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { createDataSource } from '../db/data-source.js';
import { PlainError } from '../db/plain-error.js';
import { foundingCaseDirectory } from '../paths.js';
import { holdsNoCase, openDatabase } from './database.js';
import type { Life } from './life.js';
import { loadInto } from './load.js';
import { loadParts } from './parts.js';
import { say } from './say.js';

export async function serve(config: Config, life: Life): Promise<void> {
  const parts = await loadParts();
  const database = await openDatabase(config, life);
  if (existsSync(foundingCaseDirectory) && (await holdsNoCase(database.readerUrl))) {
    say('First start: loading the founding case.');
    await loadInto(database.editorUrl, foundingCaseDirectory, parts, life);
  }
  const logger = pino({ level: config.logLevel }, pino.destination(2));
  const pool = async (url: string): Promise<DataSource> => {
    const made = createDataSource({
      url,
      entities: parts.entities,
      onIdleError: (error) => logger.warn({ reason: error.message }, 'a connection to the database was lost'),
    });
    await made.initialize();
    life.atEnd(() => made.destroy());
    return made;
  };
  const [reader, editor] = [await pool(database.readerUrl), await pool(database.editorUrl)];
  const server = await parts
    .startServer({ config, secret: database.secret, reader, editor, logger })
    .catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EADDRINUSE' ? new PlainError(portTaken(config)) : error;
    });
  life.atEnd(() => server.stop());
  say(welcome(server.url, database.where, parts.firstQuestion));
  await life.stopped;
}

const portTaken = ({ host, port }: Config): string =>
  `Port ${port} of ${host} is taken by another program, perhaps another Kualik. Choose another one: PORT=${port + 1} kualik serve`;

const welcome = (url: string, where: string, question: string): string => `
Kualik is ready.
  Explore   ${url}/
  Ask       ${url}/graphql   (POST, for programs)
  Data      ${where}

Try this in another window:
  curl -s ${url}/graphql -H 'content-type: application/json' -d '${JSON.stringify({ query: question })}'

Stop with Ctrl-C.
`;
