/** A user as Auth0 shows one, and who is meant by a `user_id`. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  appMetadataOf,
  type Bag,
  type DialectCall,
  DocumentText,
  factorsOf,
  fieldProblem,
  findShown,
  findUserIdBySpelling,
  operations,
  PLACE,
  Problem,
  resultOf,
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
const ALONE = /^\[\{"connection_id":"[^"\\]*","provider":"([^"\\]*)","subject":"([^"\\]*)","is_primary":true\}\]$/;

/** `identityMembers` of JSON, without parsing it; undefined where there is more to tell. */
function aloneMembers(identities: string, connection: string): string | undefined {
  const alone = ALONE.exec(identities);
  if (!alone) return undefined;
  const [, provider, subject] = alone;
  const name = JSON.stringify(connection);
  return `"user_id":"${provider}|${subject}","identities":[{"connection":${name},"user_id":"${subject}","provider":"${provider}","isSocial":false}]`;
}

/** `user_metadata` and `app_metadata`, which the values of custom fields are shown among. */
function metadataMembers(text: DocumentText): string {
  const fields = text.value(PLACE.custom_fields);
  if (fields === '{}') return text.members(PLACE.user_metadata, PLACE.app_metadata);
  const parsed = { app_metadata: JSON.parse(text.value(PLACE.app_metadata)), custom_fields: JSON.parse(fields) };
  return `${text.members(PLACE.user_metadata)},"app_metadata":${JSON.stringify(appMetadataOf(parsed))}`;
}

/** What Auth0 calls as the directory does, and leaves out where it is null: with a flag, if it has one, in the order of documents. */
const FIRST = [
  PLACE.email,
  PLACE.username,
  PLACE.phone_number,
  PLACE.name,
  PLACE.given_name,
  PLACE.family_name,
  PLACE.nickname,
  PLACE.picture,
] as const;
/** The last place of each. */
const LAST = FIRST.map((_place, i) => (FIRST[i + 1] ?? PLACE.profile) - 1);

/** The members of those that are there; what stands together is taken together. */
function profileMembers(text: DocumentText): string {
  let json = '';
  for (let i = 0; i < FIRST.length; i++) {
    if (text.isNull(FIRST[i] as number)) continue;
    const first = i;
    while (i + 1 < FIRST.length && !text.isNull(FIRST[i + 1] as number)) i++;
    json += `${text.members(FIRST[first] as number, LAST[i])},`;
  }
  return json;
}

const memberAs = (name: string, text: DocumentText, place: number): string =>
  text.isNull(place) ? '' : `"${name}":${text.value(place)},`;

/** JSON of the user that was read, in Auth0's fields (contract, `schemas.User`). `identities`: what `identityMembers` makes of them. */
export function userText(text: DocumentText, identities: string, factors?: readonly string[]): string {
  let json = `{${profileMembers(text)}${identities},${metadataMembers(text)},`;
  if (text.value(PLACE.state) === '"disabled"') json += '"blocked":true,';
  if (factors) json += `"multifactor":${JSON.stringify(factors)},`;
  json += memberAs('last_ip', text, PLACE.last_sign_in_ip);
  json += memberAs('last_login', text, PLACE.last_sign_in_at);
  json += memberAs('last_password_reset', text, PLACE.last_password_change_at);
  return `${json}"logins_count":${text.value(PLACE.sign_in_count)},${text.members(PLACE.created_at, PLACE.updated_at)}}`;
}

// Each document is shown before the next one is read.
const text = new DocumentText();

/** JSON of users in Auth0's fields. */
export async function textsOf(work: Work, users: readonly ShownUser[]): Promise<string[]> {
  const others = new Map<number, User['identities']>();
  const texts = users.map((user, i) => {
    text.read(user.doc);
    const identities = text.value(PLACE.identities);
    const alone = aloneMembers(identities, user.connection);
    if (alone !== undefined) return userText(text, alone, factorsOf(user));
    others.set(i, JSON.parse(identities));
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
    text.read(user.doc);
    texts[i] = userText(text, identityMembers(identities, nameOf), factorsOf(user));
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
