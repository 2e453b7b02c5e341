/** Client grants: what an application’s own tokens may carry for an API. */
import { countedPage, cursor, limit, route } from '../route.ts';
import { array, boolean, instant, object, optional, type Static, string } from '../schema.ts';

const audience = string({
  minLength: 1,
  maxLength: 600,
  description:
    'Identifier of a resource server, or the Auth0 Management API: `urn:reeve:auth0:v2`, also taken as `https://<host>/api/v2/`',
});
const scopes = array(string({ minLength: 1, maxLength: 280 }), {
  maxItems: 1000,
  uniqueItems: true,
  description: 'In the API’s own spelling',
});

export const clientGrant = object({
  id: string({ description: '`cgr_` and a ULID' }),
  application_id: string(),
  client_id: string(),
  audience: string({ description: 'The Auth0 Management API is `urn:reeve:auth0:v2`' }),
  scopes: array(string()),
  is_implicit: boolean({
    description: 'It follows from the application’s own `scopes`, until it is changed and becomes a grant of its own',
  }),
  created_at: instant(),
  updated_at: instant(),
});
export type ClientGrant = Static<typeof clientGrant>;

/** Lists client grants, newest first. */
export const list = route('GET /client-grants', {
  scope: 'applications:read',
  query: object({
    application: optional(string({ minLength: 1, maxLength: 128, description: 'Id or client id' })),
    audience: optional(audience),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('client_grants', clientGrant),
  items: 'client_grants',
  fails: ['invalid_cursor'],
});

/** Grants an application scopes of an API. For the Auth0 Management API the caller must hold what it grants. */
export const create = route('POST /client-grants', {
  scope: 'applications:write',
  body: object({
    application: string({ minLength: 1, maxLength: 128, description: 'Id or client id' }),
    audience,
    scopes,
  }),
  response: clientGrant,
  status: 201,
  fails: ['grant_exists'],
  emits: ['client_grant.created'],
});

/** Replaces the scopes of a client grant; takes effect at once, also for tokens that are out. */
export const update = route('PATCH /client-grants/{client_grant_id}', {
  scope: 'applications:write',
  body: object({ scopes }),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: clientGrant,
  fails: ['not_found'],
  emits: ['client_grant.updated'],
});

/**
 * Deletes a client grant. With the one for the Auth0 Management API the application also loses its own `scopes`: no
 * management access is left.
 */
const remove = route('DELETE /client-grants/{client_grant_id}', {
  scope: 'applications:write',
  fails: ['not_found', 'conflict'],
  emits: ['client_grant.deleted', 'application.updated'],
});

export { remove as delete };
