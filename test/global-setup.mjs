// globalSetup runs outside the module loader of jest: tsx lets it import TypeScript.
import 'tsx/esm';

export default async function setup() {
  const { startTestServer } = await import('./support/test-server.ts');
  globalThis.stopTestServer = await startTestServer();
}
