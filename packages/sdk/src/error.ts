/**
 * The one error of the client: what the server refused, and what never reached it. Owns the invariant that no secret
 * leaves through an error: every text is scrubbed of the client secret and the bearer, and a foreign cause is copied
 * field by field, because an HTTP library may have hung the whole request on it.
 */
import type { FieldError, ProblemCode } from '@reeve/contract';

/** What goes wrong on this side of the wire; `status` is then 0, or that of an answer the client could not use. */
export type ClientCode =
  | 'aborted'
  | 'connection_failed'
  | 'deadline_exceeded'
  | 'export_corrupt'
  | 'export_truncated'
  | 'invalid_parameter'
  | 'redirect_refused'
  | 'source_failed'
  | 'timeout'
  | 'token_failed'
  | 'unexpected_answer';

/** The platform's codes, the client's own, `http_<status>` where the answer carried none. */
export type ErrorCode = ProblemCode | ClientCode | (string & {});

/** What an error knows beside its message. */
export interface ErrorFields {
  readonly status?: number;
  readonly code: ErrorCode;
  readonly request_id?: string | null;
  readonly errors?: readonly FieldError[];
  readonly job_id?: string;
  readonly cause?: unknown;
}

/** Thrown by every operation that fails, whatever the reason. */
export class ReeveError extends Error {
  static {
    Object.defineProperty(ReeveError.prototype, 'name', { value: 'ReeveError', configurable: true, writable: true });
  }
  /** HTTP status; 0 if no answer arrived. */
  readonly status: number;
  /** The stable thing to test for. */
  readonly code: ErrorCode;
  /** Finds the request in the audit log; null if no answer arrived. */
  readonly request_id: string | null;
  /** Broken rules by field. */
  readonly errors: readonly FieldError[];
  /** The import that was interrupted: pass it as `resume`. */
  declare readonly job_id?: string;

  constructor(message: string, fields: ErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.status = fields.status ?? 0;
    this.code = fields.code;
    this.request_id = fields.request_id ?? null;
    this.errors = fields.errors ?? [];
    if (fields.job_id !== undefined) this.job_id = fields.job_id;
  }

  /** For logs: everything but stack and cause. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...(this as object) };
  }
}

/** The constructor of the error class that a client throws. */
export type ErrorClass = new (message: string, fields: ErrorFields) => ReeveError;

/** Anything shorter is no secret, and would blank out ordinary words. */
const SHORTEST_SECRET = 6;

/** Replaces the secrets in a text. */
export const scrub = (text: string, secrets: readonly (string | undefined)[]): string => {
  let clean = text;
  for (const secret of secrets) {
    if (secret && secret.length >= SHORTEST_SECRET) clean = clean.replaceAll(secret, '[redacted]');
  }
  return clean;
};

const facts = ['name', 'code', 'errno', 'syscall', 'hostname', 'address', 'port'] as const;

/** A copy of a foreign error that holds nothing but its texts, scrubbed, and its plain facts. */
export const cleanCause = (cause: unknown, secrets: readonly (string | undefined)[], depth = 0): unknown => {
  if (cause === undefined || cause === null) return undefined;
  if (!(cause instanceof Error)) return scrub(String(cause), secrets);
  const copy = new Error(scrub(String(cause.message), secrets));
  for (const fact of facts) {
    const value = (cause as unknown as Record<string, unknown>)[fact];
    const plain = typeof value === 'string' ? scrub(value, secrets) : typeof value === 'number' ? value : undefined;
    if (plain !== undefined && plain !== (copy as unknown as Record<string, unknown>)[fact]) {
      Object.defineProperty(copy, fact, { value: plain, enumerable: fact !== 'name', configurable: true });
    }
  }
  if (cause.stack) Object.defineProperty(copy, 'stack', { value: scrub(cause.stack, secrets), configurable: true });
  const inner = cause.cause ?? (cause instanceof AggregateError ? cause.errors[0] : undefined);
  if (inner !== undefined && depth < 4) copy.cause = cleanCause(inner, secrets, depth + 1);
  return copy;
};

/** A JSON object, or undefined for any other text. */
export const recordOf = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {}
  return undefined;
};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);

/**
 * Reads a refusal: problem+json (RFC 9457) or an OAuth error (RFC 6749 §5.2). A body that is neither (a proxy's page)
 * gives `http_<status>` and stays out of the message.
 */
export const refusalOf = (
  status: number,
  text: string,
  requestId: string | null,
): { message: string; fields: ErrorFields } => {
  const body = recordOf(text) ?? {};
  const code = textOf(body.code) ?? textOf(body.error) ?? `http_${status}`;
  const said = textOf(body.detail) ?? textOf(body.error_description) ?? textOf(body.title);
  const fields = {
    status,
    code,
    request_id: textOf(body.request_id) ?? requestId,
    errors: (Array.isArray(body.errors) ? body.errors : []) as FieldError[],
  };
  return { message: said ?? `The server answered ${status}`, fields };
};
