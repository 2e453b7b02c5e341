/** Authentication methods: the factors that a user has beside the password, and the recovery code. */
import { cursor, limit, page, route } from '../route.ts';
import {
  array,
  boolean,
  instant,
  integer,
  nullable,
  object,
  oneOf,
  optional,
  patchOf,
  type Static,
  string,
} from '../schema.ts';
import { email } from './person.ts';

/** Types that can be added; a recovery code has an operation of its own. */
const addable = ['totp', 'phone', 'email', 'webauthn-roaming', 'webauthn-platform', 'push', 'passkey'] as const;
export const authenticationMethodTypes = [...addable, 'recovery-code'] as const;
/** What a factor of a user can be. */
export type AuthenticationMethodType = (typeof authenticationMethodTypes)[number];

/** Most methods that one user may have. */
export const MAX_AUTHENTICATION_METHODS = 20;

const preferred = oneOf(['sms', 'voice'], { description: 'How a code reaches the phone' });

const fields = {
  type: oneOf(addable),
  name: string({ minLength: 1, maxLength: 300, description: 'As the person calls it' }),
  totp_secret: string({
    minLength: 16,
    maxLength: 128,
    pattern: '^[A-Za-z2-7]+$',
    writeOnly: true,
    description: 'Of a `totp`: base32 (RFC 4648), without padding; left out: 160 random bits',
  }),
  phone_number: string({ pattern: '^\\+[1-9][0-9]{3,14}$', description: 'Of a `phone`: E.164' }),
  email,
  preferred_authentication_method: preferred,
  key_id: string({ minLength: 1, maxLength: 1024, description: 'Of a WebAuthn credential, or of a `push` device' }),
  public_key: string({ minLength: 1, maxLength: 4096, description: 'Of a WebAuthn credential, or of a `push` device' }),
  relying_party_identifier: string({
    minLength: 1,
    maxLength: 253,
    description: 'Of a WebAuthn credential: the domain it is for',
  }),
  confirmed: boolean({
    description:
      'Whether the person has proved to have it. Left out: false for a `totp`, which its first right code confirms, and true for the others',
  }),
};

const properties = {
  id: string({ description: '`fac_` and a ULID' }),
  type: oneOf(authenticationMethodTypes),
  name: nullable(string()),
  confirmed: boolean(),
  phone_number: nullable(string()),
  email: nullable(string()),
  preferred_authentication_method: nullable(preferred),
  key_id: nullable(string()),
  public_key: nullable(string()),
  relying_party_identifier: nullable(string()),
  created_at: instant(),
  confirmed_at: nullable(instant()),
  last_used_at: nullable(instant({ description: 'When a code of it was right' })),
} as const;
export const authenticationMethod = object(properties);
/** One factor of a user; no secret is in it. */
export type AuthenticationMethod = Static<typeof authenticationMethod>;

const draft = object({
  type: fields.type,
  name: optional(fields.name),
  totp_secret: optional(fields.totp_secret),
  phone_number: optional(fields.phone_number),
  email: optional(fields.email),
  preferred_authentication_method: optional(fields.preferred_authentication_method),
  key_id: optional(fields.key_id),
  public_key: optional(fields.public_key),
  relying_party_identifier: optional(fields.relying_party_identifier),
  confirmed: optional(fields.confirmed),
});
/** A factor to add. */
export type AuthenticationMethodDraft = Static<typeof draft>;

const added = object({
  ...properties,
  totp_secret: optional(string({ description: 'Of a `totp`: base32; shown this once' })),
  totp_uri: optional(string({ description: 'Of a `totp`: `otpauth://…`, for a QR code; shown this once' })),
});
/** A factor as it is shown when it has just been added. */
export type AddedAuthenticationMethod = Static<typeof added>;

/** Lists the authentication methods of a user, newest first. */
export const list = route('GET /users/{user_id}/authentication-methods', {
  scope: 'users:read',
  query: object({ limit, cursor }),
  response: page('authentication_methods', authenticationMethod),
  items: 'authentication_methods',
  fails: ['not_found', 'invalid_cursor'],
});

/** Adds an authentication method to a user. The secret of a `totp` is shown this once. */
export const create = route('POST /users/{user_id}/authentication-methods', {
  scope: 'users:write',
  body: draft,
  response: added,
  status: 201,
  fails: ['not_found', 'conflict', 'limit_reached'],
  emits: ['mfa.factor_added'],
});

/** Replaces all authentication methods of a user, the recovery code included, by the given ones. */
export const replaceAll = route('PUT /users/{user_id}/authentication-methods', {
  scope: 'users:write',
  body: object({ authentication_methods: array(draft, { maxItems: MAX_AUTHENTICATION_METHODS }) }),
  response: object({ authentication_methods: array(added, { description: 'In the order in which they were given' }) }),
  fails: ['not_found', 'conflict'],
  emits: ['mfa.factor_added', 'mfa.factor_removed'],
});

/** Removes all authentication methods of a user, the recovery code included. */
export const deleteAll = route('DELETE /users/{user_id}/authentication-methods', {
  scope: 'users:write',
  response: object({ removed: integer({ description: 'Methods that were removed' }) }),
  fails: ['not_found'],
  emits: ['mfa.factor_removed'],
});

/** Reads one authentication method of a user. */
export const get = route('GET /users/{user_id}/authentication-methods/{method_id}', {
  scope: 'users:read',
  response: authenticationMethod,
  fails: ['not_found'],
});

/** Changes the name of an authentication method, or how a phone is reached, by JSON merge patch (RFC 7396). */
export const update = route('PATCH /users/{user_id}/authentication-methods/{method_id}', {
  scope: 'users:write',
  body: patchOf({ name: fields.name, preferred_authentication_method: preferred }, [
    'name',
    'preferred_authentication_method',
  ]),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: authenticationMethod,
  fails: ['not_found'],
  emits: ['mfa.factor_updated'],
});

/** Removes an authentication method of a user. */
const remove = route('DELETE /users/{user_id}/authentication-methods/{method_id}', {
  scope: 'users:write',
  fails: ['not_found'],
  emits: ['mfa.factor_removed'],
});

export { remove as delete };

/** Checks a code of a `totp` or the recovery code. A code is right once; the first right one confirms a `totp`. */
export const verify = route('POST /users/{user_id}/authentication-methods/{method_id}/verify', {
  scope: 'users:write',
  body: object({
    code: string({
      minLength: 6,
      maxLength: 64,
      writeOnly: true,
      description: 'Six digits, or the recovery code; spaces and hyphens are passed over',
    }),
  }),
  response: object({ id: string(), type: oneOf(authenticationMethodTypes), verified_at: instant() }),
  fails: ['not_found', 'conflict', 'wrong_code'],
  emits: ['mfa.factor_verified', 'mfa.factor_removed', 'mfa.verification_failed'],
});

/** Makes a new recovery code for a user, in place of an earlier one. It is shown this once and works once. */
export const regenerateRecoveryCode = route('POST /users/{user_id}/recovery-code', {
  scope: 'users:write',
  response: object({
    id: string({ description: 'The authentication method that it is' }),
    recovery_code: string({ description: '24 characters, A–Z and 0–9' }),
  }),
  fails: ['not_found', 'limit_reached'],
  emits: ['mfa.factor_added', 'mfa.factor_removed'],
});
