// Names of columns are made from names of properties; names of tables are always written out.
import { DefaultNamingStrategy, type NamingStrategyInterface } from 'typeorm';

/** personId -> person_id, publishedURL -> published_url, line2 -> line2 */
export const snakeCase = (name: string): string =>
  name.replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3_$2').toLowerCase();

export class SnakeNaming extends DefaultNamingStrategy implements NamingStrategyInterface {
  override tableName(className: string, given: string | undefined): string {
    if (!given) throw new Error(`Entity ${className} must name its table: @Entity('...').`);
    return given;
  }

  override columnName(property: string, given: string | undefined, prefixes: string[]): string {
    return [...prefixes.map(snakeCase), given ?? snakeCase(property)].join('_');
  }
}
