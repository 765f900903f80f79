// Generated code is made at install and not committed; it must be what the schema gives now.
import { execFileSync } from 'node:child_process';

try {
  execFileSync('npx', ['--no-install', 'graphql-codegen', '--config', 'codegen.yml', '--check'], { stdio: 'inherit' });
} catch {
  console.error('The generated types are older than the schema: run `npm run codegen`.');
  process.exit(1);
}
