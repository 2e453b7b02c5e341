/** A user as this vendor shows one (contract, `graphql.types.User`). */
import { createHash } from 'node:crypto';
import { type Bag, extensionsOf, externalIdsOf, type User } from '@reeve/core';
import { customDataOf, definitionsOf } from './custom-data.ts';
import { type Call, poolOf } from './operation.ts';
import { subjectOf } from './pool.ts';
import { NATIVE, OWN, PROFILE } from './user-fields.ts';
import { ID } from './value.ts';

const REGISTERED = ['import:manual'];
/** Of who left; it counts as long as the user is blocked. */
export const RESIGNED = 'Resigned';

const avatarOf = (text: string): string =>
  `https://s.gravatar.com/avatar/${createHash('md5').update(text).digest('hex')}?s=480&d=mp`;

const identitiesOf = (user: User, pool: string) =>
  user.identities
    .filter(({ provider, is_primary }) => !is_primary || provider !== 'auth0')
    .map(({ provider, subject, connection_id }) => ({
      openid: subject,
      userIdInIdp: subject,
      userId: subjectOf(user),
      connectionId: connection_id,
      isSocial: provider !== 'auth0',
      provider,
      type: null,
      userPoolId: pool,
      extIdpId: null,
    }));

/** The later of two instants. */
const later = (a: string | null, b: unknown): string | null => (typeof b !== 'string' || (a !== null && a > b) ? a : b);

/** Every field that is a value. A password is never shown, not even as a hash. */
function fieldsOf(user: User, own: Bag, externalId: string | null, pool: string) {
  const id = subjectOf(user);
  const kept = Object.fromEntries(OWN.map((name) => [name, own[name] ?? null]));
  const native = Object.entries(NATIVE).map(([name, field]) => [name, user[field] ?? null]);
  const profile = Object.entries(PROFILE).map(([name, field]) => [name, user.profile[field] ?? null]);
  const signedInHere =
    user.last_sign_in_at !== null && later(user.last_sign_in_at, own.lastLogin) === user.last_sign_in_at;
  return {
    id,
    arn: `arn:cn:authing:${pool}:user:${id}`,
    userPoolId: pool,
    status: user.state === 'disabled' && own.status === RESIGNED ? RESIGNED : 'Activated',
    ...kept,
    ...(Object.fromEntries([...native, ...profile]) as Record<
      keyof typeof NATIVE | keyof typeof PROFILE,
      string | null
    >),
    emailVerified: user.email_verified,
    phoneVerified: user.phone_verified,
    externalId,
    registerSource: own.registerSource ?? REGISTERED,
    photo: user.picture ?? avatarOf(id),
    gender: user.profile.gender ?? 'U',
    password: null,
    token: null,
    loginsCount: user.sign_in_count + Number(own.loginsCount ?? 0),
    lastLogin: later(user.last_sign_in_at, own.lastLogin),
    lastIP: signedInHere ? user.last_sign_in_ip : (own.lastIP ?? null),
    blocked: user.state === 'disabled',
    isDeleted: own.isDeleted ?? false,
    createdAt: user.created_at,
    updatedAt: user.updated_at,
  };
}

/** Users of one page, with what has to be looked up for all of them at once. What hangs on them is read when it is asked for. */
export async function userViews(call: Call, users: readonly User[]) {
  const { work } = call;
  const ids = users.map(({ id }) => id);
  const [own, externalIds] = await work.read((db) =>
    Promise.all([extensionsOf(db, work, 'users', 'authing', ids), externalIdsOf(db, work.tenant.id, ids)]),
  );
  const pool = poolOf(call);
  return users.map((user) => ({
    ...fieldsOf(user, own.get(user.id) ?? {}, externalIds.get(user.id) ?? null, pool),
    identities: () => identitiesOf(user, pool),
    customData: async () => customDataOf(await definitionsOf(call, 'user'), user),
    [ID]: user.id,
  }));
}
export type UserView = Awaited<ReturnType<typeof userViews>>[number];

export const userView = async (call: Call, user: User): Promise<UserView> =>
  (await userViews(call, [user]))[0] as UserView;

/** As REST shows it: values alone. */
export async function plainView(view: UserView, withCustomData: boolean): Promise<Record<string, unknown>> {
  const values = Object.entries(view).filter(([, value]) => typeof value !== 'function');
  const plain = { ...Object.fromEntries(values), identities: view.identities() };
  return withCustomData ? { ...plain, customData: await view.customData() } : plain;
}
