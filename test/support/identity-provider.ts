// A real identity provider on loopback (oidc-provider), and a browser of three lines that signs in there.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface IdentityProvider {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Goes where `url` leads, signs in as `subject` where asked to, and returns the address the provider sends back to. */
  visit(url: string, subject: string): Promise<URL>;
  stop(): Promise<void>;
}

export async function identityProvider(redirectUri: string): Promise<IdentityProvider> {
  const notices = [console.info, console.warn] as const;
  // It tells once that it is set up for development, which it is.
  console.info = console.warn = () => undefined;
  // No types come with it.
  const { Provider } = (await import('oidc-provider' as string)) as {
    Provider: new (issuer: string, settings: object) => any;
  };
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [clientId, clientSecret] = ['kualik', 'a secret of the two'];
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    pkce: { required: () => true },
    claims: { openid: ['sub', 'auth_time'] },
    findAccount: (_: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 60, IdToken: 60, AuthorizationCode: 60 },
  });
  [console.info, console.warn] = notices;
  server.on('request', provider.callback());

  async function visit(url: string, subject: string): Promise<URL> {
    const cookies = new Map<string, string>();
    let [at, form]: [string, string | undefined] = [url, undefined];
    for (let step = 0; step < 20; step++) {
      const answer = await fetch(at, {
        method: form === undefined ? 'GET' : 'POST',
        redirect: 'manual',
        headers: {
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(form === undefined ? {} : { body: form }),
      });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      const next = answer.headers.get('location');
      if (next) {
        const to = new URL(next, at);
        if (to.href.startsWith(redirectUri)) return to;
        [at, form] = [to.href, undefined];
        continue;
      }
      const page = await answer.text();
      const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
      if (!action) throw new Error(`The provider answered ${answer.status}: ${page.slice(0, 400)}`);
      const prompt = /name="prompt" value="(\w+)"/.exec(page)![1]!;
      [at, form] = [
        new URL(action, at).href,
        new URLSearchParams({ prompt, login: subject, password: 'x' }).toString(),
      ];
    }
    throw new Error('The provider sends in circles.');
  }

  return {
    issuer,
    clientId,
    clientSecret,
    visit,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
