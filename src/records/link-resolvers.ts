// Resolvers that follow from the declarations alone: refs, links, uncertain dates. A noun writes only the rest.
import type { GraphQLSchema } from 'graphql';
import { isListType, isNonNullType, isObjectType, type GraphQLOutputType } from 'graphql';
import { uncertainDate } from './dates.js';
import type { Links } from './links.js';
import type { AnyRow, Loading } from './loaders.js';
import type { Field, Noun } from './noun.js';

type FieldResolver = (row: AnyRow, args: unknown, context: Loading) => unknown;
type ResolverMap = Record<string, Record<string, FieldResolver>>;

function refResolver(property: string, noun: string): FieldResolver {
  return (row, _args, { load }) => {
    const id = row[property] as string | null;
    if (id === null || id === undefined) return null;
    return noun === 'records' ? load.record.load(id) : load.one[noun]!.load(id);
  };
}

function fieldResolver(property: string, field: Field): [string, FieldResolver] | undefined {
  if (field.shape === 'ref') return [property.replace(/Id$/, ''), refResolver(property, field.of!)];
  if (field.shape === 'edtf' || field.shape === 'end') return [property, (row) => uncertainDate(row, property)];
  return undefined;
}

const isList = (type: GraphQLOutputType): boolean => isListType(isNonNullType(type) ? type.ofType : type);

/** For every noun and link whose field the schema has under the same name. A link shown as one record gives the first. */
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
    for (const name of Object.keys(fields))
      add(type, name, (output) => async (row, _args, { load }) => {
        const rows = await load.many(type, name).load(row.id);
        return isList(output) ? rows : (rows[0] ?? null);
      });
  return map;
}
