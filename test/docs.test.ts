// What the prose of the repository names must be there: files, links, commands with their options, settings, scripts of npm. What it
// says of them is judged by people.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readConfig } from '../src/config.js';
import { packageRoot } from '../src/paths.js';

const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8');
const below = (directory: string, ending: RegExp): string[] =>
  readdirSync(join(packageRoot, directory), { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file))
    .map((file) => join(directory, file));

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'bench/README.md'],
  ...below('docs', /\.md$/),
];
const code = ['src', 'test', 'scripts', 'web']
  .flatMap((directory) => below(directory, /\.(ts|tsx|mjs)$/))
  .map(read)
  .join('\n');
const commandLine = [read('src/main.ts'), ...below('src/commands', /\.ts$/).map(read)].join('\n');

/** Every match in every document, with where it stands. */
const named = (pattern: RegExp): { file: string; match: RegExpMatchArray }[] =>
  documents.flatMap((file) => [...read(file).matchAll(pattern)].map((match) => ({ file, match })));

const wrong = <T extends { file: string; match: RegExpMatchArray }>(all: T[], isThere: (one: T) => boolean): string[] =>
  all.filter((one) => !isThere(one)).map(({ file, match }) => `${file}: ${match[0].trim()}`);

test('links lead to files of the repository', () => {
  const links = named(/\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)/g);
  expect(links.length).toBeGreaterThan(20);
  expect(wrong(links, ({ file, match }) => existsSync(join(packageRoot, dirname(file), match[1]!)))).toEqual([]);
});

test('paths are there; a test may be named by the beginning of its file', () => {
  const paths = named(
    /(?<![\w/.~-])((?:src|test|docs|migrations|schema|web|scripts|bench|examples|data)\/[\w./<>*-]*)/g,
  );
  expect(paths.length).toBeGreaterThan(60);
  const isThere = (given: string): boolean => {
    const path = given.replace(/[./]+$/, '');
    // `src/<noun>/model.ts`, `test/audit-*`
    const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replace(/<\w+>|\*/g, '[^/]*')}`);
    const [top = ''] = path.split('/');
    return (
      existsSync(join(packageRoot, path)) ||
      below(top, pattern).length > 0 ||
      below(top, /./).some((file) => pattern.test(file))
    );
  };
  expect(wrong(paths, ({ match }) => isThere(match[1]!))).toEqual([]);
});

test('scripts of npm are there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const runs = named(/npm run ([\w:]+)/g);
  expect(runs.length).toBeGreaterThan(3);
  expect(wrong(runs, ({ match }) => match[1]! in scripts)).toEqual([]);
});

test('commands of the command line and their options are there', () => {
  // At the beginning of a line or of `code`, after npx, or after settings.
  const calls = named(/(?:^ {0,4}|`|\$\(|npx |[A-Z_]+=\S+ )kualik ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?([^`\n]*)/gm);
  expect(calls.length).toBeGreaterThan(40);
  const words = (text: string): Set<string> =>
    new Set([...text.matchAll(/'([a-z][a-z-]*)'/g)].map(([, word]) => word!));
  const groups = new Set(['audit', 'key', 'team', 'token', 'user']);
  const known = words(commandLine);
  const options = new Set([...commandLine.matchAll(/'(--[a-z-]+)/g)].map(([, option]) => option!));
  expect(
    wrong(calls, ({ match: [, command, second, rest = ''] }) => {
      const isKnown = known.has(command!) && (!groups.has(command!) || second === undefined || known.has(second));
      // What follows a pipe or a comment is no part of the call.
      const used = [...rest.replace(/[|#].*$/, '').matchAll(/ (--[a-z-]+)/g)].map(([, option]) => option!);
      return isKnown && used.every((option) => options.has(option));
    }),
  ).toEqual([]);
});

test('every setting is in the help and in the README, and no other is told of', () => {
  const told = ((): string => {
    try {
      readConfig({ KUALIK_NONSENSE: '1' });
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  })();
  const settings = [...new Set(told.match(/KUALIK_[A-Z_]+/g))].filter((name) => name !== 'KUALIK_NONSENSE');
  expect(settings.length).toBeGreaterThan(10);
  for (const place of ['README.md', 'src/main.ts'])
    expect({ place, missing: settings.filter((name) => !read(place).includes(name)) }).toEqual({ place, missing: [] });
  expect(wrong(named(/KUALIK_[A-Z_]+/g), ({ match }) => code.includes(match[0]))).toEqual([]);
});
