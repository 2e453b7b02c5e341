/**
 * The closed catalogue of everything that can go wrong: `code → status, title`. Each route lists the codes that it may
 * answer with; a walker proves thrown ⊆ declared = documented. The wire form is RFC 9457 problem+json.
 */
import { array, integer, object, optional, type Schema, type Static, string } from './schema.ts';

export const problems = {
  invalid_request: [400, 'The request is not valid'],
  invalid_cursor: [400, 'The cursor is not valid'],
  invalid_json: [400, 'The body is not valid JSON'],
  unauthenticated: [401, 'A valid access token is needed'],
  token_expired: [401, 'The access token has expired'],
  token_revoked: [401, 'The access token has been revoked'],
  insufficient_scope: [403, 'The access token lacks a scope'],
  delete_all_disabled: [403, 'The tenant does not allow deleting all users'],
  impersonation_disabled: [403, 'The tenant does not allow impersonation'],
  impersonation_refused: [403, 'This user may not be impersonated'],
  not_found: [404, 'Nothing has this id'],
  route_not_found: [404, 'No such route'],
  method_not_allowed: [405, 'This route does not answer this method'],
  request_timeout: [408, 'The request took too long to arrive'],
  conflict: [409, 'The change conflicts with the present state'],
  email_taken: [409, 'The e-mail address is taken'],
  username_taken: [409, 'The username is taken'],
  phone_taken: [409, 'The phone number is taken'],
  identity_taken: [409, 'The identity belongs to another user'],
  code_taken: [409, 'The code is taken'],
  name_taken: [409, 'The name is taken'],
  domain_taken: [409, 'The domain belongs to another tenant'],
  client_id_taken: [409, 'The client id is taken'],
  identifier_taken: [409, 'The identifier is taken'],
  grant_exists: [409, 'The application has a grant for this audience'],
  in_use: [409, 'The resource is in use'],
  last_admin: [409, 'The last system administrator stays'],
  protected_resource: [409, 'The resource is built in'],
  invitation_closed: [409, 'The invitation is no longer open'],
  idempotency_in_progress: [409, 'The first request with this idempotency key is still running'],
  import_mismatch: [409, 'The file differs from the one this import began with'],
  import_running: [409, 'The import is running'],
  import_ended: [409, 'The import has ended'],
  precondition_failed: [412, 'The resource has changed since it was read'],
  payload_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The content type is not supported'],
  idempotency_mismatch: [422, 'The idempotency key was used with another request'],
  wrong_code: [422, 'The code is wrong, or was used before'],
  weak_password: [422, 'The password does not meet the policy'],
  limit_reached: [422, 'A limit of the directory is reached'],
  rate_limited: [429, 'Too many requests'],
  internal: [500, 'The server failed'],
  overloaded: [503, 'The server is overloaded'],
  storage_full: [507, 'The disk is full'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

/** A platform error code. */
export type ProblemCode = keyof typeof problems;

/** What any route may answer with, whatever it does. */
export const universal = [
  'invalid_request',
  'invalid_json',
  'unauthenticated',
  'token_expired',
  'token_revoked',
  'insufficient_scope',
  'request_timeout',
  'payload_too_large',
  'unsupported_media_type',
  'rate_limited',
  'internal',
  'overloaded',
  'storage_full',
] as const satisfies readonly ProblemCode[];

const fieldError = object({
  field: string({ description: 'Path of the field, dots between names; empty for the whole body' }),
  code: string({ description: 'The rule that was broken' }),
  message: string({ description: 'What to do, for a developer' }),
});

/** One broken rule of one field. */
export type FieldError = Static<typeof fieldError>;

const fields = {
  type: string({ description: 'URI reference of the problem type' }),
  title: string({ description: 'Same for every occurrence of the code' }),
  status: integer({ description: 'HTTP status' }),
  code: string({ description: 'Platform error code; the stable thing to test for' }),
  detail: string({ description: 'What happened here and what to do' }),
  request_id: string({ description: 'Finds the request in the audit log' }),
  errors: optional(array(fieldError, { description: 'Broken rules by field' })),
};

/** RFC 9457 problem details as Reeve sends them. */
export type ProblemBody = Static<typeof problemBody>;
export const problemBody: Schema<{
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  request_id: string;
  errors?: FieldError[];
}> = object(fields);
