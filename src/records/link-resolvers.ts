// Resolvers that follow from the declarations alone: refs, links, uncertain dates. A noun writes only the rest.
import type { GraphQLSchema } from 'graphql';
import { isListType, isNonNullType, isObjectType, type GraphQLOutputType } from 'graphql';
import { uncertainDate } from './dates.js';
import { raw } from '../db/sql.js';
import type { Links, ManyLink } from './links.js';
import { orderOf, type AnyRow, type Loading } from './loaders.js';
import { snake, type Field, type Noun } from './noun.js';
import { PARENT } from './page-by-parent.js';
import { planned, type Rows } from './plan.js';

type FieldResolver = (row: AnyRow, args: unknown, context: Loading) => unknown;
type ResolverMap = Record<string, Record<string, FieldResolver>>;

/** The record that a column points at; `records` = any noun. */
export function refResolver<T>(
  property: string,
  noun: string,
): (row: Record<string, unknown>, args: unknown, context: Loading) => Promise<T | null> | null {
  return planned(
    (row: Record<string, unknown>, _args: unknown, { load }: Loading) => {
      const id = row[property] as string | null;
      if (id === null || id === undefined) return null;
      return (noun === 'records' ? load.record.load(id) : load.one[noun]!.load(id)) as Promise<T | null>;
    },
    { is: 'record', noun, id: (alias) => raw(`${alias}.${snake(property)}`) },
  );
}

const dateResolver = (property: string): FieldResolver =>
  planned((row: AnyRow) => uncertainDate(row, property), { is: 'date', property });

/** The rows of a link, as SQL. */
export const rowsOfLink = (link: ManyLink): Rows => ({
  noun: link.noun,
  where: raw(`${link.noun}.${snake(link.by)} = ${PARENT.strings[0]}`),
  orderBy: raw(orderOf(link, link.noun)),
});

function fieldResolver(property: string, field: Field): [string, FieldResolver] | undefined {
  if (field.shape === 'ref') return [property.replace(/Id$/, ''), refResolver(property, field.of!)];
  if (field.shape === 'edtf' || field.shape === 'end') return [property, dateResolver(property)];
  return undefined;
}

const isList = (type: GraphQLOutputType): boolean => isListType(isNonNullType(type) ? type.ofType : type);

/** For every noun and link whose field the schema has. */
export function linkResolvers(schema: GraphQLSchema, nouns: Record<string, Noun>, links: Links): ResolverMap {
  const map: ResolverMap = {};
  const add = (typeName: string, fieldName: string, resolver: (type: GraphQLOutputType) => FieldResolver): void => {
    const type = schema.getType(typeName);
    const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
    if (field) (map[typeName] ??= {})[fieldName] = resolver(field.type);
  };
  for (const noun of Object.values(nouns))
    for (const [property, field] of Object.entries(noun.fields)) {
      const made = fieldResolver(property, field as Field);
      // A source has a publisher in words and one on record: the words keep the name.
      if (made && (made[0] === property || !(made[0] in noun.fields))) add(noun.type, made[0], () => made[1]);
    }
  for (const [type, fields] of Object.entries(links))
    for (const [name, link] of Object.entries(fields))
      for (const shown of [name, link.shownFirst])
        if (shown !== undefined) add(type, shown, (output) => linkResolver(type, name, link, isList(output)));
  return map;
}

/** A link shown as one record gives the first. */
function linkResolver(type: string, name: string, link: ManyLink, all: boolean): FieldResolver {
  return planned(
    async (row: AnyRow, _args: unknown, { load }: Loading) => {
      const rows = await load.many(type, name).load(row.id);
      return all ? rows : (rows[0] ?? null);
    },
    { is: all ? 'rows' : 'first', rows: rowsOfLink(link) },
  );
}
