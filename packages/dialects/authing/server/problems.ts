/**
 * Problems in the vendor's form: HTTP 200 always, but over the rate limit, with a numeric code (contract, `errors`); an error
 * object on GraphQL, an envelope elsewhere.
 */
import type { ProblemCode } from '@reeve/contract';
import { type Dialect, Problem } from '@reeve/core';

export interface Words {
  readonly code: number;
  /** Absent: what the problem itself says. */
  readonly message?: string;
}

/** The numbers that this door uses. */
export const CODES = {
  failed: 500,
  busy: 1000,
  forbidden: 1001,
  userUnknown: 2004,
  undecryptable: 2016,
  unauthenticated: 2020,
  userExists: 2026,
  identifierMissing: 2028,
  tooManyUsers: 2030,
  poolUnknown: 2224,
  parameterWrong: 2231,
} as const;

const failed: Words = { code: CODES.failed };
const unauthenticated: Words = { code: CODES.unauthenticated };
const exists: Words = { code: CODES.userExists };
const forbidden: Words = { code: CODES.forbidden };
const busy: Words = { code: CODES.busy };

const WORDS: Readonly<Record<ProblemCode, Words>> = {
  invalid_request: failed,
  invalid_cursor: failed,
  invalid_json: failed,
  unauthenticated,
  token_expired: unauthenticated,
  token_revoked: unauthenticated,
  insufficient_scope: forbidden,
  delete_all_disabled: forbidden,
  impersonation_disabled: forbidden,
  impersonation_refused: forbidden,
  not_found: failed,
  route_not_found: { code: 404 },
  method_not_allowed: { code: 404 },
  request_timeout: failed,
  conflict: failed,
  email_taken: exists,
  username_taken: exists,
  phone_taken: exists,
  identity_taken: exists,
  code_taken: failed,
  name_taken: failed,
  domain_taken: failed,
  client_id_taken: failed,
  identifier_taken: failed,
  grant_exists: failed,
  in_use: failed,
  last_admin: failed,
  protected_resource: failed,
  invitation_closed: failed,
  idempotency_in_progress: failed,
  import_mismatch: failed,
  import_running: failed,
  import_ended: failed,
  precondition_failed: failed,
  payload_too_large: failed,
  unsupported_media_type: failed,
  idempotency_mismatch: failed,
  wrong_code: failed,
  weak_password: failed,
  limit_reached: failed,
  rate_limited: busy,
  internal: failed,
  overloaded: busy,
  storage_full: failed,
};

/** A refusal with a number that only this vendor has. */
export class Refusal extends Problem {
  readonly words: Required<Words>;
  constructor(code: number, message: string, field?: string) {
    const errors = field === undefined ? {} : { errors: [{ field, code: 'refused', message }] };
    super(GROUND[code] ?? 'invalid_request', message, errors);
    this.words = { code, message };
  }
}

/** Some of a document was refused: the answer says which, and what was done all the same; the audit log is told the first. */
export class PartlyRefused extends Problem {
  readonly body: unknown;
  constructor({ code, message, errors }: Problem, body: unknown) {
    super(code, message, errors ? { errors } : {});
    this.body = body;
  }
}

/** What a refusal is told under, in the audit log. */
const GROUND: Readonly<Record<number, ProblemCode>> = {
  [CODES.userUnknown]: 'not_found',
  [CODES.poolUnknown]: 'unauthenticated',
  [CODES.userExists]: 'conflict',
};

export const unknownUser = (id: string): Refusal =>
  new Refusal(CODES.userUnknown, `No user has the id "${id.slice(0, 128)}".`, 'id');

/** The problem as the vendor's `{code, message}`. */
export function wordsOf(problem: Problem): Required<Words> {
  if (problem instanceof Refusal) return problem.words;
  const { code, message = messageOf(problem) } = WORDS[problem.code];
  return { code, message };
}

/** The first broken rule, with its field, says more than the title of them all. */
function messageOf({ message, errors }: Problem): string {
  const [first] = errors ?? [];
  if (!first) return message;
  return first.message.includes(first.field) ? first.message : `${first.field}: ${first.message}`;
}

export const GRAPHQL = '/graphql/v2';

export const refuse: Dialect['refuse'] = (problem, { row }) => {
  if (problem instanceof PartlyRefused) return { status: 200, body: problem.body };
  const words = wordsOf(problem);
  const status = problem.code === 'rate_limited' ? 429 : 200;
  const extensions = { code: 'INTERNAL_SERVER_ERROR' };
  if (row?.path === GRAPHQL) return { status, body: { errors: [{ message: words, extensions }], data: null } };
  return { status, body: { ...words, data: null } };
};
