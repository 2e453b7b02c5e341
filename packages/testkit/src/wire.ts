/** One HTTP exchange by `node:http`: unlike `fetch` it sends any Host header, method and path as they are given. */
import { Agent, request } from 'node:http';

export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface WireInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** Sent in place of the path of the URL, unchanged. */
  readonly path?: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 30_000 });

export function ask(url: string, { method = 'GET', headers = {}, body, path }: WireInit = {}): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const asked = request(
      url,
      { agent, method, headers: { ...length, ...headers }, ...(path === undefined ? {} : { path }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode as number,
            headers: new Headers(
              Object.entries(response.headers).map(([name, value]) => [name, String(value)] as [string, string]),
            ),
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    asked.once('error', reject).end(body);
  });
}
