// The ready-made questions: one file each in questions/, in the order of the file names. The first comment line is the title;
// a file of the same name that ends in .json holds the variables.
export interface Question {
  name: string;
  title: string;
  query: string;
  variables?: string;
}

const documents = import.meta.glob<string>('./questions/*.graphql', { query: '?raw', import: 'default', eager: true });
const variables = import.meta.glob<string>('./questions/*.json', { query: '?raw', import: 'default', eager: true });

export const questions: Question[] = Object.entries(documents)
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([path, query]) => {
    const name = path.replace(/^.*\//, '').replace(/\.graphql$/, '');
    const values = variables[path.replace(/\.graphql$/, '.json')];
    return { name, title: titleOf(query) ?? name, query, ...(values === undefined ? {} : { variables: values }) };
  });

function titleOf(query: string): string | undefined {
  return /^\s*#\s*(.+?)\s*$/m.exec(query)?.[1];
}
