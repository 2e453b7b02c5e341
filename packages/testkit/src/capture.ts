/** An HTTPS server that writes down what it is asked, for tests of clients that speak nothing but https. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
// Not exported by the server: nobody but its start-up and this needs a certificate.
import { certify } from '../../server/src/tls/authority.ts';

export interface Captured {
  readonly method: string;
  /** As it was sent, query included. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
}
/** Answers a request in place of the usual `200 {}`. */
export type Answering = (request: Captured, response: ServerResponse) => void;

export interface Capture extends Disposable {
  /** `localhost:<port>`. */
  readonly domain: string;
  /** What was asked since it was last emptied. */
  readonly requests: Captured[];
  /** Undefined: the usual answer. */
  answering: Answering | undefined;
  /** Empties `requests` and gives them. */
  take(): Captured[];
}

const textOf = async (incoming: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** Starts the server, and makes this process trust it. */
export const startCapture = async (): Promise<Capture> => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-capture-'));
  const { key, cert } = certify(folder, ['localhost', '127.0.0.1'], Date.now());
  const authority = readFileSync(join(folder, 'ca.pem'), 'utf8');
  rmSync(folder, { recursive: true });
  setDefaultCACertificates([...getCACertificates('default'), authority]);
  const requests: Captured[] = [];
  const server = createServer({ key, cert: `${cert}\n${authority}` });
  server.on('request', async (incoming, response) => {
    const { method = '', url = '', headers, rawHeaders } = incoming;
    const request = { method, url, headers, rawHeaders, body: await textOf(incoming) };
    requests.push(request);
    if (capture.answering) return capture.answering(request, response);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const capture: Capture = {
    domain: `localhost:${(server.address() as AddressInfo).port}`,
    requests,
    answering: undefined,
    take: () => requests.splice(0),
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
  return capture;
};

/** Answers every request alike. */
export const answer =
  (status: number, body = '', headers: Record<string, string> = { 'content-type': 'application/json' }): Answering =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

/** One answer after another; the last one stays. */
export const inTurn = (...answers: Answering[]): Answering => {
  let next = 0;
  return (request, response) => (answers[Math.min(next++, answers.length - 1)] as Answering)(request, response);
};
