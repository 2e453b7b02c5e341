/** Problems in the vendor's form (contract `errors`): `{error: {code, message, details}}`, details null or `{field}`. */
import type { FieldError, ProblemCode } from '@reeve/contract';
import { type Dialect, Problem, uuidOf, type VendorProblem } from '@reeve/core';

const clash: VendorProblem = { status: 409, code: 'CONFLICT' };
const exists: VendorProblem = { status: 409, code: 'USER_ALREADY_EXISTS' };
const invalid: VendorProblem = { status: 400, code: 'INVALID_INPUT' };
const forbidden: VendorProblem = { status: 403, code: 'FORBIDDEN' };

/** Every code that the directory knows. A row may say it in other words. */
const WORDS: Readonly<Record<ProblemCode, VendorProblem>> = {
  invalid_request: invalid,
  invalid_cursor: invalid,
  invalid_json: invalid,
  unauthenticated: { code: 'TOKEN_INVALID' },
  token_expired: { code: 'TOKEN_EXPIRED' },
  token_revoked: { code: 'TOKEN_REVOKED' },
  insufficient_scope: { code: 'INSUFFICIENT_PERMISSIONS' },
  delete_all_disabled: forbidden,
  impersonation_disabled: forbidden,
  impersonation_refused: forbidden,
  not_found: { code: 'NOT_FOUND' },
  route_not_found: { code: 'NOT_FOUND' },
  method_not_allowed: { code: 'NOT_FOUND' },
  request_timeout: { code: 'INVALID_INPUT' },
  conflict: clash,
  email_taken: exists,
  username_taken: exists,
  phone_taken: exists,
  identity_taken: exists,
  code_taken: clash,
  name_taken: clash,
  domain_taken: clash,
  client_id_taken: clash,
  identifier_taken: clash,
  grant_exists: clash,
  in_use: clash,
  last_admin: clash,
  protected_resource: forbidden,
  invitation_closed: { status: 400, code: 'INVITE_ALREADY_USED' },
  idempotency_in_progress: clash,
  import_mismatch: clash,
  import_running: clash,
  import_ended: clash,
  precondition_failed: clash,
  // Contract `http.common`: a body over the bound lands among the unparsable ones.
  payload_too_large: invalid,
  unsupported_media_type: invalid,
  idempotency_mismatch: invalid,
  wrong_code: { status: 400, code: 'VALIDATION_ERROR' },
  weak_password: { status: 400, code: 'VALIDATION_ERROR' },
  limit_reached: { status: 400, code: 'VALIDATION_ERROR' },
  rate_limited: { code: 'RATE_LIMITED' },
  internal: { code: 'INTERNAL_ERROR' },
  overloaded: { code: 'SERVICE_UNAVAILABLE' },
  storage_full: { code: 'SERVICE_UNAVAILABLE' },
};

/** The codes of the directory that a refusal of this dialect's own is told under, in the audit log. */
const GROUND: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid_request',
  401: 'unauthenticated',
  403: 'insufficient_scope',
  404: 'not_found',
  409: 'conflict',
  429: 'rate_limited',
};

/** A refusal that only this vendor has words for. */
export class Refusal extends Problem {
  readonly vendor: Required<Pick<VendorProblem, 'status' | 'code'>>;
  constructor(
    status: number,
    code: string,
    message: string,
    { field, retryAfter }: { readonly field?: string; readonly retryAfter?: number | undefined } = {},
  ) {
    const errors: FieldError[] | undefined = field === undefined ? undefined : [{ field, code: 'refused', message }];
    super(GROUND[status] ?? 'invalid_request', message, {
      ...(errors ? { errors } : {}),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
    this.vendor = { status, code };
  }
}

const UNPARSABLE: ReadonlySet<ProblemCode> = new Set(['invalid_json', 'payload_too_large', 'unsupported_media_type']);

/** Contract `envelope.details`: the field of an `INVALID_INPUT`, by its outermost name. */
function detailsOf(problem: Problem): { field: string } | null {
  if (UNPARSABLE.has(problem.code)) return { field: 'body' };
  const [first] = problem.errors ?? [];
  if (!first) return null;
  const field = first.field.split('.')[0] || 'body';
  return { field: field === 'pool' ? 'namespace' : field };
}

export const refuse: Dialect['refuse'] = (problem, { part, row }) => {
  if (problem instanceof Refusal) return answer(problem.vendor.status, problem.vendor.code, problem);
  if (problem.isMissingToken) return answer(401, 'UNAUTHORIZED', problem);
  // A route's own gate and a decision inside it are told apart (contract `http.common`).
  if (problem.code === 'insufficient_scope' && part === 'operation') return answer(403, 'FORBIDDEN', problem);
  const words = { ...WORDS[problem.code], ...row?.problems[problem.code] };
  return answer(words.status ?? problem.status, words.code ?? 'INTERNAL_ERROR', problem, words.message);
};

const answer = (status: number, code: string, problem: Problem, message = messageOf(problem)) => ({
  status,
  body: { error: { code, message, details: detailsOf(problem) } },
});

const NATIVE_ID = /\b[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}\b/g;

/** The first broken rule says more than the title of them all; ids are spelled as they are everywhere here. */
const messageOf = ({ message, errors }: Problem): string =>
  (errors?.[0]?.message ?? message).replace(NATIVE_ID, (id) => uuidOf(id));
