/**
 * The one error class. The original rejects with plain objects, library errors and booleans; here everything is an Error
 * that still has their `code`, `message` and `data`. Owns the invariant that no secret, token or password is in one.
 */
import { scrub } from '@reeve/sdk/runtime';

/** What an error knows beside its message. */
export interface AuthingErrorFields {
  readonly code?: number | string | undefined;
  readonly data?: unknown;
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

/** Thrown by every call that fails. */
export class AuthingError extends Error {
  /**
   * The server's number, e.g. 2004 (user not found). A text where there is none: `ECONNABORTED` (no answer in time), the
   * system's code of a connection that failed, `ERR_BAD_REQUEST` and `ERR_BAD_RESPONSE` for an answer that says nothing
   * more, `ERR_INVALID_ARGUMENT` for an argument that was not sent.
   */
  readonly code: number | string | undefined;
  /** What the server says beside code and message. */
  readonly data: unknown;
  /** HTTP status; undefined if no answer arrived. */
  readonly status: number | undefined;

  constructor(message: string, fields: AuthingErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.data = fields.data;
    this.status = fields.status;
  }

  /** For logs: everything but stack and cause. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...(this as object) };
  }
}
// So that the name outlives minifiers, and is no property of its own.
Object.defineProperty(AuthingError.prototype, 'name', { value: 'AuthingError', configurable: true, writable: true });

/** An argument that can't be sent. */
export const refusal = (message: string): AuthingError => new AuthingError(message, { code: 'ERR_INVALID_ARGUMENT' });

/** One thing that went wrong, before it is an error. */
export interface Fault extends AuthingErrorFields {
  readonly message: string;
}

/** A fault as an error, without the secrets that the request carried. */
export const errorOf = (fault: Fault, secrets: readonly (string | undefined)[]): AuthingError => {
  // Also as they stand in JSON, which a server may quote.
  const spellings = secrets.flatMap((secret) => (secret ? [secret, JSON.stringify(secret).slice(1, -1)] : []));
  const clean = (_key: string, value: unknown) => (typeof value === 'string' ? scrub(value, spellings) : value);
  const { code, data } = fault;
  return new AuthingError(scrub(fault.message, spellings), {
    ...(JSON.parse(JSON.stringify({ code, data }), clean) as AuthingErrorFields),
    status: fault.status,
    cause: fault.cause,
  });
};
