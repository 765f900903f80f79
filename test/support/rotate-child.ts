// `kualik key rotate` as a process that can be killed at a chosen point: it says where it is, and waits there a while.
import { rotateKeys } from '../../src/sealing/keys-in-use.js';

const [url, file] = process.argv.slice(2) as [string, string];
const pause = new Int32Array(new SharedArrayBuffer(4));
await rotateKeys(url, { file, named: false }, (done) => {
  process.stdout.write(`done ${done}\n`);
  Atomics.wait(pause, 0, 0, 1_500);
});
process.stdout.write('all done\n');
