// Builds the sign-in page into dist/web/sign-in: small files of our own, nothing inlined, so that its policy can be strict.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  build: {
    outDir: fileURLToPath(new URL('../../dist/web/sign-in', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `npx vite web/sign-in` beside a running server on its usual port.
  server: { proxy: { '/auth': 'http://127.0.0.1:4000' } },
});
