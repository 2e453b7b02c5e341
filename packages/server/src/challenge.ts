/** What a refused caller is told in `WWW-Authenticate` (RFC 6750 §3). */
import type { Problem } from '@reeve/core';

const SCHEME = 'Bearer realm="reeve"';

/** The challenge of a refusal; undefined where a token would not help. */
export function challengeOf(problem: Problem): string | undefined {
  // RFC 6750 §3.1: who did not know that a token is needed is told no error code.
  if (problem.isMissingToken) return SCHEME;
  if (problem.status === 401) return `${SCHEME}, error="invalid_token"`;
  return problem.status === 403 ? `${SCHEME}, error="insufficient_scope"` : undefined;
}
