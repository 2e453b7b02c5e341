/** A booted server that the vendor's clients can reach: encrypted, and trusted by this process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setDefaultCACertificates } from 'node:tls';
import { bootServer, type DatabaseKind, type TestServer } from '@reeve/testkit';

export interface World {
  readonly kind: DatabaseKind;
  readonly server: TestServer;
  /** Host and port, as a client is told. */
  readonly domain: string;
  /** `https://<domain>`. */
  readonly url: string;
  /** The id of the connection that there is from the start. */
  readonly connectionId: string;
  /** The native API. Throws unless the answer is a success. */
  native<T = unknown>(verb: string, path: string, body?: unknown): Promise<T>;
}

export async function startWorld(kind: DatabaseKind): Promise<World> {
  const server = await bootServer(kind, { environment: { REEVE_HTTPS_PORT: '0' } });
  const authority = readFileSync(join(server.dir, 'tls', 'ca.pem'), 'utf8');
  // Nobody else is called; the many authorities of the default would be read again for every connection.
  setDefaultCACertificates([authority]);
  const domain = `localhost:${new URL(server.httpsUrl as string).port}`;
  const native: World['native'] = async (verb, path, body) => {
    const answer = await server.api(verb, path, body);
    if (answer.status >= 300) throw new Error(`${verb} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const { connections } = await native<{ connections: { id: string; is_default: boolean }[] }>('GET', '/connections');
  const connection = connections.find(({ is_default: isDefault }) => isDefault);
  if (!connection) throw new Error('The tenant has no default connection.');
  return { kind, server, domain, url: `https://${domain}`, connectionId: connection.id, native };
}
