/**
 * Device credentials: what lets a device act for a user without asking again. Public keys are registered; refresh tokens
 * are shown as they live, one entry for the session whose tokens follow one another.
 */
import { countedPage, cursor, limit, route } from '../route.ts';
import { boolean, instant, nullable, object, oneOf, optional, type Static, string } from '../schema.ts';

const types = ['public_key', 'refresh_token', 'rotating_refresh_token'] as const;

export const deviceCredential = object({
  id: string({ description: '`dcr_` and a ULID' }),
  type: oneOf(types),
  user_id: string(),
  application_id: nullable(string()),
  device_id: nullable(string({ description: 'Null of a refresh token' })),
  device_name: nullable(string({ description: 'Of a refresh token: the user agent that signed in' })),
  created_at: instant(),
  expires_at: nullable(instant({ description: 'Null: it lasts until it is deleted' })),
});
/** One credential of a device; what it consists of is not shown. */
export type DeviceCredential = Static<typeof deviceCredential>;

/** Lists the device credentials of a tenant, newest first. Several filters are an "and". */
export const list = route('GET /device-credentials', {
  scope: 'sessions:read',
  query: object({
    user_id: optional(string({ minLength: 1, maxLength: 128 })),
    application_id: optional(string({ minLength: 1, maxLength: 128 })),
    type: optional(oneOf(types)),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('device_credentials', deviceCredential),
  items: 'device_credentials',
  fails: ['invalid_cursor'],
});

/** Registers the public key of a device. */
export const create = route('POST /device-credentials', {
  scope: 'sessions:write',
  body: object({
    type: oneOf(['public_key']),
    device_name: string({ minLength: 1, maxLength: 300 }),
    device_id: string({ minLength: 1, maxLength: 256, description: 'Unique for a user and an application' }),
    value: string({ minLength: 1, maxLength: 16_384, description: 'The key; it is never shown' }),
    user_id: optional(string({ minLength: 1, maxLength: 128, description: 'Left out: the user who asks' })),
    application_id: optional(
      string({ minLength: 1, maxLength: 128, description: 'Left out: the application that carries the request' }),
    ),
  }),
  response: deviceCredential,
  status: 201,
  fails: ['conflict'],
  emits: ['device_credential.created'],
});

/** Deletes a device credential. That of a refresh token ends its session, with all tokens of it. */
const remove = route('DELETE /device-credentials/{credential_id}', {
  scope: 'sessions:write',
  fails: ['not_found'],
  emits: ['device_credential.deleted', 'session.revoked'],
});

export { remove as delete };
