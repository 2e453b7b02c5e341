/**
 * The error classes, by the status that each stands for. Owns the invariant that no token leaves through an error: what
 * the server said is scrubbed of those that the request carried, and `toJSON` knows no cause.
 *
 * A connection that fails stays what `fetch` rejects with, a `TypeError`: calling code tests for that, and `NetworkError`
 * was never thrown by the package that this one stands for.
 */
import { scrub } from '@reeve/sdk/runtime';
import type { AnswerHeaders, TransportResponse } from './ports.ts';

/** The client's own word for what went wrong. */
export type AuthErrorCode =
  | 'validation'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'rate_limited'
  | 'server_error'
  | 'http_error'
  | 'offline_mode'
  | 'requires_2fa'
  | 'network_error'
  | 'invalid_token';

/** What an error knows beside its message. */
export interface AuthErrorFields {
  readonly code?: AuthErrorCode | undefined;
  readonly status?: number | undefined;
  readonly serverCode?: string | undefined;
  readonly details?: unknown;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** Thrown by every method that the server refuses. */
export class AuthError extends Error {
  protected static readonly code: AuthErrorCode = 'http_error';

  readonly code: AuthErrorCode;
  /** HTTP status; undefined if no answer arrived. */
  readonly status: number | undefined;
  /** The server's code, e.g. `USER_NOT_FOUND`. */
  readonly serverCode: string | undefined;
  /** `{ field }` where one argument is to blame. */
  readonly details: unknown;
  /** Finds the request in the audit log. */
  readonly requestId: string | undefined;

  constructor(message: string, fields: AuthErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code ?? new.target.code;
    this.status = fields.status;
    this.serverCode = fields.serverCode;
    this.details = fields.details;
    this.requestId = fields.requestId;
  }

  /** For logs: everything but stack and cause. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...(this as object) };
  }
}

/** 400; also thrown for an argument that can be no part of a path, and then nothing was sent. */
export class ValidationError extends AuthError {
  protected static override readonly code = 'validation';
}
/** 401 */
export class UnauthenticatedError extends AuthError {
  protected static override readonly code = 'unauthenticated';
}
/** 403 */
export class ForbiddenError extends AuthError {
  protected static override readonly code = 'forbidden';
}
/** 404 */
export class NotFoundError extends AuthError {
  protected static override readonly code = 'not_found';
}
/** 409 */
export class ConflictError extends AuthError {
  protected static override readonly code = 'conflict';
}
/** 429 */
export class RateLimitedError extends AuthError {
  protected static override readonly code = 'rate_limited';
}
/** 500 and above */
export class ServerError extends AuthError {
  protected static override readonly code = 'server_error';
}
/** A call that would need the network, with `bootstrap: 'offline'`. */
export class OfflineModeError extends AuthError {
  protected static override readonly code = 'offline_mode';
}
/** For code that names it; `login` resolves with `requires_2fa` instead. */
export class RequiresTwoFactorError extends AuthError {
  protected static override readonly code = 'requires_2fa';
}
/** For code that names it; see the head of this file. */
export class NetworkError extends AuthError {
  protected static override readonly code = 'network_error';
}
/** A token that is no JWT, thrown by `decodeAccessToken` alone. */
export class InvalidTokenError extends AuthError {
  protected static override readonly code = 'invalid_token';
}

const named = {
  AuthError,
  ValidationError,
  UnauthenticatedError,
  ForbiddenError,
  NotFoundError,
  ConflictError,
  RateLimitedError,
  ServerError,
  OfflineModeError,
  RequiresTwoFactorError,
  NetworkError,
  InvalidTokenError,
};
// So that names outlive minifiers, and are no property of their own.
for (const [value, { prototype }] of Object.entries(named)) {
  Object.defineProperty(prototype, 'name', { value, configurable: true, writable: true });
}

const classes: Readonly<Record<number, typeof AuthError>> = {
  400: ValidationError,
  401: UnauthenticatedError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  429: RateLimitedError,
};

const headerOf = (headers: AnswerHeaders | undefined, name: string): string | undefined =>
  (typeof headers?.get === 'function' ? headers.get(name) : (headers as Record<string, string> | undefined)?.[name]) ??
  undefined;

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);

/** The error that a refusal stands for. */
export const refusalOf = (response: TransportResponse, secrets: readonly (string | undefined)[]): AuthError => {
  const { status, body, headers } = response;
  const said = recordOf(recordOf(body).error);
  const message = textOf(said.message) ?? textOf(recordOf(body).message) ?? `request failed with status ${status}`;
  const fields = { serverCode: textOf(said.code), details: said.details ?? undefined };
  const clean = (_key: string, value: unknown) => (typeof value === 'string' ? scrub(value, secrets) : value);
  const ErrorClass = classes[status] ?? (status >= 500 ? ServerError : AuthError);
  return new ErrorClass(scrub(message, secrets), {
    ...JSON.parse(JSON.stringify(fields), clean),
    status,
    requestId: headerOf(headers, 'x-request-id'),
  });
};
