/** A row of Auth0's import file in the directory's terms (contract, `schemas.ImportUser`). Loaded by the reader of imports alone. */
import {
  type AuthenticationMethodDraft,
  array,
  boolean,
  integer,
  object,
  oneOf,
  optional,
  type PasswordHash,
  type Static,
  string,
  userFields,
} from '@reeve/contract';
import { fieldProblem, type TranslatedRow } from '@reeve/core';
import { text } from './schema.ts';
import { defaultsOf } from './user.ts';

const encoding = oneOf(['base64', 'hex', 'utf8']);

const customPasswordHash = object({
  algorithm: oneOf(['argon2', 'bcrypt', 'hmac', 'ldap', 'md4', 'md5', 'sha1', 'sha256', 'sha512', 'pbkdf2', 'scrypt']),
  hash: object({
    value: text(2048),
    encoding: optional(encoding),
    digest: optional(oneOf(['md4', 'md5', 'ripemd160', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'whirlpool'])),
    key: optional(object({ value: text(2048), encoding: optional(encoding) })),
  }),
  salt: optional(
    object({
      value: string({ maxLength: 2048 }),
      encoding: optional(encoding),
      position: optional(oneOf(['prefix', 'suffix'])),
    }),
  ),
  password: optional(object({ encoding: optional(oneOf(['ascii', 'utf8', 'utf16le', 'ucs2', 'latin1', 'binary'])) })),
  keylen: optional(integer({ minimum: 1, maximum: 512 })),
  cost: optional(integer({ minimum: 1, maximum: 1_048_576 })),
  blockSize: optional(integer({ minimum: 1, maximum: 64 })),
  parallelization: optional(integer({ minimum: 1, maximum: 16 })),
});
type CustomPasswordHash = Static<typeof customPasswordHash>;

const factor = object(
  {
    totp: optional(object({ secret: string({ minLength: 16, maxLength: 136, pattern: '^[A-Za-z2-7]+={0,6}$' }) })),
    phone: optional(object({ value: string({ pattern: '^\\+[1-9][0-9]{3,14}$' }) })),
    email: optional(object({ value: userFields.email })),
  },
  { minProperties: 1, maxProperties: 1 },
);

const { email_verified: _described, ...fields } = userFields;

export const importUser = object({
  email: optional(fields.email),
  email_verified: optional(boolean()),
  user_id: optional(string({ minLength: 1, maxLength: 255, pattern: '^[^|\\s]+$' })),
  username: optional(fields.username),
  phone_number: optional(fields.phone_number),
  phone_verified: optional(fields.phone_verified),
  given_name: optional(fields.given_name),
  family_name: optional(fields.family_name),
  name: optional(fields.name),
  nickname: optional(fields.nickname),
  picture: optional(fields.picture),
  blocked: optional(boolean()),
  app_metadata: optional(fields.app_metadata),
  user_metadata: optional(fields.user_metadata),
  password_hash: optional(string({ pattern: '^\\$2[ab]\\$\\d\\d\\$[./A-Za-z0-9]{53}$' })),
  custom_password_hash: optional(customPasswordHash),
  mfa_factors: optional(array(factor, { maxItems: 10 })),
});
export type ImportUser = Static<typeof importUser>;

/** What an upsert changes of a user who is there (contract §12). */
const UPSERTED = [
  'email_verified',
  'name',
  'given_name',
  'family_name',
  'nickname',
  'picture',
  'user_metadata',
  'app_metadata',
] as const satisfies readonly (keyof ImportUser)[];

const present = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** These carry their salt and their parameters in the one string. */
const SELF_CONTAINED = new Set(['argon2', 'bcrypt', 'ldap', 'pbkdf2']);

function nativeHash({ algorithm, hash, salt, password, keylen, ...costs }: CustomPasswordHash): PasswordHash {
  const isScrypt = algorithm === 'scrypt';
  return present({
    algorithm,
    value: hash.value,
    encoding: SELF_CONTAINED.has(algorithm) ? undefined : hash.encoding,
    digest: hash.digest,
    key: hash.key?.value,
    key_encoding: hash.key?.encoding,
    salt: salt?.value,
    salt_encoding: salt?.encoding,
    salt_position: salt?.position,
    key_length: keylen,
    cost: costs.cost ?? (isScrypt ? 16_384 : undefined),
    block_size: costs.blockSize ?? (isScrypt ? 8 : undefined),
    parallelization: costs.parallelization ?? (isScrypt ? 1 : undefined),
    password_encoding: password?.encoding,
  }) as PasswordHash;
}

function hashOf({ password_hash: bcrypt, custom_password_hash: custom }: ImportUser): PasswordHash | undefined {
  if (bcrypt !== undefined && custom !== undefined)
    throw fieldProblem(
      'custom_password_hash',
      'not',
      'A user may have password_hash or custom_password_hash, not both.',
    );
  if (bcrypt !== undefined) return { algorithm: 'bcrypt', value: bcrypt };
  return custom && nativeHash(custom);
}

/** A factor of a file has been confirmed where the file comes from. */
function draftOf({ totp, phone, email }: Static<typeof factor>): AuthenticationMethodDraft {
  if (totp) return { type: 'totp', totp_secret: totp.secret.replace(/=+$/, ''), confirmed: true };
  if (phone) return { type: 'phone', phone_number: phone.value, confirmed: true };
  return { type: 'email', email: email?.value as string, confirmed: true };
}

/** A row that `importUser` accepts. Throws `invalid_request` on what it can't say. */
export function translateImportUser(user: ImportUser): TranslatedRow {
  const {
    user_id: subject,
    blocked,
    password_hash: _p,
    custom_password_hash: _c,
    mfa_factors: factors,
    ...given
  } = user;
  if (user.email === undefined && user.username === undefined && user.phone_number === undefined)
    throw fieldProblem('email', 'anyOf', 'A user needs an email, a username or a phone_number.');
  const email = user.email?.toLowerCase();
  const password_hash = hashOf(user);
  return {
    row: present({
      ...defaultsOf(email),
      ...given,
      email,
      password_hash,
      ...(blocked ? { state: 'disabled' } : {}),
    }),
    patch: present(Object.fromEntries(UPSERTED.map((name) => [name, user[name]]))),
    subject: subject ?? null,
    factors: (factors ?? []).map(draftOf),
  };
}
