/** Refusals of the OAuth endpoints: `{ error, error_description }` (RFC 6749 §5.2), with `code` where a program can act on it. */
import type { Problem } from '@reeve/core';

export interface OAuthError {
  readonly status: number;
  readonly body: { readonly error: string; readonly error_description: string; readonly code?: string };
  /** Seconds. */
  readonly retryAfter: number | undefined;
}

/** A problem of the platform in OAuth's words. */
export function oauthErrorOf(problem: Problem): OAuthError {
  const { status, message, retryAfter, code } = problem;
  const error =
    status >= 503
      ? 'temporarily_unavailable'
      : status >= 500
        ? 'server_error'
        : status === 401
          ? 'invalid_token'
          : status === 403
            ? 'insufficient_scope'
            : 'invalid_request';
  return {
    status: status === 507 ? 503 : status,
    body: { error, error_description: plain(message), code },
    retryAfter,
  };
}

/** RFC 6749 §5.2 allows no quotes, backslashes or characters beyond ASCII here. */
const plain = (text: string): string => text.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
