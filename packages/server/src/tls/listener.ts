/** The TLS listener: the same application as over HTTP, behind a certificate of our own authority. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { type Clock, newId } from '@reeve/core';
import { type Config, ConfigError } from '../config.ts';
import { answerMalformed } from '../reply.ts';
import { type Credentials, certify } from './authority.ts';

const HANDSHAKE_MILLISECONDS = 10_000;
const RENEWAL_MILLISECONDS = 12 * 3_600_000;

export interface ListenerOptions {
  readonly config: Pick<Config, 'host' | 'dataDir'>;
  readonly clock: Clock;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly headersTimeout: number;
  /** Milliseconds that an idle connection is kept, as at the plain listener. */
  readonly keepAliveTimeout: number;
}

/** The certificate at a start; where its folder can't be written, the one line that says so. */
function certified(folder: string, names: readonly string[], now: number): Credentials {
  try {
    return certify(folder, names, now);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new ConfigError(`REEVE_DATA_DIR: ${folder} can't be written (${code}).`);
  }
}

/** A server that is not listening yet. Its certificate is renewed while it runs. */
export function createTlsServer({ config, clock, answer, headersTimeout, keepAliveTimeout }: ListenerOptions): Server {
  const folder = join(config.dataDir, 'tls');
  const names = [...new Set(['localhost', '127.0.0.1', '::1', config.host])];
  const server = createServer(
    {
      ...certified(folder, names, clock.now()),
      handshakeTimeout: HANDSHAKE_MILLISECONDS,
      requestTimeout: 0,
      headersTimeout,
      keepAliveTimeout,
      connectionsCheckingInterval: Math.min(5_000, headersTimeout),
    },
    answer,
  );
  server.on('clientError', (error, socket) => answerMalformed(error, socket, newId('req', clock.now())));
  const renewal = setInterval(
    () => server.setSecureContext(certify(folder, names, clock.now())),
    RENEWAL_MILLISECONDS,
  ).unref();
  server.once('close', () => clearInterval(renewal));
  return server;
}
