/** A user as Auth0 shows one, and who is meant by a `user_id`. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  appMetadataOf,
  type Bag,
  type DialectCall,
  DocumentCutter,
  factorsOf,
  fieldProblem,
  findShown,
  findUserIdBySpelling,
  operations,
  Problem,
  resultOf,
  ShownTexts,
  type ShownUser,
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

/** The user that Auth0 calls `userId`, with what is shown beside the document. Throws `not_found`. */
export async function shownBy(work: Work, userId: string): Promise<ShownUser> {
  const shown = await findShown(work, userId);
  if (!shown) throw new Problem('not_found', inexistentUser.message);
  return shown;
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

/** The name of a connection by its native id. */
type NameOf = (connectionId: string) => string;

export const namesIn =
  (names: ConnectionNames): NameOf =>
  (id) =>
    names.get(id) ?? '';

/** The names of the connections of identities. */
export const namesOf = async (work: Work, identities: User['identities']): Promise<NameOf> =>
  namesIn(
    await connectionNames(
      work,
      identities.map(({ connection_id: id }) => id),
    ),
  );

const identityView = (nameOf: NameOf) => (identity: User['identities'][number]) => ({
  connection: nameOf(identity.connection_id),
  user_id: identity.subject,
  provider: identity.provider,
  isSocial: false,
  ...(identity.is_primary || !('profile' in identity) ? {} : { profileData: identity.profile }),
});

export const identityViews = (identities: User['identities'], nameOf: NameOf) => identities.map(identityView(nameOf));

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

/** `user_id` and `identities`, as JSON members. */
export function identityMembers(identities: User['identities'], nameOf: NameOf): string {
  const shown = JSON.stringify(identityViews(identities, nameOf));
  return `"user_id":${JSON.stringify(userIdOf({ identities }))},"identities":${shown}`;
}

/** The identities of somebody who has but one, as most do, if their parts need no unescaping. */
const ALONE =
  /^"identities":\[\{"connection_id":"[^"\\]*","provider":"([^"\\]*)","subject":"([^"\\]*)","is_primary":true\}\]$/;

/** `identityMembers` of a cut, without parsing it; undefined where there is more to tell. */
function aloneMembers(identities: string, connection: string): string | undefined {
  const alone = ALONE.exec(identities);
  if (!alone) return undefined;
  const [, provider, subject] = alone;
  const name = JSON.stringify(connection);
  return `"user_id":"${provider}|${subject}","identities":[{"connection":${name},"user_id":"${subject}","provider":"${provider}","isSocial":false}]`;
}

/** What of a document is shown, and where `cutter` puts it. From `email` to `picture` Auth0 calls each as the directory does. */
const CUTS = [
  ['state', 'state'],
  ['email', 'email_verified'],
  ['username', 'username'],
  ['phone_number', 'phone_verified'],
  ['name', 'name'],
  ['given_name', 'given_name'],
  ['family_name', 'family_name'],
  ['nickname', 'nickname'],
  ['picture', 'picture'],
  ['user_metadata', 'app_metadata'],
  ['identities', 'identities'],
  ['sign_in_count', 'sign_in_count'],
  ['last_sign_in_at', 'last_sign_in_at'],
  ['created_at', 'updated_at'],
  ['last_sign_in_ip', 'last_sign_in_ip'],
  ['last_password_change_at', 'last_password_change_at'],
  ['custom_fields', 'custom_fields'],
] as const;
type CutName = (typeof CUTS)[number][0];
const AT = Object.fromEntries(CUTS.map(([name], i) => [name, i + 1])) as Readonly<Record<CutName, number>>;
const cutter = new DocumentCutter(CUTS);

export type UserCuts = readonly (string | undefined)[];
export const cutsOf = (doc: string): UserCuts => cutter.read(doc);
/** As the document has them. */
export const identitiesOf = (cuts: UserCuts): User['identities'] => JSON.parse(`{${cuts[AT.identities]}}`).identities;

/** `user_metadata` and `app_metadata`, which the values of custom fields are shown among. */
function metadataMembers(cuts: UserCuts): string {
  const bags = cuts[AT.user_metadata] as string;
  if (cuts[AT.custom_fields] === '"custom_fields":{}') return bags;
  const { user_metadata, ...others } = JSON.parse(`{${bags},${cuts[AT.custom_fields]}}`);
  return JSON.stringify({ user_metadata, app_metadata: appMetadataOf(others) }).slice(1, -1);
}

/** Of a document that was written before its times were. */
const NEVER = '"created_at":null,"updated_at":null';

/** A member under the name that Auth0 has for it; nothing where there is none. */
const memberAs = (name: string, cut: string | undefined): string =>
  cut === undefined ? '' : `"${name}"${cut.slice(cut.indexOf(':'))},`;

/** JSON of a user in Auth0's fields (contract, `schemas.User`). `identities`: what `identityMembers` makes of them. */
export function userText(cuts: UserCuts, identities: string, factors?: readonly string[]): string {
  let json = '{';
  for (let place = AT.email; place <= AT.picture; place++) {
    const cut = cuts[place];
    if (cut !== undefined) json += `${cut},`;
  }
  json += `${identities},${metadataMembers(cuts)},`;
  if (cuts[AT.state] === '"state":"disabled"') json += '"blocked":true,';
  if (factors) json += `"multifactor":${JSON.stringify(factors)},`;
  json += memberAs('last_ip', cuts[AT.last_sign_in_ip]);
  json += memberAs('last_login', cuts[AT.last_sign_in_at]);
  json += memberAs('last_password_reset', cuts[AT.last_password_change_at]);
  json += memberAs('logins_count', cuts[AT.sign_in_count]);
  return `${json}${cuts[AT.created_at] ?? NEVER}}`;
}

const shownTexts = new ShownTexts();

/** JSON of users in Auth0's fields. */
export async function textsOf(work: Work, users: readonly ShownUser[]): Promise<string[]> {
  const others = new Map<number, User['identities']>();
  const texts = users.map((user, i) => {
    const known = shownTexts.find(user);
    if (known !== undefined) return known;
    const cuts = cutsOf(user.doc);
    const alone = aloneMembers(cuts[AT.identities] as string, user.connection);
    if (alone !== undefined) return shownTexts.keep(user, userText(cuts, alone, factorsOf(user)));
    others.set(i, identitiesOf(cuts));
    return '';
  });
  // A linked account may be of another connection than its user.
  if (others.size > 0) await fillIn(work, texts, users, others);
  return texts;
}

async function fillIn(
  work: Work,
  texts: string[],
  users: readonly ShownUser[],
  others: ReadonlyMap<number, User['identities']>,
): Promise<void> {
  const nameOf = await namesOf(work, [...others.values()].flat());
  for (const [i, identities] of others) {
    const user = users[i] as ShownUser;
    texts[i] = userText(cutsOf(user.doc), identityMembers(identities, nameOf), factorsOf(user));
  }
}

export async function textOf(work: Work, user: ShownUser): Promise<string> {
  const [text] = await textsOf(work, [user]);
  return text as string;
}

/** What Auth0 fills in for a new user: `name` the address, `nickname` its local part, `picture` an avatar (contract §10). */
export function defaultsOf(email: string | undefined): { name?: string; nickname?: string; picture?: string } {
  if (email === undefined) return {};
  const nickname = email.split('@')[0] as string;
  const digest = createHash('md5').update(email.trim().toLowerCase()).digest('hex');
  return { name: email, nickname, picture: `https://s.gravatar.com/avatar/${digest}?s=480&r=pg&d=identicon` };
}

/** A token of `*:current_user*` scopes names nobody but its own user. */
export function checkIsOwn({ actor }: Work, id: string): void {
  if (actor.type !== 'user' || actor.id !== id)
    throw new Problem('insufficient_scope', 'This token may act on its own user only.');
}

export async function ownIdOf({ work, params }: Pick<DialectCall, 'work' | 'params'>): Promise<string> {
  const id = await idOf(work, params.id as string);
  checkIsOwn(work, id);
  return id;
}
