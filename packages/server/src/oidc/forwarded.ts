/**
 * The request that oidc-provider is given. It has the few headers that the provider needs, with the origin's scheme and
 * host, and the body, which has been read and judged already, to be read once more.
 */
import type { IncomingMessage } from 'node:http';

export interface ForwardedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function forwarded(
  { socket, httpVersion, httpVersionMajor }: IncomingMessage,
  { method, path, headers, body }: ForwardedRequest,
): IncomingMessage {
  const bytes = Buffer.from(body);
  const request = {
    method,
    url: path,
    originalUrl: path,
    headers: { ...headers, 'content-length': String(bytes.length) },
    socket,
    httpVersion,
    httpVersionMajor,
    readable: true,
    readableEncoding: null,
    async *iterator() {
      yield bytes;
    },
  };
  // What Koa and the provider read of a request; a whole IncomingMessage would only carry what they must not see.
  return request as Partial<IncomingMessage> as IncomingMessage;
}
