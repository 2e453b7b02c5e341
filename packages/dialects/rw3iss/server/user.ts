/** A user as this vendor shows one (contract `shapes.User`). */
import {
  fieldMetadataOf,
  findMultifactor,
  noBody,
  operations,
  resultOf,
  type User,
  type UserFilter,
  uuidOf,
  type Work,
} from '@reeve/core';
import { Refusal } from './problems.ts';
import { present, toSecond } from './value.ts';

export const unknownUser = { not_found: { status: 404, code: 'USER_NOT_FOUND', message: 'user not found' } } as const;

/** The vendor's names of providers; a database connection is `local`. */
const PROVIDERS = new Set(['google', 'apple', 'microsoft', 'github', 'facebook', 'linkedin', 'x']);

export function providerOf({ identities }: User): string {
  const primary = identities.find(({ is_primary }) => is_primary);
  if (!primary || primary.provider === 'auth0') return 'local';
  const provider = primary.provider.replace(/-oauth2$/, '');
  return PROVIDERS.has(provider) ? provider : 'custom';
}

const statusOf = ({ state, email, email_verified }: User): 'active' | 'pending' | 'suspended' => {
  if (state === 'disabled') return 'suspended';
  return email === null || email_verified ? 'active' : 'pending';
};

const isDisabled: UserFilter = { kind: 'is', field: 'disabled' };
const isVerified: UserFilter = {
  kind: 'or',
  of: [
    { kind: 'is', field: 'email_verified' },
    { kind: 'not', of: { kind: 'exists', field: 'email' } },
  ],
};
const not = (of: UserFilter): UserFilter => ({ kind: 'not', of });

/** Who is shown with a status; with one that nobody has here, as `deleted`, nobody. */
export function statusFilter(status: string): UserFilter {
  switch (status) {
    case 'suspended':
      return isDisabled;
    case 'active':
      return { kind: 'and', of: [not(isDisabled), isVerified] };
    case 'pending':
      return { kind: 'and', of: [not(isDisabled), not(isVerified)] };
    default:
      return not({ kind: 'everybody' });
  }
}

const view = (user: User, hasTwoFactor: boolean, metadata: ReturnType<typeof fieldMetadataOf>) => ({
  id: uuidOf(user.id),
  email: user.email ?? '',
  email_verified: user.email_verified,
  ...present({ phone: user.phone_number, phone_verified: user.phone_verified ? true : null }),
  first_name: user.given_name ?? '',
  last_name: user.family_name ?? '',
  ...present({ display_name: user.name, avatar_url: user.picture }),
  status: statusOf(user),
  auth_provider: providerOf(user),
  two_factor_enabled: hasTwoFactor,
  default_color_mode: 'dark',
  ...present({ last_login_at: user.last_sign_in_at === null ? null : toSecond(user.last_sign_in_at) }),
  created_at: toSecond(user.created_at),
  updated_at: toSecond(user.updated_at),
  ...(metadata.custom_fields ? { metadata } : {}),
});
export type UserView = ReturnType<typeof view>;

/** Users of one page, with what has to be looked up for all of them at once. */
export async function userViews(work: Work, users: readonly User[]): Promise<UserView[]> {
  const factors = await findMultifactor(
    work,
    users.map(({ id }) => id),
  );
  // The vendor's clients know no custom fields; who may read all users finds them as metadata, and nobody else does.
  const isReader = work.actor.type !== 'anonymous' && work.allows('users:read');
  return users.map((user) => {
    const hasTwoFactor = factors.get(user.id)?.includes('google-authenticator') ?? false;
    return view(user, hasTwoFactor, isReader ? fieldMetadataOf(user) : {});
  });
}

export const userView = async (work: Work, user: User): Promise<UserView> =>
  (await userViews(work, [user]))[0] as UserView;

export const requireUser = async (work: Work, user_id: string): Promise<User> =>
  resultOf(await operations.users.get(work, { user_id, ...noBody }));

/** Contract `users.setPassword`: 8 to 128 bytes with an upper-case letter, a lower-case letter and a digit. */
export function checkPassword(password: string): void {
  const bytes = Buffer.byteLength(password);
  const isGood =
    bytes >= 8 && bytes <= 128 && /\p{Lu}/u.test(password) && /\p{Ll}/u.test(password) && /\p{Nd}/u.test(password);
  if (isGood) return;
  throw new Refusal(
    400,
    'VALIDATION_ERROR',
    'The password must have 8 to 128 bytes, with an upper-case letter, a lower-case letter and a digit.',
    { field: 'password' },
  );
}

/** Whose token it is. */
export function ownIdOf({ actor }: Work): string {
  if (actor.type !== 'user' || actor.id === null) throw new Error('A row of the signed-in was reached without one.');
  return actor.id;
}
