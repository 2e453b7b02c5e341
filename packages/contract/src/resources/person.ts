/** The fields of a person, from which the create, change and import forms derive. */
import { boolean, json, nullable, object, optional, type Static, string } from '../schema.ts';

const text = (maxLength: number, description?: string) =>
  string({ minLength: 1, maxLength, ...(description ? { description } : {}) });

/** OpenID Connect standard claims (OIDC Core §5.1) beyond the ones that are fields of the user. */
export const profile = object({
  middle_name: optional(nullable(text(150))),
  preferred_username: optional(nullable(text(150))),
  profile: optional(nullable(text(2048, 'URL of a profile page'))),
  website: optional(nullable(text(2048))),
  gender: optional(nullable(text(50))),
  birthdate: optional(nullable(text(50))),
  zoneinfo: optional(nullable(text(64, 'IANA time zone'))),
  locale: optional(nullable(text(35, 'BCP 47 tag'))),
  company: optional(nullable(text(200))),
  street_address: optional(nullable(text(500))),
  locality: optional(nullable(text(200))),
  region: optional(nullable(text(200))),
  postal_code: optional(nullable(text(32))),
  country: optional(nullable(text(100))),
});
export type Profile = Static<typeof profile>;

export const email = string({
  maxLength: 254,
  pattern: '^[^\\s@]+@[^\\s@]+$',
  description: 'Stored as given, compared without case',
});
const password = string({
  minLength: 1,
  maxLength: 1024,
  writeOnly: true,
  description: 'Judged by the policy of the connection',
});
const metadata = (description: string) => json({ description: `${description}; at most 64 KiB, 10 levels` });

/** What a person may be created with; the change and import forms derive from it. */
export const userFields = {
  email,
  email_verified: boolean({ description: 'Omitted on create: false, and a verification mail is sent' }),
  username: string({
    minLength: 1,
    maxLength: 128,
    pattern: '^[^\\s@]+$',
    description: 'Unique in its connection, compared without case',
  }),
  phone_number: string({
    minLength: 3,
    maxLength: 32,
    pattern: '^(\\+[1-9][0-9]{3,14}|[^+\\s][^\\n\\r\\t]*)$',
    description: 'As given; with a leading `+` it must be E.164',
  }),
  phone_verified: boolean(),
  name: text(300, 'Full name as displayed'),
  given_name: text(150),
  family_name: text(150),
  nickname: text(150),
  picture: string({ maxLength: 2048, pattern: '^https?://', description: 'http(s) URL' }),
  profile,
  user_metadata: metadata('What the person may change'),
  app_metadata: metadata('What only applications may change'),
  custom_fields: json({
    description: 'Values of the tenant’s own fields by key, each judged by its definition; null removes one',
  }),
  password,
  password_must_be_reset: boolean({ description: 'Sign-in is refused until the password was changed through a link' }),
} as const;

/** Fields that a change may clear with null. */
export const clearable = [
  'email',
  'username',
  'phone_number',
  'name',
  'given_name',
  'family_name',
  'nickname',
  'picture',
  'profile',
  'user_metadata',
  'app_metadata',
  'custom_fields',
] as const satisfies readonly (keyof typeof userFields)[];
