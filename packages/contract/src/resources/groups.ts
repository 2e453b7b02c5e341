/** Groups of users. */
import { countedPage, cursor, limit, page, route } from '../route.ts';
import { boolean, instant, integer, nullable, object, optional, patchOf, type Static, string } from '../schema.ts';

export const code = string({
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.:-]*$',
  description: 'Unique among its kind',
});

export const groupFields = {
  code,
  name: string({ minLength: 1, maxLength: 200 }),
  description: string({ maxLength: 1000 }),
} as const;

export const group = object({
  id: string({ description: '`grp_` and a ULID' }),
  code: string(),
  name: string(),
  description: nullable(string()),
  member_count: integer(),
  created_at: instant(),
  updated_at: instant(),
});
export type Group = Static<typeof group>;

/** A user as a member of something. */
export const member = object({
  id: string({ description: 'The user’s id' }),
  email: nullable(string()),
  username: nullable(string()),
  name: nullable(string()),
  state: string(),
  added_at: instant(),
});
export type Member = Static<typeof member>;

/** Lists groups, newest first. */
export const list = route('GET /groups', {
  scope: 'groups:read',
  query: object({
    search: optional(
      string({ minLength: 1, maxLength: 200, description: 'Case-insensitive substring of name or code' }),
    ),
    code: optional(string({ minLength: 1, maxLength: 64, description: 'The whole code, case-insensitive' })),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('groups', group),
  items: 'groups',
  fails: ['invalid_cursor'],
});

/** Creates a group. Without a `code` its id is the code. */
export const create = route('POST /groups', {
  scope: 'groups:write',
  body: object({
    name: groupFields.name,
    code: optional(code),
    description: optional(nullable(groupFields.description)),
  }),
  response: group,
  status: 201,
  etag: true,
  fails: ['code_taken', 'limit_reached'],
  emits: ['group.created'],
});

/** Reads one group. */
export const get = route('GET /groups/{group_id}', {
  scope: 'groups:read',
  response: group,
  etag: true,
  fails: ['not_found'],
});

/** Changes a group by JSON merge patch (RFC 7396). */
export const update = route('PATCH /groups/{group_id}', {
  scope: 'groups:write',
  body: patchOf(groupFields, ['description']),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: group,
  etag: true,
  fails: ['not_found', 'code_taken', 'precondition_failed'],
  emits: ['group.updated'],
});

/** Deletes a group; its members stay in the directory. */
const remove = route('DELETE /groups/{group_id}', {
  scope: 'groups:write',
  etag: true,
  fails: ['not_found', 'precondition_failed'],
  emits: ['group.deleted'],
});

export { remove as delete };

/** Adds a user to a group. Adding a member again changes nothing. */
export const addMember = route('PUT /groups/{group_id}/members/{user_id}', {
  scope: 'groups:write',
  fails: ['not_found'],
  emits: ['group.member_added'],
});

/** Takes a user out of a group. Taking out a user who is no member changes nothing. */
export const removeMember = route('DELETE /groups/{group_id}/members/{user_id}', {
  scope: 'groups:write',
  fails: ['not_found'],
  emits: ['group.member_removed'],
});

/** Lists the members of a group, the newest user first. */
export const listMembers = route('GET /groups/{group_id}/members', {
  scope: 'groups:read',
  query: object({ include_total: optional(boolean()), limit, cursor }),
  response: countedPage('members', member),
  items: 'members',
  fails: ['not_found', 'invalid_cursor'],
});

/** Lists the groups that a user belongs to. */
export const listForUser = route('GET /users/{user_id}/groups', {
  scope: 'groups:read',
  query: object({ limit, cursor }),
  response: page('groups', group),
  items: 'groups',
  fails: ['not_found', 'invalid_cursor'],
});
