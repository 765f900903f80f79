// Documents by the hash of their text, and servers that trust only those.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getIntrospectionQuery } from 'graphql';
import { ANONYMOUS, type Role, type Viewer } from '../src/accounts/viewer.js';
import { checkFree, documentId, documentsOf, readDocuments } from '../src/http/trusted.js';
import { testServer } from './support/http.js';

const QUESTION = 'query Greet($name: String) { hello(name: $name) }';
const documents = documentsOf([QUESTION]);

const viewer = (kind: Viewer['kind'], ...roles: Role[]): Viewer => ({ ...ANONYMOUS, kind, roles: new Set(roles) });

test('the hash is the one that the draft of GraphQL over HTTP computes', () => {
  expect(documentId('query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}')).toBe(
    'sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e',
  );
});

test('a document of the list is answered by its id; any other id, and an id beside a text, is refused', async () => {
  const server = await testServer({ documents });
  const send = async (body: object) => {
    const { status, json } = await server.post(JSON.stringify(body));
    return { status, ...json };
  };
  expect(await send({ documentId: documentId(QUESTION), variables: { name: 'Amina' } })).toEqual({
    status: 200,
    data: { hello: 'hello Amina' },
  });
  for (const [body, message] of [
    [{ documentId: documentId('{ hello }') }, /does not know a document with this "documentId"/],
    [{ documentId: documentId(QUESTION), query: QUESTION }, /"query" or "documentId", not both/],
    [{ documentId: 5 }, /"documentId" must be a text/],
    [{ documentId: 'toString' }, /does not know a document/],
  ] as const) {
    const said = await send(body);
    expect(said).toMatchObject({
      status: 400,
      errors: [{ message: expect.stringMatching(message), extensions: { code: 'BAD_USER_INPUT', rule: 'shape' } }],
    });
  }
  expect(await send({ query: '{ hello }' })).toEqual({ status: 200, data: { hello: 'hello world' } });
  await server.stop();
});

test('a server without a list knows the questions for the schema, and no others', async () => {
  const server = await testServer();
  const said = await server.post(JSON.stringify({ documentId: documentId(QUESTION) }));
  expect(said.json.errors[0].message).toMatch(/^This server does not know a document with this "documentId"/);
  const introspection = await server.post(JSON.stringify({ documentId: documentId(getIntrospectionQuery()) }));
  expect(introspection.json.data.__schema.queryType).toMatchObject({ name: 'Query' });
  await server.stop();
});

test.each<[who: string, asking: Viewer, status: number, sentence: RegExp | undefined]>([
  ['nobody in particular', ANONYMOUS, 401, /^Here only the questions of our own pages .* sign in, or send a token\.$/],
  ['a reader', viewer('session', 'reader'), 403, /^Here your account asks only .* for the role "exporter"\.$/],
  ['an editor', viewer('session', 'reader', 'editor'), 403, /^Here your account/],
  ['an exporter', viewer('session', 'reader', 'exporter'), 200, undefined],
  ['a token', viewer('token', 'reader'), 200, undefined],
])('where only our pages are trusted, %s asks', async (_who, asking, status, sentence) => {
  const server = await testServer({ documents, checkFree: () => checkFree(asking) });
  const free = await server.ask('{ hello }');
  expect(free.status).toBe(status);
  if (sentence)
    expect(free.json.errors[0]).toMatchObject({
      message: expect.stringMatching(sentence),
      extensions: { rule: 'document-free' },
    });
  const ours = await server.post(JSON.stringify({ documentId: documentId(QUESTION) }));
  expect(ours.json).toEqual({ data: { hello: 'hello world' } });
  // The text of a document of ours is no password: it is trusted by its id alone.
  expect((await server.ask(QUESTION)).status).toBe(status);
  await server.stop();
});

describe('the list of a build', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kualik-documents-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('lies beside its pages; the questions for the schema are always on it', () => {
    const none = readDocuments([folder, undefined]);
    expect(none.text(documentId(getIntrospectionQuery()))).toBe(getIntrospectionQuery());
    expect(() => none.text(documentId(QUESTION))).toThrow(/does not know/);
    writeFileSync(join(folder, 'documents.json'), JSON.stringify([QUESTION]));
    const one = readDocuments([folder]);
    expect(one.size).toBe(none.size + 1);
    expect(one.text(documentId(QUESTION))).toBe(QUESTION);
    writeFileSync(join(folder, 'documents.json'), '{}');
    expect(() => readDocuments([folder])).toThrow(/must be a list of texts; build the pages again/);
  });
});
