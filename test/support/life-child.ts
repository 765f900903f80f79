// A command that opens two things and waits to be stopped; closing the second takes as long as its argument says (ms).
// The second argument says what goes wrong: fail, throw (where nobody catches), reject (where nobody listens).
import { setTimeout as sleep } from 'node:timers/promises';
import { live } from '../../src/commands/life.js';
import { complain, say } from '../../src/commands/say.js';

const [slow = '0', fail = ''] = process.argv.slice(2);
setInterval(() => undefined, 1000);
live(async (life) => {
  life.atEnd(async () => say(await Promise.resolve('closed first')));
  life.atEnd(async () => {
    await sleep(Number(slow));
    say('closed second');
  });
  if (fail === 'fail') throw new Error('no such postgres://u:geheim@h/d');
  say('ready');
  if (fail === 'reject') {
    life.onFault((_, kind) => say(`told ${kind}`));
    void Promise.reject(new Error('unheard'));
  }
  if (fail === 'throw')
    setImmediate(() => {
      throw new Error('thrown into nowhere');
    });
  await life.stopped;
}).then(
  () => process.exit(0),
  (error: unknown) => process.exit(complain(error)),
);
