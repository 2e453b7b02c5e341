/** Problems in Auth0's form (contract, `errors`): `{statusCode, error, message, errorCode?}`, for a 401 with `attributes`. */
import type { ProblemCode } from '@reeve/contract';
import { type Dialect, Problem, type VendorProblem } from '@reeve/core';

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  507: 'Insufficient Storage',
};

const taken: VendorProblem = { status: 409, code: 'auth0_idp_error', message: 'The user already exists.' };
const refused: VendorProblem = { status: 400, code: 'invalid_body' };
const clash: VendorProblem = { status: 409, code: 'conflict' };
const unsupported: VendorProblem = { status: 403, code: 'operation_not_supported' };
const asIs: VendorProblem = {};

/** Every code that the directory knows. A row may say it in other words. */
const WORDS: Readonly<Record<ProblemCode, VendorProblem>> = {
  invalid_request: { code: 'invalid_body' },
  invalid_cursor: { code: 'invalid_paging' },
  invalid_json: { status: 400, message: 'Invalid request payload JSON format' },
  unauthenticated: { message: 'Invalid token' },
  token_expired: { message: 'Expired token received for JSON Web Token validation' },
  token_revoked: { message: 'Invalid token' },
  insufficient_scope: { code: 'insufficient_scope' },
  delete_all_disabled: unsupported,
  impersonation_disabled: unsupported,
  impersonation_refused: unsupported,
  not_found: asIs,
  route_not_found: { message: 'Not Found' },
  method_not_allowed: { status: 404, message: 'Not Found' },
  request_timeout: asIs,
  conflict: clash,
  email_taken: taken,
  username_taken: taken,
  phone_taken: taken,
  identity_taken: taken,
  code_taken: clash,
  name_taken: clash,
  domain_taken: clash,
  client_id_taken: clash,
  identifier_taken: clash,
  grant_exists: clash,
  in_use: clash,
  last_admin: unsupported,
  protected_resource: unsupported,
  invitation_closed: clash,
  idempotency_in_progress: clash,
  import_mismatch: clash,
  import_running: clash,
  import_ended: clash,
  precondition_failed: asIs,
  payload_too_large: asIs,
  unsupported_media_type: asIs,
  idempotency_mismatch: refused,
  wrong_code: refused,
  weak_password: { status: 400, message: 'PasswordStrengthError: Password is too weak' },
  limit_reached: refused,
  rate_limited: { code: 'too_many_requests', message: 'Global limit has been reached' },
  internal: asIs,
  overloaded: asIs,
  storage_full: asIs,
};

/** A value of the query string that only the row can judge. */
export class QueryProblem extends Problem {
  constructor(message: string) {
    super('invalid_request', message);
  }
}

/** How the directory keeps what only Auth0 knows; its clients know it as fields of the resource. */
const KEPT = /^extensions\.auth0\.(settings\.)?/;

/** The one broken rule that Auth0 tells, in the words of its validator. */
function ruleOf(problem: Problem): string {
  const [first] = problem.errors ?? [];
  if (!first) return problem.message;
  const { code, message } = first;
  const field = first.field.replace(KEPT, '');
  const name = field.split('.').at(-1) ?? '';
  if (code === 'required') return `'Missing required property: ${name}'.`;
  if (code === 'unknown') return `'Additional properties not allowed: ${name}'.`;
  return field === '' ? `'${message}'.` : `'${message}' on property ${field}.`;
}

const sayings = {
  body: { code: 'invalid_body', say: (problem: Problem) => `Payload validation error: ${ruleOf(problem)}` },
  query: { code: 'invalid_query_string', say: (problem: Problem) => `Query validation error: ${ruleOf(problem)}` },
  path: { code: 'invalid_uri', say: (problem: Problem) => `Path validation error: ${ruleOf(problem)}` },
} as const;

export const refuse: Dialect['refuse'] = (problem, { part, row }) => {
  const words: VendorProblem = { ...WORDS[problem.code], ...row?.problems[problem.code] };
  const status = words.status ?? problem.status;
  if (problem instanceof QueryProblem)
    return { status: 400, body: bodyOf(400, problem.message, 'invalid_query_string') };
  if (problem.code === 'invalid_request' && part in sayings) {
    const { code, say } = sayings[part as keyof typeof sayings];
    return { status, body: bodyOf(status, say(problem), code) };
  }
  if (status === 401) return unauthorized(problem, words);
  // What is wrong with a field of the body is said of it, whatever words the row has for the whole.
  const isOfBody = row?.problems.invalid_request === undefined || (problem.errors && row.body);
  if (problem.code === 'invalid_request' && part === 'operation' && isOfBody) {
    const message = problem.errors ? sayings.body.say(problem) : problem.message;
    return { status, body: bodyOf(status, message, 'invalid_body') };
  }
  return { status, body: bodyOf(status, words.message ?? problem.message, words.code) };
};

const bodyOf = (statusCode: number, message: string, errorCode: string | undefined) => ({
  statusCode,
  error: REASONS[statusCode] ?? 'Error',
  message,
  ...(errorCode === undefined ? {} : { errorCode }),
});

/** A header that is not a bearer's is 400 (contract: "Authorization without exactly two parts"). */
function unauthorized(problem: Problem, words: VendorProblem): ReturnType<Dialect['refuse']> {
  if (problem.header === 'malformed')
    return { status: 400, body: bodyOf(400, 'Bad HTTP authentication header format', 'Bearer') };
  const message = problem.isMissingToken ? 'Missing authentication' : (words.message ?? problem.message);
  return {
    status: 401,
    body: { ...bodyOf(401, message, undefined), attributes: { error: message } },
    headers: { 'www-authenticate': problem.isMissingToken ? 'Bearer' : 'Bearer error="invalid_token"' },
  };
}
