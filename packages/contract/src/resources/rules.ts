/** Rules: small functions of the tenant's own that run at sign-in, in a sandbox. */
import { cursor, limit, page, route } from '../route.ts';
import { boolean, instant, integer, object, oneOf, optional, patchOf, type Static, string } from '../schema.ts';

const ruleFields = {
  name: string({
    minLength: 1,
    maxLength: 128,
    pattern: '^[A-Za-z0-9]([A-Za-z0-9 -]*[A-Za-z0-9])?$',
    description: 'Unique without case; letters, digits, and between them spaces and hyphens',
  }),
  script: string({
    minLength: 1,
    maxLength: 102_400,
    description:
      'A function expression, `function (user, context, callback) { … }`, async or not. `callback(null, user, context)` goes on; `callback(error)` or a throw refuses the sign-in, and so does `context.multifactor` or `context.redirect`, as no page here asks or sends. `context.accessToken.scope` takes the place of the scopes that were asked for, as far as they are held',
  }),
  order: integer({ minimum: 0, maximum: 1_000_000_000, description: 'Unique; the least one runs first' }),
  enabled: boolean(),
} as const;

export const rule = object({
  id: string({ description: '`rul_` and a ULID' }),
  name: string(),
  script: string(),
  order: integer(),
  enabled: boolean(),
  stage: oneOf(['login_success'], { description: 'When it runs: a password, a refresh token or a code was right' }),
  created_at: instant(),
  updated_at: instant(),
});
export type Rule = Static<typeof rule>;

/** Lists rules in the order in which they run. */
export const list = route('GET /rules', {
  scope: 'tenants:read',
  query: object({ enabled: optional(boolean()), limit, cursor }),
  response: page('rules', rule),
  items: 'rules',
  fails: ['invalid_cursor'],
});

/** Creates a rule; without an `order` it runs last. A script that the sandbox can’t read is refused with its line. */
export const create = route('POST /rules', {
  scope: 'tenants:write',
  body: object({
    name: ruleFields.name,
    script: ruleFields.script,
    order: optional(ruleFields.order),
    enabled: optional(boolean({ default: true })),
    stage: optional(oneOf(['login_success'])),
  }),
  response: rule,
  status: 201,
  etag: true,
  fails: ['name_taken', 'conflict', 'limit_reached'],
  emits: ['rule.created'],
});

/** Reads one rule. */
export const get = route('GET /rules/{rule_id}', {
  scope: 'tenants:read',
  response: rule,
  etag: true,
  fails: ['not_found'],
});

/** Changes a rule by JSON merge patch (RFC 7396). */
export const update = route('PATCH /rules/{rule_id}', {
  scope: 'tenants:write',
  body: patchOf(ruleFields, []),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: rule,
  etag: true,
  fails: ['not_found', 'name_taken', 'conflict', 'precondition_failed'],
  emits: ['rule.updated'],
});

/** Deletes a rule; from then on sign-ins go without it. */
const remove = route('DELETE /rules/{rule_id}', {
  scope: 'tenants:write',
  etag: true,
  fails: ['not_found', 'precondition_failed'],
  emits: ['rule.deleted'],
});

export { remove as delete };
