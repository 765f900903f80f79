// A sealer in a process of its own, for tests that kill it.
import { startSealer } from '../../src/audit/sealer.js';

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
startSealer({ url: process.env.SEALER_URL!, keyFile: process.env.KEY_FILE!, intervalMs: 1, logger });
process.stdout.write('sealing\n');
setInterval(() => undefined, 1000);
