// Certificates that run out within 90 days of 2022-08-01, with types generated from the schema (see codegen.yml).
//   npx tsx examples/expiring.ts http://127.0.0.1:4000/graphql
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { ExpiringCertificatesDocument, type ExpiringCertificatesQuery } from './generated/operations.js';

// Where anonymous reading is off: a token, as `kualik token new` prints it.
const token = process.env.KUALIK_TOKEN;
const credentials: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};

/** The data of the answer, typed by the document; throws the first error's sentence. */
async function ask<Data, Variables>(
  endpoint: string,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...credentials },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await response.json()) as { data?: Data; errors?: { message: string }[] };
  if (errors?.[0]) throw new Error(errors[0].message);
  return data!;
}

type Found = ExpiringCertificatesQuery['expiring']['nodes'][number];

async function* expiring(endpoint: string): AsyncGenerator<Found> {
  let after: string | null = null;
  do {
    const page: ExpiringCertificatesQuery['expiring'] = (
      await ask(endpoint, ExpiringCertificatesDocument, { within: 'P90D', on: '2022-08-01', after })
    ).expiring;
    yield* page.nodes;
    after = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
  } while (after);
}

const row = ({ person, document, lastDay, certainty, successor, successorKnown }: Found): string[] => [
  person?.name ?? '(hidden)',
  document.country,
  document.kind,
  lastDay.edtf ?? '',
  certainty,
  successor ? `until ${successor.validUntil?.edtf ?? 'unknown'}` : successorKnown,
];

const [endpoint] = process.argv.slice(2);
if (!endpoint) {
  console.error('usage: expiring.ts ENDPOINT');
  process.exit(2);
}
const table = [['HOLDER', 'COUNTRY', 'KIND', 'LAST DAY', 'CERTAINTY', 'SUCCESSOR']];
for await (const found of expiring(endpoint)) table.push(row(found));
const widths = table[0]!.map((_, i) => Math.max(...table.map((line) => line[i]!.length)));
for (const line of table)
  console.log(
    line
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
