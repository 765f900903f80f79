// A browser's page as far as HTTP sees it: it keeps cookies, and its requests say that they come from the same origin.
import { request } from 'node:http';

export interface Told {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** The bytes of the answer. */
  text: string;
  json: any;
  /** `message` and `extensions` of the first error. */
  error: { message: string; extensions: Record<string, any> } | undefined;
}

export class Page {
  readonly cookies = new Map<string, string>();
  /** As the server wrote them, with their flags. */
  readonly written: string[] = [];

  constructor(
    readonly base: string,
    readonly headers: Record<string, string> = {},
  ) {}

  /** POST /auth/<name>. */
  post(name: string, body: object | string = {}, headers: Record<string, string | undefined> = {}): Promise<Told> {
    const cookie = [...this.cookies].map(([key, value]) => `${key}=${value}`).join('; ');
    const sent: Record<string, string | undefined> = {
      'content-type': 'application/json',
      'sec-fetch-site': 'same-origin',
      ...(cookie ? { cookie } : {}),
      ...this.headers,
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const url = new URL(`/auth/${name}`, this.base);
      const req = request(
        {
          host: '127.0.0.1',
          port: url.port,
          path: url.pathname,
          method: 'POST',
          headers: {
            host: url.host,
            ...Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined)),
          },
        },
        (res) => {
          let text = '';
          res.setEncoding('utf8');
          res.on('data', (chunk: string) => (text += chunk));
          res.on('end', () => {
            for (const line of res.headers['set-cookie'] ?? []) this.#keep(line);
            const json = JSON.parse(text);
            resolve({ status: res.statusCode!, headers: res.headers, text, json, error: json.errors?.[0] });
          });
        },
      );
      req.on('error', reject);
      req.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  /** As post; anything but success fails the test. */
  async must(name: string, body: object = {}): Promise<any> {
    const { status, json, text } = await this.post(name, body);
    if (status !== 200) throw new Error(`${name}: ${status} ${text}`);
    return json;
  }

  #keep(line: string): void {
    this.written.push(line);
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (/max-age=0/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
