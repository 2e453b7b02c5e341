/**
 * Pools: database connections as what users belong to. A user has one home, the connection of the primary identity, and any
 * number of further pools. In this resource `default` names the default connection of the tenant.
 */
import { cursor, limit, page, route } from '../route.ts';
import { array, boolean, integer, object, type Static, string } from '../schema.ts';
import { user } from './users.ts';

export const pool = object({
  connection_id: string({ description: '`con_` and a ULID' }),
  name: string({ description: 'Name of the connection' }),
  is_default: boolean(),
  user_count: integer({ description: 'Users who belong to it' }),
  home_count: integer({ description: 'Those whose home it is' }),
  tag_count: integer({ description: 'Those who have another home' }),
  applications: array(string(), { description: 'Client ids of the applications that name it among their pools' }),
});
export type Pool = Static<typeof pool>;

/** Lists pools in the order of their names. */
export const list = route('GET /pools', {
  scope: 'connections:read',
  query: object({ limit, cursor }),
  response: page('pools', pool),
  items: 'pools',
  fails: ['invalid_cursor'],
});

/** Names the pools that a user belongs to. */
export const getForUser = route('GET /users/{user_id}/pools', {
  scope: 'users:read',
  response: object({
    home: string({ description: 'Name of the connection of the primary identity' }),
    tags: array(string(), { description: 'Names of the other pools, in their order' }),
  }),
  fails: ['not_found'],
});

/**
 * Moves a user to another home, with the same id, password and sessions; the old one does not become a further pool. A pool that
 * is named for the first time is made, a database connection that every application may use: that needs `connections:write`, too.
 */
export const setUserHome = route('PUT /users/{user_id}/pools/home', {
  scope: 'users:write',
  body: object({
    pool: string({
      minLength: 1,
      maxLength: 128,
      description: 'Id or name of a database connection; a new name has 1 to 100 of a-z, 0-9, `_` and `-`',
    }),
  }),
  response: user,
  etag: true,
  fails: ['not_found', 'email_taken', 'username_taken', 'phone_taken', 'identity_taken', 'precondition_failed'],
  emits: ['user.home_pool_changed', 'connection.created'],
});

/**
 * Adds a user to a pool beside the home, by its id or name. Adding it again changes nothing. A pool that is named for the first
 * time is made, as for `setUserHome`. One called `home` is named by its id here.
 */
export const addUser = route('PUT /users/{user_id}/pools/{pool}', {
  scope: 'users:write',
  fails: ['not_found'],
  emits: ['user.pool_added', 'connection.created'],
});

/** Takes a user out of a pool, by its id or name; the home stays. Taking out a user who is not in it changes nothing. */
export const removeUser = route('DELETE /users/{user_id}/pools/{pool}', {
  scope: 'users:write',
  fails: ['not_found'],
  emits: ['user.pool_removed'],
});
