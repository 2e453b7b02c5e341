/**
 * The contract as methods. One generic type and one function make every operation of every resource; nothing about an
 * operation is written here. The types map over the contract's module namespaces without renaming, so that an
 * operation's documentation is what an editor shows.
 */
import type { Route } from '@reeve/contract';
import { type Cursored, type Listing, listingOf, type Reply, replyOf } from './page.ts';
import type { Row, Table } from './routes.ts';
import type { TokenSource } from './token.ts';
import type { Answer, StreamedBody, Transport, WireRequest } from './transport.ts';
import { cutTemplate, fillTemplate, queryOf } from './wire.ts';

/** What one call may ask for, beside its input. */
export interface RequestOptions {
  /** Aborts the call, its pauses included. */
  readonly signal?: AbortSignal | undefined;
  /** Longest time for one try (ms); on a stream, longest silence. */
  readonly timeout?: number | undefined;
  /** Makes the call repeatable across processes; every write without one gets its own. */
  readonly idempotencyKey?: string | undefined;
  /** Changes the resource only if it still has this `etag`. */
  readonly ifMatch?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Queries name their instants so (a test walks the contract); there a `Date` may be given. */
type InstantName = 'start' | 'end' | `${string}_after` | `${string}_before`;
/** A query as it may be given; `undefined` is absent (no query has a required part: a test walks the contract). */
export type Given<Query> = { [K in keyof Query]: Query[K] | (K extends InstantName ? Date : never) | undefined };

type Input<Query, Body> = [Query] extends [undefined] ? Body : Given<Query>;
type Tail<In> = [In] extends [undefined]
  ? [options?: RequestOptions]
  : Record<never, never> extends In
    ? [input?: In, options?: RequestOptions]
    : [input: In, options?: RequestOptions];
type Arguments<Path extends string, Rest extends unknown[]> = Path extends `${string}{${string}{${string}`
  ? Path extends `${string}{${string}{${string}{${string}`
    ? [id: string, kind: string, memberId: string, ...rest: Rest]
    : [id: string, memberId: string, ...rest: Rest]
  : Path extends `${string}{${string}`
    ? [id: string, ...rest: Rest]
    : Rest;
type ItemOf<Page> = { [K in keyof Page]-?: Page[K] extends readonly (infer Item)[] ? Item : never }[keyof Page];
type Result<Response> = [Response] extends [undefined]
  ? Reply<void>
  : Response extends Cursored
    ? Listing<Response, ItemOf<Response>>
    : Reply<Response>;

/** The method that a route becomes. */
export type Operation<R> =
  R extends Route<infer Path, infer Query, infer Body, infer Response>
    ? (...args: Arguments<Path, Tail<Input<Query, Body>>>) => Result<Response>
    : never;

/** The methods that a resource module becomes; `Special` types the ones that stream. */
export type Operations<Resource, Special = unknown> = {
  readonly [K in keyof Resource as Resource[K] extends Route ? K : never]: K extends keyof Special
    ? Special[K]
    : Operation<Resource[K]>;
};

/** Everything that an operation needs to reach the server. */
export interface Wiring {
  /** `<tenantUrl>/api/v1` */
  readonly base: string;
  readonly transport: Transport;
  readonly tokens: TokenSource;
  /** Headers of every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a request is made of, when it is not the ordinary case of its row. */
export interface Shape {
  readonly answer?: WireRequest['answer'];
  readonly body?: StreamedBody;
  readonly contentType?: string;
  readonly timeout?: number | undefined;
  readonly deadline?: number;
}

/** Spells one call of a row as a request. */
export const requestOf = (
  wiring: Wiring,
  name: string,
  row: Row,
  path: string,
  input: object | undefined,
  options: RequestOptions = {},
  shape: Shape = {},
): WireRequest => {
  const isWrite = row.verb !== 'GET';
  const headers: Record<string, string> = { ...wiring.headers };
  for (const header in options.headers) headers[header.toLowerCase()] = options.headers[header] as string;
  // A repeated PUT gives the same answer anyhow; every other write needs the key for that.
  const key = options.idempotencyKey ?? (isWrite && row.verb !== 'PUT' ? crypto.randomUUID() : undefined);
  if (key !== undefined) headers['idempotency-key'] = key;
  if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch;
  let body: WireRequest['body'] = shape.body;
  if (row.input === 'body' && !body) body = JSON.stringify(input ?? {});
  if (body !== undefined) headers['content-type'] = shape.contentType ?? 'application/json';
  return {
    operation: name,
    method: row.verb,
    url: wiring.base + path + (row.input === 'query' ? queryOf(input) : ''),
    headers,
    body,
    answer: shape.answer ?? (row.isVoid ? 'nothing' : 'json'),
    items: row.items,
    signal: options.signal,
    timeout: shape.timeout ?? options.timeout,
    deadline: shape.deadline,
  };
};

type Send = (ids: readonly unknown[], input: object | undefined, options?: RequestOptions) => Promise<Answer<unknown>>;

const senderOf = (wiring: Wiring, name: string, row: Row, pieces: readonly string[]): Send => {
  const { transport, tokens } = wiring;
  const impossible = `An id of ${row.path} is missing or impossible`;
  return (ids, input, options) => {
    try {
      const path = fillTemplate(pieces, ids);
      if (path !== null) return transport.send(requestOf(wiring, name, row, path, input, options), tokens);
    } catch (cause) {
      // A body that has no JSON: a cycle, a BigInt.
      return Promise.reject(transport.error(name, String(cause), { code: 'invalid_parameter', cause }));
    }
    return Promise.reject(transport.error(name, impossible, { code: 'invalid_parameter' }));
  };
};

const operationOf = (wiring: Wiring, name: string, row: Row) => {
  const pieces = cutTemplate(row.path);
  const count = pieces.length - 1;
  const send = senderOf(wiring, name, row, pieces);
  const call = (args: unknown[]) => {
    const ids = args.slice(0, count);
    const input = (row.input ? args[count] : undefined) as object | undefined;
    const options = args[row.input ? count + 1 : count] as RequestOptions | undefined;
    return { ids, input, options, answer: send(ids, input, options) };
  };
  const { items } = row;
  if (!items) return (...args: unknown[]) => replyOf(call(args).answer);
  return (...args: unknown[]) => {
    const { ids, input, options, answer } = call(args);
    const itemsOf = (page: Cursored) => (page as unknown as Record<string, unknown[]>)[items] as unknown[];
    const next = (cursor: string) => send(ids, { ...input, cursor }, options);
    return listingOf(answer as Promise<Answer<Cursored>>, itemsOf, next as never);
  };
};

/** Makes the methods of a resource. */
export const operationsOf = <Resource>(wiring: Wiring, resource: string, table: Table): Operations<Resource> =>
  Object.fromEntries(
    Object.entries(table).map(([name, row]) => [name, operationOf(wiring, `${resource}.${name}`, row)]),
  ) as Operations<Resource>;
