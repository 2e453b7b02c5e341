/** One row of a bulk import, and what an import answers. */
import { array, integer, nullable, object, oneOf, optional, patchOf, type Static, string } from '../schema.ts';
import { clearable, userFields } from './person.ts';

/**
 * An imported password hash. `value` holds a PHC or modular-crypt string where the algorithm has one (bcrypt, argon2,
 * pbkdf2, scrypt, phpass, ldap); otherwise the digest in `encoding`, and the parameters beside it.
 */
export const passwordHash = object({
  algorithm: oneOf([
    'bcrypt',
    'argon2',
    'pbkdf2',
    'scrypt',
    'firebase_scrypt',
    'ldap',
    'phpass',
    'hmac',
    'md4',
    'md5',
    'sha1',
    'sha256',
    'sha512',
  ]),
  value: string({ minLength: 1, maxLength: 2048 }),
  encoding: optional(
    oneOf(['hex', 'base64', 'utf8'], { description: 'Of `value`; default hex, for firebase_scrypt base64' }),
  ),
  digest: optional(
    oneOf(['md4', 'md5', 'ripemd160', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'whirlpool'], {
      description: 'For hmac; for pbkdf2 md5, sha1, sha256 or sha512',
    }),
  ),
  salt: optional(string({ maxLength: 2048 })),
  salt_encoding: optional(
    oneOf(['hex', 'base64', 'utf8'], { description: 'Default utf8, for firebase_scrypt base64' }),
  ),
  salt_position: optional(oneOf(['prefix', 'suffix'], { description: 'Default prefix' })),
  key: optional(string({ maxLength: 2048, description: 'For hmac and firebase_scrypt (signer key)' })),
  key_encoding: optional(oneOf(['hex', 'base64', 'utf8'], { description: 'Default utf8, for firebase_scrypt base64' })),
  salt_separator: optional(string({ maxLength: 64, description: 'For firebase_scrypt, base64' })),
  iterations: optional(integer({ minimum: 1, maximum: 10_000_000 })),
  key_length: optional(integer({ minimum: 16, maximum: 512, description: 'Bytes' })),
  cost: optional(
    integer({ minimum: 1, maximum: 1_048_576, description: 'scrypt N; firebase_scrypt: mem_cost (log2 N)' }),
  ),
  block_size: optional(integer({ minimum: 1, maximum: 64, description: 'scrypt r; firebase_scrypt: rounds' })),
  parallelization: optional(integer({ minimum: 1, maximum: 16, description: 'scrypt p' })),
  password_encoding: optional(
    oneOf(['utf8', 'utf16le', 'ucs2', 'ascii', 'latin1', 'binary'], {
      description: 'How the password became bytes before it was hashed; default utf8',
    }),
  ),
});
export type PasswordHash = Static<typeof passwordHash>;

/**
 * One row. CSV: the header names fields, with a dot for the fields of `profile`, metadata and `password_hash`; an empty
 * cell is a field that is not given. What only an export tells of a user (`id`, `created_at`, …) is passed over, so that
 * an export can be imported as it is.
 */
export const importRow = patchOf(
  {
    ...userFields,
    password_hash: passwordHash,
    state: oneOf(['active', 'disabled'], { description: 'Of a new user; an import changes no present user’s state' }),
  },
  clearable,
);
export type ImportRow = Static<typeof importRow>;

export const rowError = object({
  line: integer({
    description: 'Line in the file, from 1 (CSV: the header is line 1); rows of a JSON array count from 1',
  }),
  key: nullable(string({ description: 'E-mail, username or phone number of the row' })),
  code: string(),
  field: nullable(string()),
  message: string(),
});
export type RowError = Static<typeof rowError>;

export const importAnswer = object({
  job_id: string(),
  inserted: integer(),
  updated: integer(),
  failed: integer(),
  total: integer({ description: 'Rows read' }),
  errors: array(rowError, { description: 'The first thousand; all are at `/jobs/{job_id}/errors`' }),
});
export type ImportAnswer = Static<typeof importAnswer>;
