// The key-encryption keys that this process can use. They are read when one is first needed and kept in memory, so that the
// medium may be taken away; an id that is not known is looked for in the files again, since they change under a rotation.
import { readKeks, type Kek } from './key-file.js';

export interface Keyring {
  /** Undefined when no file holds it. */
  find(id: string): Kek | undefined;
}

export function openKeyring(file: string): Keyring {
  const known = new Map<string, Kek>();
  return {
    find(id) {
      if (!known.has(id)) for (const kek of readKeks(file)) known.set(kek.id, kek);
      return known.get(id);
    },
  };
}
