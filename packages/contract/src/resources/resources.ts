/**
 * Resources: the things of applications that somebody may do something with, and who may. A grant gives actions on a resource to a
 * user, or to all who hold a role, belong to a group or are members of an organization.
 */
import { countedPage, cursor, limit, route } from '../route.ts';
import { array, boolean, instant, nullable, object, oneOf, optional, patchOf, type Static, string } from '../schema.ts';

export const resourceTypes = ['data', 'api', 'menu', 'button', 'ui'] as const;
export const subjectTypes = ['user', 'role', 'group', 'organization'] as const;

const code = string({
  minLength: 1,
  maxLength: 256,
  pattern: '^\\S+$',
  description:
    'Unique in its namespace, case counting. `books:*` stands for all codes that begin with `books:`, `*` for all',
});
const type = oneOf(resourceTypes);
const namespace = optional(
  string({ minLength: 1, maxLength: 128, description: 'Id or code; default: the one called `default`' }),
);
const action = string({ minLength: 1, maxLength: 256, pattern: '^\\S+$' });
const description = string({ maxLength: 1000 });

const actions = array(
  object({
    name: string({ minLength: 1, maxLength: 256, pattern: '^(?!\\*$)\\S+$' }),
    description: optional(nullable(description)),
  }),
  { maxItems: 100, description: 'What can be done with it, each once; none: any action may be granted' },
);
const apiIdentifier = string({ minLength: 1, maxLength: 2048, description: 'Of an `api`: where it is' });

export const resource = object({
  id: string({ description: '`res_` and a ULID' }),
  namespace: string({ description: 'Its code' }),
  code: string(),
  type,
  actions: array(object({ name: string(), description: nullable(string()) })),
  api_identifier: nullable(string()),
  description: nullable(string()),
  created_at: instant(),
  updated_at: instant(),
});
export type Resource = Static<typeof resource>;

/** Lists resources, newest first. */
export const list = route('GET /resources', {
  scope: 'resources:read',
  query: object({
    namespace: optional(string({ minLength: 1, maxLength: 128, description: 'Id or code; absent: of all' })),
    type: optional(type),
    code: optional(string({ minLength: 1, maxLength: 256, description: 'Exact' })),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('resources', resource),
  items: 'resources',
  fails: ['invalid_cursor'],
});

/** Creates a resource. Its namespace and code stay as they are. */
export const create = route('POST /resources', {
  scope: 'resources:write',
  body: object({
    code,
    type,
    namespace,
    actions: optional(actions),
    api_identifier: optional(nullable(apiIdentifier)),
    description: optional(nullable(description)),
  }),
  response: resource,
  status: 201,
  fails: ['code_taken'],
  emits: ['resource.created'],
});

/** Reads one resource. */
export const get = route('GET /resources/{resource_id}', {
  scope: 'resources:read',
  response: resource,
  fails: ['not_found'],
});

/** Changes a resource by JSON merge patch (RFC 7396). `actions` is replaced as a whole: with an action go the grants of it. */
export const update = route('PATCH /resources/{resource_id}', {
  scope: 'resources:write',
  body: patchOf({ type, actions, api_identifier: apiIdentifier, description }, ['api_identifier', 'description']),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: resource,
  fails: ['not_found'],
  emits: ['resource.updated', 'resource.revoked'],
});

/** Deletes a resource with its grants. */
const remove = route('DELETE /resources/{resource_id}', {
  scope: 'resources:write',
  fails: ['not_found'],
  emits: ['resource.deleted'],
});

export { remove as delete };

const subject = object({
  type: oneOf(subjectTypes),
  id: string({ minLength: 1, maxLength: 128, description: '`usr_…`, `rol_…`, `grp_…` or `org_…`' }),
});
export type Subject = Static<typeof subject>;

const grants = (given: string) =>
  object({
    namespace,
    resources: array(
      object({
        code: string({ minLength: 1, maxLength: 256, description: 'Of a resource of the namespace' }),
        actions: optional(array(action, { maxItems: 100, uniqueItems: true, description: given })),
      }),
      { minItems: 1, maxItems: 50 },
    ),
    subjects: array(subject, { minItems: 1, maxItems: 50 }),
  });

/** Grants actions on resources to users, roles, groups or organizations. What a subject has already stays; again changes nothing. */
export const authorize = route('POST /resource-grants', {
  scope: 'resources:write',
  body: grants('Absent, or with `*`: all; empty: the resource alone, as of a menu'),
  emits: ['resource.authorized'],
});

/** Takes actions on resources from users, roles, groups or organizations. Taking what is not granted changes nothing. */
export const revoke = route('DELETE /resource-grants', {
  scope: 'resources:write',
  body: grants('Absent: the whole grant'),
  fails: ['conflict'],
  emits: ['resource.revoked'],
});

export const resourceGrant = object({
  resource_id: string(),
  namespace: string({ description: 'Its code' }),
  code: string(),
  type,
  api_identifier: nullable(string()),
  subject: object({ type: oneOf(subjectTypes), id: string() }),
  actions: array(string(), { description: '`*`: all, also those to come' }),
  granted_at: instant(),
});
export type ResourceGrant = Static<typeof resourceGrant>;

/** Lists grants by resource: those of a resource, of a subject, or all. Several filters are an "and". */
export const listGrants = route('GET /resource-grants', {
  scope: 'resources:read',
  query: object({
    namespace: optional(string({ minLength: 1, maxLength: 128, description: 'Id or code; absent: of all' })),
    resource: optional(string({ minLength: 1, maxLength: 128, description: 'Id' })),
    subject: optional(string({ minLength: 1, maxLength: 128, description: 'Id' })),
    type: optional(type),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('resource_grants', resourceGrant),
  items: 'resource_grants',
  fails: ['invalid_cursor'],
});

export const authorizedResource = object({
  resource_id: string(),
  namespace: string({ description: 'Its code' }),
  code: string(),
  type,
  api_identifier: nullable(string()),
  actions: array(string(), { description: 'By name; `*` alone: all of a resource that names none' }),
});
export type AuthorizedResource = Static<typeof authorizedResource>;

export const explanation = object({
  allowed: boolean(),
  because: array(
    object({
      by: oneOf(subjectTypes),
      id: string({ description: 'Of the user, role, group or organization' }),
      code: nullable(string({ description: 'Of a role or group; an organization’s name' })),
      name: nullable(string()),
      resource: string({ description: 'Code of the resource that is granted; it may end in `*`' }),
      actions: array(string()),
    }),
    { description: 'Every grant that allows it; none: it is not allowed' },
  ),
});
export type Explanation = Static<typeof explanation>;
