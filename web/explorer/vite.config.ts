// Builds the explorer into dist/web/explorer, offline and with every file compressed once, here, and not at each start.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const outDir = fileURLToPath(new URL('../../dist/web/explorer', import.meta.url));

/** Quality 9 is within some per cent of the best, in a tenth of its time. */
function compress(): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(html|js|css|svg|json|ttf)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const bytes = readFileSync(path);
        if (bytes.length < 1_024) continue;
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

/** The list of questions that a server which trusts only its own pages answers for everybody; see src/http/trusted.ts. */
function documents(): Plugin {
  const folder = fileURLToPath(new URL('./questions', import.meta.url));
  return {
    name: 'documents',
    apply: 'build',
    generateBundle() {
      const texts = readdirSync(folder)
        .filter((name) => name.endsWith('.graphql'))
        .sort()
        .map((name) => readFileSync(join(folder, name), 'utf8'));
      texts.push(readFileSync(fileURLToPath(new URL('./viewer.graphql', import.meta.url)), 'utf8'));
      this.emitFile({ type: 'asset', fileName: 'documents.json', source: JSON.stringify(texts) });
    },
  };
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), documents(), compress()],
  worker: { format: 'es' },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    // Monaco is one large editor; splitting it further would only add round trips.
    chunkSizeWarningLimit: 6_000,
    rolldownOptions: {
      // "use no memo" is for React's compiler, which has run already; dropping it is right.
      onLog: (level, log, handle) => void (log.code === 'MODULE_LEVEL_DIRECTIVE' || handle(level, log)),
    },
  },
  // `npm run dev` beside a running server on its usual port.
  server: { proxy: { '/graphql': 'http://127.0.0.1:4000' } },
});
