/** Clients that hard-code https, in the test's own process: they are to trust the certificate that a booted server made for itself. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import tls from 'node:tls';
import type { TestServer } from '@reeve/testkit';

/** What a server is booted with, so that it answers on TLS. */
export const tlsEnvironment = { REEVE_HTTPS_PORT: '0' } as const;

/** Trusts the server's certificate from here on, and answers the `domain` that clients are given. */
export async function trustedDomain(server: TestServer): Promise<string> {
  if (server.httpsUrl === undefined) throw new Error('Boot the server with `tlsEnvironment`.');
  const ca = await readFile(join(server.dir, 'tls/ca.pem'), 'utf8');
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), ca]);
  return `localhost:${new URL(server.httpsUrl).port}`;
}
