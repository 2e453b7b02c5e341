/**
 * What an answer means: its data, or the one error that says what went wrong. Owns the invariant that a failure is never
 * taken for an empty result.
 */
import { cleanCause } from '@reeve/sdk/runtime';
import { type FailedResponse, type RequestInfo, redacted, SanitizedError } from './errors.ts';
import { type ConnectionOptions, exchange, type Incoming, type Outgoing } from './exchange.ts';

const isJson = /[/+]json\b/i;
const isForm = /^application\/x-www-form-urlencoded\b/i;

const infoOf = ({ method, url }: Outgoing): RequestInfo => ({
  // The original's transport calls a DELETE by its own short name, and code compares with that.
  method: method === 'DELETE' ? 'del' : method.toLowerCase(),
  url: url.replace(/[?#].*/s, ''),
});

const typeOf = ({ headers }: Incoming): string => headers['content-type'] ?? '';

/** A body that is no JSON counts as `{}`. */
const parse = (incoming: Incoming): unknown => {
  const type = typeOf(incoming);
  if (isJson.test(type)) return incoming.text === '' ? '' : JSON.parse(incoming.text);
  return isForm.test(type) ? Object.fromEntries(new URLSearchParams(incoming.text)) : {};
};

const dataOf = (body: string | undefined): unknown => {
  if (body === undefined) return undefined;
  try {
    return redacted(JSON.parse(body));
  } catch {
    return '[REDACTED]';
  }
};

const failureOf = (outgoing: Outgoing, incoming: Incoming, body: unknown, said?: string): SanitizedError => {
  const { status, statusText, headers, text } = incoming;
  const request = {
    method: outgoing.method,
    url: outgoing.url,
    _data: dataOf(outgoing.body),
    _header: redacted(outgoing.headers) as Record<string, string>,
  };
  const type = typeOf(incoming).replace(/\s*;.*/s, '');
  const response: FailedResponse = { status, statusCode: status, body, text, headers, header: headers, type, request };
  const { error, message } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const name = typeof error === 'string' && error ? error : 'APIError';
  const words = said ?? (message || body || statusText || String(status));
  const text_ = typeof words === 'string' ? words : JSON.stringify(words);
  const original = Object.assign(new Error(said ?? (statusText || String(status))), { status, response });
  return new SanitizedError(name, text_, status, infoOf(outgoing), original);
};

/** The parsed body of an answer of 2xx. @throws SanitizedError for any other */
export const bodyOf = (incoming: Incoming, outgoing: Outgoing): unknown => {
  let body: unknown;
  let fault: string | undefined;
  try {
    body = parse(incoming);
  } catch (error) {
    fault = (error as Error).message;
  }
  if (incoming.status >= 200 && incoming.status <= 299 && fault === undefined) {
    return incoming.status === 204 ? {} : body;
  }
  throw failureOf(outgoing, incoming, body, fault);
};

/** The error for a connection that broke. */
const brokenOf = (outgoing: Outgoing, cause: unknown): SanitizedError => {
  const original = cleanCause(cause, [outgoing.headers.authorization]) as Error & { code?: string };
  return new SanitizedError('APIError', original.message, original.code, infoOf(outgoing), original);
};

/** Sends; what breaks becomes the client's error. */
export const send = async (outgoing: Outgoing, options: ConnectionOptions): Promise<Incoming> => {
  try {
    return await exchange(outgoing, options);
  } catch (error) {
    throw brokenOf(outgoing, error);
  }
};
