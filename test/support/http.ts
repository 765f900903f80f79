// A small schema behind the real server, and ways to talk to it: by fetch, and by bare sockets for what fetch refuses to send.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLFieldConfigMap,
} from 'graphql';
import { pino } from 'pino';
import { startServer, type OpenContext, type RequestInfo, type ServerOptions } from '../../src/server.js';

export interface TestContext {
  info: RequestInfo;
}

type Thrower = () => unknown;

/** `fail(how)` throws what a test has put here under that name. */
export const failures = new Map<string, Thrower>();

const text = { type: new GraphQLNonNull(GraphQLString) };

const fail = {
  type: GraphQLString,
  args: { how: text },
  resolve: (_: unknown, { how }: { how: string }) => {
    throw failures.get(how)?.();
  },
};

const Person: GraphQLObjectType = new GraphQLObjectType({
  name: 'Person',
  fields: (): GraphQLFieldConfigMap<unknown, TestContext> => ({
    name: { ...text, resolve: () => 'Amina' },
    parent: { type: Person, resolve: () => ({}) },
    friends: {
      type: new GraphQLList(Person),
      args: { first: { type: GraphQLInt }, tags: { type: new GraphQLList(GraphQLString) } },
      resolve: () => [],
    },
  }),
});

const Query: GraphQLObjectType = new GraphQLObjectType({
  name: 'Query',
  fields: (): GraphQLFieldConfigMap<unknown, TestContext> => ({
    hello: { ...text, args: { name: { type: GraphQLString } }, resolve: (_, { name }) => `hello ${name ?? 'world'}` },
    slow: {
      type: GraphQLInt,
      args: { ms: { type: new GraphQLNonNull(GraphQLInt) } },
      resolve: async (_, { ms }, { info }) => {
        const end = new AbortController();
        info.signal.addEventListener('abort', () => end.abort());
        // Rethrown, because jest's modules have an Error class of their own, and this one is Node's.
        await sleep(ms, undefined, { signal: end.signal }).catch(() => {
          throw Object.assign(new Error('aborted'), { name: 'AbortError' });
        });
        return ms;
      },
    },
    fail,
    nothing: { ...text, resolve: () => null },
    person: { type: Person, resolve: () => ({}) },
    people: { type: new GraphQLList(Person), args: { first: { type: GraphQLInt } }, resolve: () => [] },
  }),
});

export const schema = new GraphQLSchema({
  query: Query,
  mutation: new GraphQLObjectType({
    name: 'Mutation',
    fields: {
      save: { type: GraphQLString, args: { value: text }, resolve: (_, { value }) => value },
      fail,
    },
  }),
});

export interface Said {
  status: number;
  headers: Headers;
  json: any;
}

export async function testServer(options: Partial<ServerOptions<TestContext, undefined>> = {}) {
  const log: Record<string, any>[] = [];
  const contexts: { info: RequestInfo; closed?: { error: unknown } }[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const openContext = async (info: RequestInfo): Promise<OpenContext<TestContext>> => {
    const context: (typeof contexts)[number] = { info };
    contexts.push(context);
    return { contextValue: { info }, close: async (error) => void (context.closed = { error }) };
  };
  const server = await startServer<TestContext, undefined>({
    schema,
    identify: () => Promise.resolve(undefined),
    openContext,
    ready: async () => true,
    port: 0,
    host: '127.0.0.1',
    logger,
    ...options,
  });
  const url = `${server.url}/graphql`;

  const post = async (body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Said> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
      body,
    });
    return { status: response.status, headers: response.headers, json: await response.json() };
  };
  const ask = (query: string, variables?: unknown, headers?: Record<string, string>) =>
    post(JSON.stringify({ query, variables }), headers);

  return {
    ...server,
    url,
    base: server.url,
    log,
    contexts,
    post,
    ask,
    open: () => openSocket(server.port),
    raw: (bytes: string) => raw(server.port, bytes),
  };
}

export type TestServer = Awaited<ReturnType<typeof testServer>>;

export function openSocket(port: number): Socket {
  return connect(port, '127.0.0.1').on('error', () => undefined);
}

/** Sends bytes as they are, and reads until the server closes. */
export async function raw(port: number, bytes: string): Promise<{ status: number; head: string; json: any }> {
  const socket = openSocket(port);
  socket.write(bytes);
  return readAnswer(socket);
}

export async function readAnswer(socket: Socket): Promise<{ status: number; head: string; json: any }> {
  let got = '';
  for await (const chunk of socket) got += String(chunk);
  const [head = '', body = ''] = got.split('\r\n\r\n', 2);
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, json: body ? JSON.parse(body) : undefined };
}

export { sleep };
