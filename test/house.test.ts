// The house rules that a machine can check: floors, one name for one thing, declarations equal to tables, SDL equal to SQL.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import {
  buildSchema as read,
  isEnumType,
  isNonNullType,
  lexicographicSortSchema,
  printSchema,
  type GraphQLInputObjectType,
  type GraphQLSchema,
} from 'graphql';
import { withClient } from '../src/db/client.js';
import { nouns } from '../src/model.js';
import { packageRoot } from '../src/paths.js';
import { writtenFields } from '../src/records/field-names.js';
import { snake, type Field, type Noun } from '../src/records/noun.js';
import { buildSchema } from '../src/schema.js';
import { savedNouns } from '../src/writing/nouns.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database?.drop());

const ask = <T extends object>(sql: string): Promise<T[]> =>
  withClient(database.adminUrl, async (client) => (await client.query<T>(sql)).rows);

const files = (directory: string, ending: string): string[] =>
  readdirSync(join(packageRoot, directory), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending) && !file.includes('generated'))
    .map((file) => join(directory, file));

/** Which floor a file of src stands on; code imports downwards or inside its own folder. `import type` is free. */
const FLOORS: [RegExp, number][] = [
  [/^src\/(values\/|observe\/|errors\.ts|config\.ts|paths\.ts|leaving\.ts)/, 0],
  [/^src\/db\//, 1],
  [/^src\/(records|accounts|sealing|audit)\//, 2],
  [/^src\/(persons|organizations|places|sources|claims|cases|detentions|refugees|events|trade|sealed)\//, 3],
  [/^src\/model\.ts/, 4],
  [/^src\/(timeline|certificates|statistics|incidents|writing|history)\//, 4],
  [/^src\/(context|lens|mutations|operation|schema)\.ts/, 5],
  [/^src\/planner\//, 6],
  [/^src\/exchange\//, 6],
  [/^src\/(main|server|wiring)\.ts|^src\/(http|commands)\//, 7],
];
const floorOf = (file: string): number => FLOORS.find(([pattern]) => pattern.test(file))?.[1] ?? NaN;

describe('floors', () => {
  const sources = files('src', '.ts').filter((file) => !file.endsWith('.d.ts'));

  test('every file stands on a floor', () => {
    expect(sources.filter((file) => Number.isNaN(floorOf(file)))).toEqual([]);
  });

  test('code imports only downwards or inside its own folder', () => {
    const upward = sources.flatMap((file) => {
      const text = readFileSync(join(packageRoot, file), 'utf8');
      const imports = [...text.matchAll(/^(?:import|export)(?! type)[^;]*? from '(\.[^']+)'/gms)].map(
        (match) => match[1]!,
      );
      return imports
        .map((path) => relative(packageRoot, resolve(packageRoot, dirname(file), path.replace(/\.js$/, '.ts'))))
        .filter((target) => target.startsWith('src/') && !target.includes('generated'))
        .filter(
          (target) =>
            floorOf(target) > floorOf(file) || (floorOf(target) === floorOf(file) && !sameFolder(file, target)),
        )
        .map((target) => `${file} imports ${target}`);
    });
    expect(upward).toEqual([]);
  });
});

/** Nouns of floor 3 may read the claims of any record: provenance is the one thing all of them share. */
const sameFolder = (a: string, b: string): boolean =>
  dirname(a).split('/')[1] === dirname(b).split('/')[1] ||
  /^src\/claims\//.test(b) ||
  floorOf(a) === 7 ||
  floorOf(a) === 0;

describe('declarations and tables', () => {
  test.each(Object.entries<Noun>(nouns))(
    '%s: the declared columns are the columns of the table',
    async (table, noun) => {
      const columns = await ask<{ name: string; type: string; nullable: boolean }>(
        `select a.attname as name, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null) as type, not a.attnotnull as nullable
       from pg_attribute a join pg_type t on t.oid = a.atttypid
       where a.attrelid = 'public.${table}'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'retracted_at' order by 1`,
      );
      const sqlType: Record<string, string> = { smallint: 'integer', 'timestamp with time zone': 'timestamptz' };
      expect(columns.map((c) => ({ name: c.name, type: sqlType[c.type] ?? c.type, nullable: c.nullable }))).toEqual(
        noun.columns
          .map((c) => ({ name: c.name, type: c.sqlType, nullable: c.nullable }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      );
    },
  );

  test('every table of records is adopted, with the claimed fields, the date and the owner of its declaration', async () => {
    const adopted = await ask<{
      noun: string;
      claimed: string[];
      happens: string | null;
      foreign_owner: string | null;
    }>(`select noun, claimed, happens, foreign_owner from house.adopted order by noun`);
    const declared = Object.entries<Noun>(nouns).map(([noun, { fields, happens, owner }]) => ({
      noun,
      claimed: Object.entries(fields as Record<string, Field>)
        .flatMap(([name, field]) => (field.claimed ? [snake(name)] : []))
        .sort(),
      happens: happens ? snake(happens) : null,
      foreign_owner: owner ? snake(owner) : null,
    }));
    expect(adopted.map((row) => ({ ...row, claimed: [...row.claimed].sort() }))).toEqual(
      declared.sort((a, b) => (a.noun < b.noun ? -1 : 1)),
    );
    const tables = await ask<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`,
    );
    const bookkeeping = ['capture_contents', 'house_repeatables', 'imports', 'records', 'schema_migrations'];
    expect(tables.map((t) => t.name).filter((name) => !bookkeeping.includes(name))).toEqual(
      adopted.map((row) => row.noun),
    );
  });

  test('every check, unique and exclusion constraint of our own has a comment that is a sentence for a caseworker', async () => {
    const mute = await ask<{ name: string }>(
      `select conname as name from pg_constraint c where connamespace = 'public'::regnamespace and contype in ('c', 'u', 'x') and conrelid <> 0
         and conname !~ '_(has_its_bounds|sensitivity_is_0_to_3)$' and conname <> 'schema_migrations_pkey'
         and coalesce(obj_description(oid, 'pg_constraint'), '') !~ '^[A-Z].*\\.$'
       union all
       select i.indexrelid::regclass::text from pg_index i where i.indisunique and not i.indisprimary and i.indrelid::regclass::text !~ 'pg_'
         and not exists (select 1 from pg_constraint where conindid = i.indexrelid)
         and coalesce(obj_description(i.indexrelid, 'pg_class'), '') !~ '^[A-Z].*\\.$'
         and (select relnamespace from pg_class where oid = i.indrelid) = 'public'::regnamespace`,
    );
    expect(mute.map((row) => row.name).filter((name) => !/_reference_is_unique$/.test(name))).toEqual([]);
  });

  test('every table of records hides what is retracted from the roles of the application', async () => {
    const open = await ask<{ noun: string }>(
      `select a.noun from house.adopted a join pg_class c on c.oid = a.noun::regclass
       where not c.relrowsecurity or not exists (
         select from pg_policy p where p.polrelid = c.oid and p.polcmd = '*' and pg_get_expr(p.polqual, c.oid) ~ 'retracted_at IS NULL')`,
    );
    expect(open).toEqual([]);
  });

  test('the editor can delete nothing, choose no id, and the reader can write nothing', async () => {
    const grants = await ask<{ what: string }>(
      `select grantee || ' ' || privilege_type || ' ' || table_name as what from information_schema.table_privileges
         where table_schema = 'public' and ((grantee = 'kualik_editor' and privilege_type not in ('SELECT', 'INSERT', 'UPDATE'))
           or (grantee = 'kualik_reader' and privilege_type <> 'SELECT') or grantee = 'PUBLIC')
       union all
       select grantee || ' ' || privilege_type || ' ' || table_name || '.' || column_name from information_schema.column_privileges
         where table_schema = 'public' and grantee = 'kualik_editor' and privilege_type in ('INSERT', 'UPDATE')
           and column_name in ('id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by', 'retracted_at')`,
    );
    expect(grants).toEqual([]);
  });
});

const pascal = (domain: string): string =>
  domain.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());

describe('one vocabulary', () => {
  const schema = buildSchema();
  const enums = Object.values(schema.getTypeMap()).filter((type) => isEnumType(type) && !type.name.startsWith('__'));

  test('the schema that runs is the SDL word for word', () => {
    const sdl = files('schema', '.graphql').map((file) => readFileSync(join(packageRoot, file), 'utf8'));
    const printed = (made: GraphQLSchema): string => printSchema(lexicographicSortSchema(made));
    expect(printed(schema)).toBe(printed(read(sdl.join('\n'))));
  });

  test('every domain of SQL is an enum of the SDL with the same values in the same order', async () => {
    const domains = await ask<{ name: string; definition: string }>(
      `select t.typname as name, pg_get_constraintdef(c.oid) as definition from pg_type t join pg_constraint c on c.contypid = t.oid
       where t.typtype = 'd' and t.typnamespace = 'public'::regnamespace and t.typname <> 'country_code' order by 1`,
    );
    const sql = domains.map((d) => [pascal(d.name), [...d.definition.matchAll(/'([A-Z_0-9]+)'/g)].map((m) => m[1])]);
    const sdl = sql.map(([name]) => {
      const type = enums.find((e) => e.name === name);
      return [name, isEnumType(type) ? type.getValues().map((v) => v.name) : 'missing in the SDL'];
    });
    expect(sdl).toEqual(sql);
  });

  test('every word field of a declaration names a domain that exists', async () => {
    const known = (await ask<{ name: string }>(`select typname as name from pg_type where typtype = 'd'`)).map(
      (row) => row.name,
    );
    const used = Object.values<Noun>(nouns).flatMap((noun) =>
      Object.values(noun.fields as Record<string, Field>).flatMap((f) => (f.shape === 'word' ? [f.of!] : [])),
    );
    expect(used.filter((domain) => !known.includes(domain))).toEqual([]);
  });

  test('every field of a declaration is a field of its type in the SDL, or said to be internal', () => {
    const INTERNAL =
      /^(nameKey|teamId|displayOrder|sequence|preference|level|roots|earliest|latest|envelope|createdBy|updatedBy)$/;
    const missing = Object.values<Noun>(nouns).flatMap((noun) => {
      const type = schema.getType(noun.type);
      const fields = type && 'getFields' in type ? Object.keys(type.getFields()) : [];
      return Object.keys(noun.fields)
        .filter((name) => !INTERNAL.test(name) && !fields.includes(name) && !fields.includes(name.replace(/Id$/, '')))
        .map((name) => `${noun.type}.${name}`);
    });
    expect(missing).toEqual([]);
  });
});

describe('writing', () => {
  const schema = buildSchema();
  const mutations = schema.getMutationType()!.getFields();
  /** What every save has beside the fields of its noun. */
  const COMMON = ['id', 'expectedVersion', 'sensitivity', 'team', 'citations', 'changeReason', 'idempotencyKey'];

  test.each(savedNouns(nouns))(
    '$table: is saved by a mutation whose input has the fields of its declaration',
    (noun) => {
      expect(String(mutations[`save${noun.type}`]?.type)).toBe(`${noun.type}!`);
      const input = schema.getType(`Save${noun.type}Input`) as GraphQLInputObjectType;
      const inputs = Object.values(input.getFields());
      const fields = writtenFields(noun);
      expect(inputs.map(({ name }) => name).sort()).toEqual([...fields.keys(), ...COMMON].sort());
      // Nothing is required by the schema alone: what is left out keeps its value.
      expect(inputs.filter(({ type }) => isNonNullType(type))).toEqual([]);
      for (const { name, type } of inputs) {
        const field = fields.get(name)?.field;
        if (field?.shape === 'ref') expect(String(type)).toBe('ID');
        if (field?.shape === 'word') expect(String(type)).toBe(pascal(field.of!));
      }
    },
  );

  test('what claims decide is named where citations are', () => {
    for (const noun of savedNouns(nouns)) {
      const input = schema.getType(`Save${noun.type}Input`) as GraphQLInputObjectType;
      const said = input.getFields().citations!.description!;
      const claimed = [...writtenFields(noun).values()].filter(({ field }) => field.claimed).map(({ name }) => name);
      const named = [...said.matchAll(/`(\w+)`/g)].map(([, name]) => name).filter((name) => name !== 'field');
      expect({ noun: noun.table, named }).toEqual({ noun: noun.table, named: claimed });
    }
  });
});

describe('banned', () => {
  const BANNED: [RegExp, string][] = [
    [/\bnew Date\(|Date\.(now|parse|UTC)\(/, 'dates are text (src/values); measure time with performance.now()'],
    [/synchronize: true/, 'tables change by migrations only'],
    [/\bconsole\.(log|error|warn)\(/, 'say it through src/commands/say.ts or the logger'],
    [/\b(from|join|update|into) public\./, 'names are never qualified: the search path chooses the clock'],
    [/localeCompare\([^,)]*\)/, 'name the locale: order must not depend on the machine'],
  ];
  test.each(BANNED)('%s is nowhere in src', (pattern, instead) => {
    const found = files('src', '.ts').filter((file) => pattern.test(readFileSync(join(packageRoot, file), 'utf8')));
    expect({ instead, found }).toEqual({ instead, found: [] });
  });
});
