// A process that uses the embedded server until it gets SIGTERM. Arguments: data directory, settings as JSON.
import { startEmbedded } from '../../src/db/embedded/index.js';

const [dataDir = '', settings = '{}'] = process.argv.slice(2);
const embedded = await startEmbedded({ dataDir, settings: JSON.parse(settings) as Record<string, string> });
// Ready to be told before it is said: who reads the line may send the signal at once.
setInterval(() => undefined, 1000);
process.on('SIGTERM', () => void embedded.stop().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ url: embedded.url, how: embedded.how, cluster: embedded.cluster })}\n`);
