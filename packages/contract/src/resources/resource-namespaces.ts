/** Namespaces of resources: in each, a code names one thing. The namespace `default` is always there. */
import { countedPage, cursor, limit, route } from '../route.ts';
import { boolean, instant, nullable, object, optional, patchOf, type Static, string } from '../schema.ts';
import { code } from './groups.ts';

const fields = {
  name: string({ minLength: 1, maxLength: 200 }),
  description: string({ maxLength: 1000 }),
} as const;

export const resourceNamespace = object({
  id: string({ description: '`rns_` and a ULID' }),
  code: string(),
  name: string(),
  description: nullable(string()),
  is_default: boolean({ description: 'It is meant where none is named, and stays' }),
  created_at: instant(),
  updated_at: instant(),
});
export type ResourceNamespace = Static<typeof resourceNamespace>;

/** Lists namespaces, newest first. */
export const list = route('GET /resource-namespaces', {
  scope: 'resources:read',
  query: object({ include_total: optional(boolean()), limit, cursor }),
  response: countedPage('resource_namespaces', resourceNamespace),
  items: 'resource_namespaces',
  fails: ['invalid_cursor'],
});

/** Creates a namespace. Its code stays as it is. */
export const create = route('POST /resource-namespaces', {
  scope: 'resources:write',
  body: object({ code, name: optional(fields.name), description: optional(nullable(fields.description)) }),
  response: resourceNamespace,
  status: 201,
  fails: ['code_taken'],
  emits: ['resource_namespace.created'],
});

/** Reads one namespace, by id or code. */
export const get = route('GET /resource-namespaces/{namespace}', {
  scope: 'resources:read',
  response: resourceNamespace,
  fails: ['not_found'],
});

/** Changes a namespace by JSON merge patch (RFC 7396). */
export const update = route('PATCH /resource-namespaces/{namespace}', {
  scope: 'resources:write',
  body: patchOf(fields, ['description']),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: resourceNamespace,
  fails: ['not_found'],
  emits: ['resource_namespace.updated'],
});

/** Deletes a namespace with its resources and their grants; the one called `default` stays. Roles of its name stay, too. */
const remove = route('DELETE /resource-namespaces/{namespace}', {
  scope: 'resources:write',
  fails: ['not_found', 'protected_resource'],
  emits: ['resource_namespace.deleted', 'resource.deleted'],
});

export { remove as delete };
