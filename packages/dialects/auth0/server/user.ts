/** A user as Auth0 shows one, and who is meant by a `user_id`. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  appMetadataOf,
  type Bag,
  type DialectCall,
  fieldProblem,
  findMultifactor,
  findUserIdBySpelling,
  operations,
  Problem,
  present,
  resultOf,
  type User,
  type Work,
} from '@reeve/core';
import { type ConnectionNames, connectionNames } from './connection.ts';

export const inexistentUser = { status: 404, code: 'inexistent_user', message: 'The user does not exist.' } as const;

/** How Auth0 spells the id of a user: the primary identity. */
export function userIdOf(user: Pick<User, 'identities'>): string {
  const { provider, subject } = user.identities.find(({ is_primary }) => is_primary) ?? user.identities[0] ?? missing();
  return `${provider}|${subject}`;
}

const missing = (): never => {
  throw new Error('A user without an identity.');
};

/** The native id of the user that Auth0 calls `userId`. Throws `not_found`. */
export async function idOf(work: Work, userId: string): Promise<string> {
  const id = await findUserIdBySpelling(work, userId);
  if (id === undefined) throw new Problem('not_found', inexistentUser.message);
  return id;
}

export async function userBy(work: Work, id: string): Promise<User> {
  return resultOf(await operations.users.get(work, { user_id: id, query: undefined, body: undefined }));
}

/** The users of a page, by their ids, as far as they are there: 200 ids at most. */
export async function usersBy(work: Work, ids: readonly string[]): Promise<ReadonlyMap<string, User>> {
  if (ids.length === 0) return new Map();
  const { users } = resultOf(await operations.users.lookup(work, { query: undefined, body: { ids: [...ids] } }));
  return new Map(users.map((user) => [user.id, user]));
}

const identityView = (names: ConnectionNames) => (identity: User['identities'][number]) => ({
  connection: names.get(identity.connection_id) ?? '',
  user_id: identity.subject,
  provider: identity.provider,
  isSocial: false,
  ...(identity.is_primary || !('profile' in identity) ? {} : { profileData: identity.profile }),
});

export const identityViews = (identities: User['identities'], names: ConnectionNames) =>
  identities.map(identityView(names));

/**
 * What a change of app_metadata writes: custom fields that come back as they are shown are left out. Throws where they come
 * back as something else, as their definitions are no matter of Auth0's.
 */
export function withoutCustomFields(user: User, change: Bag): Bag {
  const { custom_fields: given, ...rest } = change;
  if (given === undefined || Object.keys(user.custom_fields).length === 0) return change;
  if (!isDeepStrictEqual(given, user.custom_fields))
    throw fieldProblem(
      'app_metadata.custom_fields',
      'readOnly',
      'app_metadata.custom_fields shows the custom fields of the user, which are changed by the native API',
    );
  return rest;
}

/** The user in Auth0's fields (contract, `schemas.User`). `factors`: what the user has confirmed beside the password. */
export const userView = (user: User, names: ConnectionNames, factors?: readonly string[]) => ({
  ...present({
    email: user.email,
    email_verified: user.email === null ? null : user.email_verified,
    username: user.username,
    phone_number: user.phone_number,
    phone_verified: user.phone_number === null ? null : user.phone_verified,
    name: user.name,
    given_name: user.given_name,
    family_name: user.family_name,
    nickname: user.nickname,
    picture: user.picture,
  }),
  user_id: userIdOf(user),
  identities: identityViews(user.identities, names),
  user_metadata: user.user_metadata,
  app_metadata: appMetadataOf(user),
  ...(user.state === 'disabled' ? { blocked: true } : {}),
  ...(factors ? { multifactor: factors } : {}),
  ...present({
    last_ip: user.last_sign_in_ip,
    last_login: user.last_sign_in_at,
    last_password_reset: user.last_password_change_at,
  }),
  logins_count: user.sign_in_count,
  created_at: user.created_at,
  updated_at: user.updated_at,
});
export type UserView = ReturnType<typeof userView>;

/** Users of one page, with what has to be looked up for all of them at once. */
export async function viewsOf(work: Work, users: readonly User[]): Promise<UserView[]> {
  if (users.length === 0) return [];
  const names = await connectionNames(
    work,
    users.flatMap(({ identities }) => identities.map(({ connection_id: id }) => id)),
  );
  const factors = await findMultifactor(
    work,
    users.map(({ id }) => id),
  );
  return users.map((user) => userView(user, names, factors.get(user.id)));
}

export async function viewOf(work: Work, user: User): Promise<UserView> {
  const [view] = await viewsOf(work, [user]);
  return view as UserView;
}

/** What Auth0 fills in for a new user: `name` the address, `nickname` its local part, `picture` an avatar (contract §10). */
export function defaultsOf(email: string | undefined): { name?: string; nickname?: string; picture?: string } {
  if (email === undefined) return {};
  const nickname = email.split('@')[0] as string;
  const digest = createHash('md5').update(email.trim().toLowerCase()).digest('hex');
  return { name: email, nickname, picture: `https://s.gravatar.com/avatar/${digest}?s=480&r=pg&d=identicon` };
}

/** A token of `*:current_user*` scopes names nobody but its own user. */
export async function ownIdOf({ work, params }: Pick<DialectCall, 'work' | 'params'>): Promise<string> {
  const id = await idOf(work, params.id as string);
  if (work.actor.type !== 'user' || work.actor.id !== id)
    throw new Problem('insufficient_scope', 'This token may act on its own user only.');
  return id;
}
