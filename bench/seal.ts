// Seals the audit of what was loaded, so that the server which is measured finds nothing to seal.
import { withClient } from '../src/db/client.js';
import { auditKeyFile, loadSigner } from '../src/audit/key-file.js';
import { Sealer } from '../src/audit/sealer.js';
import type { Place } from './place.js';

export async function seal({ sealerUrl, dataDir }: Place): Promise<void> {
  const keyFile = auditKeyFile(dataDir);
  const signer = loadSigner(keyFile, true);
  await withClient(sealerUrl, async (client) => {
    const sealer = new Sealer(client, signer, keyFile);
    while (((await sealer.run()) ?? 0) > 0);
  });
}
