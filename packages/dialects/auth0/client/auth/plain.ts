/** Calls outside of the resources: their answers may be text, and their errors are the plain HTTP ones. */
import { send } from '../answer.ts';
import { HttpError, SanitizedError } from '../errors.ts';
import type { ConnectionOptions } from '../exchange.ts';

interface PlainRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly bearer?: string | undefined;
  readonly body?: object | undefined;
}

const dataOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** The data of the answer. @throws HttpError */
export const ask = async (request: PlainRequest, options: ConnectionOptions): Promise<unknown> => {
  const { method, url, body, bearer } = request;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
  headers.accept = 'application/json, text/plain, */*';
  if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const incoming = await send({ method, url, headers, body: text }, options).catch((error: unknown) => {
    if (!(error instanceof SanitizedError)) throw error;
    throw new HttpError(error.message, undefined, error.originalError.code);
  });
  const { status, statusText, headers: answered } = incoming;
  const data = dataOf(incoming.text);
  if (status >= 200 && status <= 299) return data;
  const config = { method: method.toLowerCase(), url };
  throw new HttpError(`${method} ${url}: ${status}`, { status, statusText, headers: answered, config, data });
};
