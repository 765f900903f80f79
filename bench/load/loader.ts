// The other side of worker.ts: starts it, hands it a load, gives the result.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../src/paths.js';
import type { Job, Result } from './job.js';

export interface Loader {
  run(job: Job): Promise<Result>;
  end(): Promise<void>;
}

export function startLoader(): Loader {
  const child = fork(join(packageRoot, 'bench', 'load', 'worker.ts'), {
    execArgv: ['--import', 'tsx'],
    cwd: packageRoot,
  });
  return {
    async run(job) {
      child.send(job);
      const [answer] = (await once(child, 'message')) as [Result | { failed: string }];
      if ('failed' in answer) throw new Error(answer.failed);
      return answer;
    },
    async end() {
      if (child.exitCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
