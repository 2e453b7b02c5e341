/**
 * What a vendor's dialect is to the server: rows that translate a vendor's calls into operations, and the vendor's
 * spelling of problems. A row has no SQL, no HTTP and no authentication of its own.
 */
import type { ProblemCode, Schema, Verb } from '@reeve/contract';
import type { Problem } from './problem.ts';
import type { Work } from './work.ts';

/** One call of a row: what the server has found out and judged. */
export interface DialectCall<Query = unknown, Body = unknown> {
  /** Carries the native permissions that the token's scopes spell. */
  readonly work: Work;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Whether the token carries a scope, in the dialect's spelling. */
  readonly holds: (scope: string) => boolean;
  /** Claims of the caller's access token; none where the row asks for no token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Signs an access token (RFC 9068) with the tenant's key; who made it, and when, is added. */
  readonly sign: (claims: AccessTokenClaims) => Promise<SignedToken>;
  /** Scheme and host of the request. */
  readonly origin: string;
  /**
   * Subject of an id token that the calling application was given, of a session that has not ended and is no
   * impersonation. Throws `invalid_request`, and `impersonation_refused` where the caller acts as another.
   */
  readonly subjectOf: (idToken: string) => Promise<string>;
  /** The request's body as a stream, where the row reads it itself. */
  readonly upload: AsyncIterable<Uint8Array> | undefined;
  readonly contentType: string | undefined;
}

/** What a dialect's own door says in an access token. */
export interface AccessTokenClaims {
  readonly [name: string]: unknown;
  readonly sub: string;
  /** OAuth client id of the application that it is for. */
  readonly azp: string;
  /** Seconds until it expires. */
  readonly lifetime: number;
}

export interface SignedToken {
  readonly token: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** A vendor's words for one problem; what is left out is the dialect's own rule. */
export interface VendorProblem {
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
}

export interface DialectRow {
  readonly verb: Verb;
  /** Below the dialect's prefix, parameters as `{id}`. */
  readonly path: string;
  /** One of these is needed, in the dialect's spelling; none: no token is asked for. */
  readonly scopes: readonly string[];
  readonly query?: Schema;
  readonly body?: Schema;
  readonly status: number;
  /** Without scopes: a token that comes is judged all the same, and the row asks what it may. */
  readonly takesToken: boolean;
  /** The row reads the request's body as a stream. */
  readonly uploads: boolean;
  readonly problems: Partial<Record<ProblemCode, VendorProblem>>;
  run(call: DialectCall<never, never>): Promise<unknown>;
}

export interface RowOptions<Query, Body> {
  readonly scopes: readonly string[];
  readonly query?: Schema<Query>;
  readonly body?: Schema<Body>;
  /** Default: 200. 204 answers nothing. */
  readonly status?: number;
  readonly takesToken?: boolean;
  readonly uploads?: boolean;
  readonly problems?: Partial<Record<ProblemCode, VendorProblem>>;
  readonly run: (call: DialectCall<Query, Body>) => Promise<unknown>;
}

/** Declares a row: `row('GET /users/{id}', { … })`. */
export function row<Query = undefined, Body = undefined>(
  target: `${Verb} /${string}`,
  {
    scopes,
    query,
    body,
    status = 200,
    takesToken = false,
    uploads = false,
    problems = {},
    run,
  }: RowOptions<Query, Body>,
): DialectRow {
  const [verb, path] = target.split(' ') as [Verb, string];
  const schemas = { ...(query ? { query } : {}), ...(body ? { body } : {}) };
  return { verb, path, scopes, ...schemas, status, takesToken, uploads, problems, run };
}

/** An answer with headers or a status of its own. */
export class DialectAnswer {
  readonly body: unknown;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  constructor(body: unknown, { status, headers = {} }: { status?: number; headers?: Record<string, string> } = {}) {
    this.body = body;
    this.status = status;
    this.headers = headers;
  }
}

/** Where a request was refused. */
export type RefusedPart = 'path' | 'query' | 'body' | 'token' | 'scope' | 'operation';

export interface Dialect {
  /** The API that its tokens are for. */
  readonly api: 'auth0' | 'rw3iss' | 'authing';
  /** Where it is mounted: `/api/v2`. */
  readonly prefix: string;
  readonly rows: readonly DialectRow[];
  /** An `Idempotency-Key` counts on every call but reads and PUT. */
  readonly takesKeys?: boolean;
  /** What is said to a caller whose token lacks the scopes of a row; the rule of most is to name them. */
  lacking?(row: DialectRow, caller: { readonly impersonates: boolean }): string;
  /** A problem in the vendor's form. */
  refuse(
    problem: Problem,
    at: { readonly part: RefusedPart; readonly row: DialectRow | undefined },
  ): { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };
}
