/** Organizations and their members. */
import { countedPage, cursor, limit, page, route } from '../route.ts';
import {
  array,
  boolean,
  instant,
  integer,
  json,
  nullable,
  object,
  oneOf,
  optional,
  patchOf,
  type Static,
  string,
} from '../schema.ts';

const organizationFields = {
  name: string({ minLength: 1, maxLength: 64, pattern: '^[a-z0-9][a-z0-9_-]*$', description: 'Unique, lower case' }),
  display_name: string({ minLength: 1, maxLength: 200 }),
  metadata: json({ maxProperties: 50 }),
} as const;

export const organization = object({
  id: string({ description: '`org_` and a ULID' }),
  name: string(),
  display_name: nullable(string()),
  metadata: json(),
  owner_id: nullable(string({ description: 'User who owns the organization' })),
  member_count: integer(),
  created_at: instant(),
  updated_at: instant(),
});
export type Organization = Static<typeof organization>;

export const organizationMember = object({
  id: string({ description: 'The user’s id' }),
  email: nullable(string()),
  username: nullable(string()),
  name: nullable(string()),
  state: oneOf(['active', 'disabled']),
  roles: array(string(), { description: 'Role codes held inside the organization' }),
  added_at: instant(),
});

const memberRoles = array(string({ minLength: 1, maxLength: 128 }), {
  maxItems: 50,
  uniqueItems: true,
  description: 'Role ids or codes',
});

/** Lists organizations, newest first unless sorted otherwise. */
export const list = route('GET /organizations', {
  scope: 'organizations:read',
  query: object({
    search: optional(string({ minLength: 1, maxLength: 200, description: 'Case-insensitive substring of the names' })),
    sort: optional(
      oneOf(['created_at', '-created_at', 'name', '-name', 'display_name', '-display_name'], {
        default: '-created_at',
        description: 'A leading `-` is descending; names are compared without case',
      }),
    ),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('organizations', organization),
  items: 'organizations',
  fails: ['invalid_cursor'],
});

/** Creates an organization. */
export const create = route('POST /organizations', {
  scope: 'organizations:write',
  body: object({
    name: organizationFields.name,
    display_name: optional(nullable(organizationFields.display_name)),
    metadata: optional(organizationFields.metadata),
    owner_id: optional(nullable(string({ maxLength: 128 }))),
  }),
  response: organization,
  status: 201,
  fails: ['name_taken', 'limit_reached'],
  emits: ['organization.created', 'organization.member_added'],
});

/** Reads one organization, by id or name. */
export const get = route('GET /organizations/{organization_id}', {
  scope: 'organizations:read',
  response: organization,
  fails: ['not_found'],
});

/** Changes an organization by JSON merge patch (RFC 7396). A new owner becomes a member. */
export const update = route('PATCH /organizations/{organization_id}', {
  scope: 'organizations:write',
  body: patchOf({ ...organizationFields, owner_id: string({ maxLength: 128 }) }, [
    'display_name',
    'metadata',
    'owner_id',
  ]),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: organization,
  fails: ['not_found', 'name_taken'],
  emits: ['organization.updated', 'organization.member_added'],
});

/** Deletes an organization; its members stay in the directory. */
const remove = route('DELETE /organizations/{organization_id}', {
  scope: 'organizations:write',
  fails: ['not_found'],
  emits: ['organization.deleted'],
});

export { remove as delete };

/** Makes a user a member, or replaces the roles of one who is. */
export const addMember = route('PUT /organizations/{organization_id}/members/{user_id}', {
  scope: 'organizations:write',
  body: object({ roles: optional(memberRoles) }),
  fails: ['not_found'],
  emits: ['organization.member_added', 'organization.member_updated'],
});

/** Ends a membership. Ending none changes nothing. */
export const removeMember = route('DELETE /organizations/{organization_id}/members/{user_id}', {
  scope: 'organizations:write',
  fails: ['not_found', 'conflict'],
  emits: ['organization.member_removed'],
});

/** Lists the members of an organization, the newest user first. */
export const listMembers = route('GET /organizations/{organization_id}/members', {
  scope: 'organizations:read',
  query: object({ include_total: optional(boolean()), limit, cursor }),
  response: countedPage('members', organizationMember),
  items: 'members',
  fails: ['not_found', 'invalid_cursor'],
});

/** Lists the organizations that a user is a member of. */
export const listForUser = route('GET /users/{user_id}/organizations', {
  scope: 'organizations:read',
  query: object({ limit, cursor }),
  response: page('organizations', organization),
  items: 'organizations',
  fails: ['not_found', 'invalid_cursor'],
});
