/**
 * Where each field of the vendor's user is kept: in a field of the native user or of its profile, or, where the directory has
 * none, under `extensions.authing` of the row.
 */
import { type Schema, type UserUpdate, userFields } from '@reeve/contract';
import type { Bag } from '@reeve/core';
import { CODES, Refusal } from './problems.ts';
import { instantFrom, textFrom } from './value.ts';

export const NATIVE = {
  email: 'email',
  username: 'username',
  phone: 'phone_number',
  nickname: 'nickname',
  name: 'name',
  givenName: 'given_name',
  familyName: 'family_name',
  photo: 'picture',
} as const;

export const PROFILE = {
  company: 'company',
  middleName: 'middle_name',
  profile: 'profile',
  preferredUsername: 'preferred_username',
  website: 'website',
  gender: 'gender',
  birthdate: 'birthdate',
  zoneinfo: 'zoneinfo',
  locale: 'locale',
  streetAddress: 'street_address',
  locality: 'locality',
  region: 'region',
  postalCode: 'postal_code',
  country: 'country',
} as const;

/** Kept for this door alone. */
export const OWN = [
  'unionid',
  'openid',
  'registerSource',
  'oauth',
  'browser',
  'device',
  'address',
  'formatted',
  'city',
  'province',
  'phoneCountryCode',
  'loginsCount',
  'lastLogin',
  'lastIP',
  'signedUp',
  'isDeleted',
  'tokenExpiredAt',
  'expiredAt',
  'directManagement',
  'mainDepartmentId',
  'mainDepartmentCode',
] as const;
const INSTANTS: ReadonlySet<string> = new Set(['lastLogin', 'signedUp', 'tokenExpiredAt', 'expiredAt']);

export type Input = Readonly<Record<string, unknown>>;

const MOST_TEXT = 4096;

/** Throws a refusal that names the field and the rule. `email` is judged by length alone: an address without `@` is one here. */
function judged(field: string, schema: Schema | undefined, value: unknown): unknown {
  // An empty text is none, as null.
  if (value === '' || value === null) return null;
  if (typeof value !== 'string' || !schema) return value;
  return field === 'email'
    ? textFrom(field, { ...schema, pattern: '^\\S+$' }, value).toLowerCase()
    : textFrom(field, schema, value);
}

const given = (input: Input, names: Iterable<string>): string[] =>
  [...names].filter((name) => input[name] !== undefined);

/** What of the input the native user has. Null clears. */
export function nativeOf(input: Input): UserUpdate {
  const fields: Record<string, unknown> = {};
  for (const name of given(input, Object.keys(NATIVE))) {
    const native = NATIVE[name as keyof typeof NATIVE];
    fields[native] = judged(name, userFields[native], input[name]);
  }
  const known = userFields.profile.properties ?? {};
  const profile: Record<string, unknown> = {};
  for (const name of given(input, Object.keys(PROFILE))) {
    const native = PROFILE[name as keyof typeof PROFILE];
    profile[native] = judged(name, known[native], input[name]);
  }
  if (Object.keys(profile).length > 0) fields.profile = profile;
  if (typeof input.emailVerified === 'boolean') fields.email_verified = input.emailVerified;
  if (typeof input.phoneVerified === 'boolean') fields.phone_verified = input.phoneVerified;
  return fields as UserUpdate;
}

/** What another system calls the user; null: nothing; undefined: it stays. */
export const externalIdOf = ({ externalId }: Input): string | null | undefined =>
  externalId === undefined ? undefined : (judged('externalId', { maxLength: 256 }, externalId) as string | null);

/** The count that is shown is a 32-bit number, and the directory's own count is added to it. */
const MOST_LOGINS = 1_000_000_000;

function checkCount({ loginsCount }: Input): void {
  if (typeof loginsCount !== 'number' || (loginsCount >= 0 && loginsCount <= MOST_LOGINS)) return;
  throw new Refusal(CODES.parameterWrong, `loginsCount must be of 0 to ${MOST_LOGINS}.`, 'loginsCount');
}

/** What of the input only this door knows. Null clears. */
export function ownOf(input: Input): Bag {
  checkCount(input);
  return Object.fromEntries(
    given(input, OWN).map((name) => {
      const value = judged(name, { maxLength: MOST_TEXT }, input[name]);
      return [name, INSTANTS.has(name) && value !== null ? instantFrom(name, value as string) : value];
    }),
  );
}

/** The bag after a change; null where nothing is left of it. */
export function mergedOwn(before: Bag | undefined, change: Bag): Bag | null {
  const entries = Object.entries({ ...before, ...change }).filter(([, value]) => value !== null);
  return entries.length === 0 ? null : Object.fromEntries(entries);
}
