/**
 * Bodies: read with a bound on size and time, decoded strictly, parsed without prototype tricks. What PostgreSQL can't
 * store (U+0000) or no encoding carries (lone surrogates) is refused here, so that both databases keep what was sent.
 */
import type { Readable } from 'node:stream';
import { Problem } from '@reeve/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import secureJson from 'secure-json-parse';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it was sent, for digests. */
    bodyText: string;
  }
}

const BODY_LIMIT = 1_048_576;
const BODY_MILLISECONDS = 30_000;
const LINGER_MILLISECONDS = 2_000;

/** Collects a whole body. It is never destroyed here: the refusal must still reach the one who sends it. */
function collect(stream: Readable, limit: number, milliseconds: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (done: () => void) => {
      clearTimeout(slow);
      stream.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      // Refused: what still comes is let go by, unread.
      if (!stream.readableEnded) stream.on('error', () => {}).resume();
      done();
    };
    const slow = setTimeout(
      () =>
        settle(() =>
          reject(new Problem('request_timeout', `The body did not arrive within ${milliseconds / 1000} seconds.`)),
        ),
      milliseconds,
    );
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else settle(() => reject(new Problem('payload_too_large', `The body may be at most ${limit} bytes.`)));
    };
    const onEnd = () => settle(() => resolve(Buffer.concat(chunks)));
    const brokenOff = (cause?: Error) =>
      settle(() => reject(new Problem('invalid_request', 'The body broke off.', { cause })));
    const onError = (error: Error) => brokenOff(error);
    const onClose = () => brokenOff();
    stream.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
    // Gone while it was found out who is asking: nothing of it will be told any more.
    if (stream.destroyed) onClose();
  });
}

/** Reads a whole body as UTF-8 text. Throws 413, 408 and 400 problems. */
export async function readText(
  stream: Readable,
  limit = BODY_LIMIT,
  milliseconds = BODY_MILLISECONDS,
): Promise<string> {
  const bytes = await collect(stream, limit, milliseconds);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('invalid_json', 'The body is not valid UTF-8.');
  }
}

/**
 * A body that nobody reads to its end (a refusal was sent first) is let go by for a while, so that its sender can read the
 * answer; then the connection is cut.
 */
function boundLeftovers(app: FastifyInstance): void {
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (!raw.complete && !raw.destroyed) {
      const cut = setTimeout(() => raw.socket.destroy(), LINGER_MILLISECONDS);
      raw.once('close', () => clearTimeout(cut)).once('end', () => clearTimeout(cut));
      raw.resume();
    }
    done();
  });
}

const SUSPECT = /\\u(0000|[dD][89a-fA-F])/;

/** Refuses text that can't be stored as it is, anywhere in a value. */
export function checkStorable(value: unknown, path = ''): void {
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed()) {
      const message = 'must not hold U+0000 or half of a surrogate pair';
      throw new Problem('invalid_request', `${path || 'The value'} ${message}.`, {
        errors: [{ field: path, code: 'encoding', message }],
      });
    }
  } else if (value !== null && typeof value === 'object') {
    for (const [name, inner] of Object.entries(value)) {
      checkStorable(name, path);
      checkStorable(inner, path === '' ? name : `${path}.${name}`);
    }
  }
}

/** Parses JSON; `__proto__` and `constructor.prototype` keys are refused. */
export function parseJson(text: string): unknown {
  if (text.length === 0) return undefined;
  try {
    const value: unknown = secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
    if (SUSPECT.test(text)) checkStorable(value);
    return value;
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error instanceof RangeError) throw new Problem('invalid_json', 'The body is nested too deeply.');
    throw new Problem('invalid_json', `The body is not acceptable JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

export function installBodies(app: FastifyInstance, milliseconds = BODY_MILLISECONDS): void {
  app.decorateRequest('bodyText', '');
  boundLeftovers(app);
  app.removeAllContentTypeParsers();
  // Whatever reads the body: what is small on the wire and large in memory is not unpacked anywhere.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const coding = request.headers['content-encoding'] ?? 'identity';
    if (coding.toLowerCase() === 'identity') done(null, payload);
    else done(new Problem('unsupported_media_type', 'Send the body as it is, without a Content-Encoding.'));
  });
  app.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    async (request: FastifyRequest, payload: Readable) => {
      if (request.found?.route.isStreamed) return undefined;
      request.bodyText = await readText(payload, BODY_LIMIT, milliseconds);
      return parseJson(request.bodyText);
    },
  );
  app.addContentTypeParser('*', (request, _payload, done) => {
    if (request.found?.route.isStreamed || request.is404) done(null);
    else
      done(new Problem('unsupported_media_type', 'Send the body as one of the content types that this route takes.'));
  });
}
