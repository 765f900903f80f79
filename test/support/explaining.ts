// What PostgreSQL really does for a question: the statement that the planner of questions makes, run as the role of a level
// with its one plan for all values, and what each step of it passed over.
import { getOperationAST, parse, type GraphQLSchema } from 'graphql';
import pg from 'pg';
import { nouns } from '../../src/model.js';
import { planQuestion } from '../../src/planner/plan.js';
import type { LocalDate } from '../../src/values/local-date.js';
import type { FreshDatabase } from './database.js';
import { asking, type Asker } from './rights.js';

export const CURSOR_KEY = Buffer.alloc(32, 7);

interface Step {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: Step[];
}

/** One way in which a statement came by rows of a table. */
export interface Scan {
  /** Such as `Seq Scan on persons` or `Index Scan on events by events_by_day`. */
  what: string;
  table: string;
  /** Read in all, and thrown away again among them. */
  rows: number;
  wasted: number;
}

export interface Explained {
  scans: Scan[];
  /** Tables that were read from end to end, in functions too, into which a plan does not look; and how many rows. */
  walked: { table: string; rows: number }[];
  answer: any;
}

/** @throws where the question has no plan. */
export async function explained(
  database: FreshDatabase,
  schema: GraphQLSchema,
  asker: Asker,
  source: string,
  variables: Record<string, unknown> = {},
): Promise<Explained> {
  const document = parse(source);
  const operation = getOperationAST(document)!;
  const statement = planQuestion(
    { schema, document, operation, variables },
    {
      nouns,
      today: '2023-05-01' as LocalDate,
      cursorKey: () => CURSOR_KEY,
      look: () => undefined,
      keepsShown: asker.level >= 2,
    },
  );
  if (!statement) throw new Error(`There is no plan for ${source}`);
  const { text, values } = statement;
  return asking(database, 'reader', asker, async (client) => {
    const { rows } = await client.query<{ data: string }>({ name: 'asked', text, values });
    const { rows: walked } = await client.query<{ table: string; rows: number }>(
      `select c.relname as table, pg_stat_get_xact_tuples_returned(c.oid)::int as rows from pg_class c
       where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and pg_stat_get_xact_tuples_returned(c.oid) > 0`,
    );
    // The same statement under a name of SQL, since a prepared one of the protocol cannot be explained.
    await client.query(`prepare explained as ${text}`);
    const given = values.map(literal).join(', ');
    const told = await client.query<{ 'QUERY PLAN': { Plan: Step }[] }>(
      `explain (analyze, timing off, format json) execute explained${given ? `(${given})` : ''}`,
    );
    const answer = JSON.parse(statement.answer(rows[0]!).data);
    return { walked, scans: scansOf(told.rows[0]!['QUERY PLAN'][0]!.Plan), answer };
  });
}

/** As the driver would send it. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return `array[${value.map(literal).join(', ')}]`;
  return pg.escapeLiteral(String(value));
}

function scansOf(step: Step): Scan[] {
  const below = (step.Plans ?? []).flatMap(scansOf);
  const [kind, table, index] = [step['Node Type'], step['Relation Name'], step['Index Name']];
  if (!table) return below;
  const wasted =
    ((step['Rows Removed by Filter'] ?? 0) + (step['Rows Removed by Index Recheck'] ?? 0)) * step['Actual Loops'];
  const what = `${kind} on ${table}${index ? ` by ${index}` : ''}`;
  return [{ what, table, rows: step['Actual Rows'] * step['Actual Loops'] + wasted, wasted }, ...below];
}
