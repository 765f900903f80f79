// An answer that names the instant of recording can be cited: it has the same bytes after whatever is changed later.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kind, parse, print, visit, type DocumentNode, type GraphQLSchema } from 'graphql';
import { createDataSource } from '../src/db/data-source.js';
import { openWriteSession } from '../src/db/session.js';
import { entities } from '../src/model.js';
import { packageRoot } from '../src/paths.js';
import { house, type House } from './support/house.js';

const folders = [join(packageRoot, 'web', 'explorer', 'questions'), join(packageRoot, 'test', 'golden')];
const questions = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.graphql'))
    .map((file): [string, string] => [file, readFileSync(join(folder, file), 'utf8')]),
);

/** Names an instant in every field of Query that has clocks. */
function pinned(schema: GraphQLSchema, query: string, at: string): string {
  const fields = schema.getQueryType()!.getFields();
  const recordedBy = {
    kind: Kind.OBJECT_FIELD,
    name: { kind: Kind.NAME, value: 'recordedBy' },
    value: { kind: Kind.STRING, value: at },
  } as const;
  const document: DocumentNode = parse(query);
  return print(
    visit(document, {
      OperationDefinition: (operation) => ({
        ...operation,
        selectionSet: {
          ...operation.selectionSet,
          selections: operation.selectionSet.selections.map((field) => {
            if (field.kind !== Kind.FIELD || !fields[field.name.value]?.args.some(({ name }) => name === 'asOf'))
              return field;
            const given = field.arguments?.find(({ name }) => name.value === 'asOf')?.value;
            const asOf = {
              kind: Kind.OBJECT,
              fields: [...(given?.kind === Kind.OBJECT ? given.fields : []), recordedBy],
            } as const;
            return {
              ...field,
              arguments: [
                ...(field.arguments ?? []).filter(({ name }) => name.value !== 'asOf'),
                { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'asOf' }, value: asOf } as const,
              ],
            };
          }),
        },
      }),
    }),
  );
}

let here: House;
beforeAll(async () => {
  here = await house({ template: 'founding', today: '2026-11-01', everything: true });
});
afterAll(() => here?.close());

test('every golden question, asked as of an instant, has the same bytes after the records changed', async () => {
  const [{ at } = { at: '' }] = await here.sql<{ at: string }>('select clock_timestamp() as at');
  const asked = questions.map(([file, query]): [string, string] => [file, pinned(here.schema, query, at)]);
  const answers = new Map<string, string>();
  for (const [file, query] of asked) {
    const { data, errors } = await here.run(query);
    expect([file, errors]).toEqual([file, undefined]);
    answers.set(file, JSON.stringify(data));
  }
  expect(answers.size).toBeGreaterThan(10);

  const today = new Map<string, string>();
  for (const [file, query] of questions) today.set(file, JSON.stringify((await here.run(query)).data));
  const editor = await createDataSource({ url: here.database.editorUrl, entities, poolSize: 2 }).initialize();
  try {
    /** One transaction. */
    const write = async (...statements: string[]): Promise<void> => {
      const session = await openWriteSession(editor);
      for (const sql of statements) await session.rows('write', sql);
      await session.close();
    };
    await write(
      `update claims set rank = 'DEPRECATED', rank_reason = 'Withdrawn.' where sequence % 3 = 0`,
      `update claims set rank = 'PREFERRED', rank_reason = 'Preferred.' where sequence % 7 = 1 and rank = 'NORMAL'`,
      `select house.accept(id) from records where noun <> 'claims'`,
    );
    await write(
      `update sources set published = '1999', published_earliest = '1999-01-01', published_latest = '1999-12-31' where id::text < '8'`,
    );
    await write(`update events set sensitivity = 2 where id::text < '8'`);
    await write(
      `insert into claims (record_id, field, source_id, stance, basis) select p.id, '', s.id, 'ASSERTS', 'STATED' from persons p cross join (select id from sources order by id limit 1) s`,
    );
    await write(
      `select house.retract(id, version, 'Taken back.') from (select id, version from events order by id limit 5) few`,
    );
  } finally {
    await editor.destroy();
  }

  let changed = 0;
  for (const [file, query] of questions)
    if (JSON.stringify((await here.run(query)).data) !== today.get(file)) changed++;
  expect(changed).toBeGreaterThan(5);
  for (const [file, query] of asked)
    expect([file, JSON.stringify((await here.run(query)).data)]).toEqual([file, answers.get(file)]);
  expect(await here.sql('select * from history.faults()')).toEqual([]);
});
