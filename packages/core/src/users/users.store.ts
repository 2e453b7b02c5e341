/** The rows of a user: written together, found by id, number or key. */

import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { isPostgres, locked } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { fieldProblem } from '../problem.ts';
import { keyOf, nameKeyOf, parse, partKeysOf, phoneKeyOf, render, searchTextOf, type User } from './document.ts';
import { changeLeaves, insertLeaves, leafChangesOf, metadataLeavesOf } from './leaves.store.ts';

export interface UserRow {
  readonly num: number;
  readonly id: string;
  readonly connection_num: number;
  readonly state: 'active' | 'disabled';
  readonly token_version: number;
  readonly version: number;
  readonly search_text: string;
  readonly doc: string;
}
const COLUMNS = ['num', 'id', 'connection_num', 'state', 'token_version', 'version', 'search_text', 'doc'] as const;

const documents = new WeakMap<UserRow, User>();
/** The document of a row, parsed once: whoever changes a user compares with it, and so does what writes the change. */
export function documentOf(row: UserRow): Readonly<User> {
  let user = documents.get(row);
  if (!user) {
    user = parse(row.doc);
    documents.set(row, user);
  }
  return user;
}

type ById = { tenant_id: number; id: string };
const docById = statement<ById, { doc: string; version: number }>((db, slot) =>
  db
    .selectFrom('users')
    .select(['doc', 'version'])
    .where('id', '=', slot('id'))
    .where('tenant_id', '=', slot('tenant_id')),
);
const rowById = statement<ById, UserRow>((db, slot) =>
  db.selectFrom('users').select(COLUMNS).where('id', '=', slot('id')).where('tenant_id', '=', slot('tenant_id')),
);
const lockedById = statement<ById, UserRow>((db, slot) =>
  locked(
    db,
    db.selectFrom('users').select(COLUMNS).where('id', '=', slot('id')).where('tenant_id', '=', slot('tenant_id')),
  ),
);

export const findDocument = async (
  db: Db,
  tenantId: number,
  id: string,
): Promise<{ doc: string; version: number } | undefined> => (await docById(db, { tenant_id: tenantId, id }))[0];
export const findUser = async (db: Db, tenantId: number, id: string): Promise<UserRow | undefined> =>
  (await rowById(db, { tenant_id: tenantId, id }))[0];
/** Reads a user that the same unit changes. */
export const findUserToChange = async (db: Db, tenantId: number, id: string): Promise<UserRow | undefined> =>
  (await lockedById(db, { tenant_id: tenantId, id }))[0];

const lockedByNumber = statement<{ tenant_id: number; num: number }, UserRow>((db, slot) =>
  locked(
    db,
    db.selectFrom('users').select(COLUMNS).where('num', '=', slot('num')).where('tenant_id', '=', slot('tenant_id')),
  ),
);
/** As `findUserToChange`, by row number. */
export const findUserByNumber = async (db: Db, tenantId: number, num: number): Promise<UserRow | undefined> =>
  (await lockedByNumber(db, { tenant_id: tenantId, num }))[0];

type UserValues = {
  id: string;
  tenant_id: number;
  connection_num: number;
  state: 'active' | 'disabled';
  name_key: string;
  given_name_key: string | null;
  family_name_key: string | null;
  nickname_key: string | null;
  updated_at: number;
  password_must_be_reset: 0 | 1;
  search_text: string;
  doc: string;
  extensions: string;
};
const rowInsertion = (db: Db, slot: <K extends keyof UserValues>(name: K) => NonNullable<UserValues[K]>) =>
  db.insertInto('users').values({
    id: slot('id'),
    tenant_id: slot('tenant_id'),
    connection_num: slot('connection_num'),
    state: slot('state'),
    name_key: slot('name_key'),
    given_name_key: slot('given_name_key'),
    family_name_key: slot('family_name_key'),
    nickname_key: slot('nickname_key'),
    updated_at: slot('updated_at'),
    last_sign_in_at: 0,
    password_must_be_reset: slot('password_must_be_reset'),
    token_version: 0,
    version: 1,
    search_text: slot('search_text'),
    doc: slot('doc'),
    extensions: slot('extensions'),
  });
const insertReturning = statement<UserValues, { num: number }>((db, slot) => rowInsertion(db, slot).returning('num'));
const insertSilently = statement<UserValues, unknown>(rowInsertion);
const lastNumber = statement<Record<never, never>, { num: number }>(
  () => sql<{ num: number }>`select last_insert_rowid() as num`,
);

/** The number of the new row. SQLite copies every page that a statement changes which returns something. */
async function insertRow(db: Db, values: UserValues): Promise<number> {
  if (isPostgres(db)) return ((await insertReturning(db, values)) as [{ num: number }])[0].num;
  // Both are begun at once: nothing else of the unit comes between them.
  const [, last] = await Promise.all([insertSilently(db, values), lastNumber(db, {})]);
  return (last as [{ num: number }])[0].num;
}

type IdentityValues = {
  tenant_id: number;
  user_num: number;
  position: number;
  connection_num: number;
  provider: string;
  subject: string;
  email_key: string;
  username_key: string | null;
  phone_key: string | null;
};
const insertIdentityRow = statement<IdentityValues, unknown>((db, slot) =>
  db.insertInto('identities').values({
    tenant_id: slot('tenant_id'),
    user_num: slot('user_num'),
    position: slot('position'),
    connection_num: slot('connection_num'),
    provider: slot('provider'),
    subject: slot('subject'),
    email_key: slot('email_key'),
    username_key: slot('username_key'),
    phone_key: slot('phone_key'),
    profile: null,
  }),
);

// The search index of SQLite is a table of its own; PostgreSQL's is an index on users.search_text.
const insertSearchRow = statement<{ num: number; text: string }, unknown>(
  (_db, slot) => sql`insert into users_search (rowid, text) values (${slot('num')}, ${slot('text')})`,
);
const replaceSearchRow = statement<{ num: number; text: string }, unknown>(
  (_db, slot) => sql`insert or replace into users_search (rowid, text) values (${slot('num')}, ${slot('text')})`,
);
const deleteSearchRow = statement<{ num: number }, unknown>(
  (_db, slot) => sql`delete from users_search where rowid = ${slot('num')}`,
);

/** Compatibility composition can make one character many: what would not fit an index is refused, not cut. */
const MAX_KEY = 512;
function indexable(field: string, key: string): string {
  if (key.length > MAX_KEY) throw fieldProblem(field, 'maxLength', `${field} is too long once it is composed (NFKC).`);
  return key;
}
const emailKeyOf = (user: User, subject: string): string =>
  user.email === null ? ` ${subject}` : indexable('email', keyOf(user.email));
const usernameKeyOf = (user: User): string | null =>
  user.username === null ? null : indexable('username', keyOf(user.username));
const phoneNumberKeyOf = (user: User): string | null =>
  user.phone_number === null ? null : indexable('phone_number', phoneKeyOf(user.phone_number));
const primaryOf = (user: User): User['identities'][number] =>
  user.identities.find((identity) => identity.is_primary) as User['identities'][number];

/** What the primary identity is found by. */
export const identifierKeysOf = (user: User) => {
  const { subject } = primaryOf(user);
  return {
    subject,
    email_key: emailKeyOf(user, subject),
    username_key: usernameKeyOf(user),
    phone_key: phoneNumberKeyOf(user),
  };
};

/** What a row that comes back had before. */
export interface FormerRow {
  readonly num: number;
  readonly tokenVersion: number;
  readonly version: number;
  readonly extensions: string;
}

/** Gives a row that came back its versions again, and its place in the order of creation where that is free. */
async function reviveRow(db: Db, num: number, user: User, former: FormerRow): Promise<number> {
  const taken = await db.selectFrom('users').select('id').where('num', '=', former.num).executeTakeFirst();
  const place = taken ? num : former.num;
  await db
    .updateTable('users')
    .set({
      num: place,
      last_sign_in_at: user.last_sign_in_at === null ? 0 : Date.parse(user.last_sign_in_at),
      token_version: former.tokenVersion,
      version: former.version,
      extensions: former.extensions,
    })
    .where('num', '=', num)
    .execute();
  return place;
}

/** Inserts a user with identity, search entry and metadata leaves. Returns the row number. */
export async function insertUser(
  db: Db,
  tenantId: number,
  connectionNum: number,
  user: User,
  former?: FormerRow,
): Promise<number> {
  const leaves = metadataLeavesOf(user);
  const searchText = searchTextOf(user);
  const inserted = await insertRow(db, {
    id: user.id,
    tenant_id: tenantId,
    connection_num: connectionNum,
    state: user.state,
    name_key: nameKeyOf(user),
    ...partKeysOf(user),
    updated_at: Date.parse(user.updated_at),
    password_must_be_reset: user.password_must_be_reset ? 1 : 0,
    search_text: searchText,
    doc: render(user),
    extensions: '{}',
  });
  const num = former ? await reviveRow(db, inserted, user, former) : inserted;
  const primary = primaryOf(user);
  await insertIdentityRow(db, {
    tenant_id: tenantId,
    user_num: num,
    position: 0,
    connection_num: connectionNum,
    provider: primary.provider,
    subject: primary.subject,
    email_key: emailKeyOf(user, primary.subject),
    username_key: usernameKeyOf(user),
    phone_key: phoneNumberKeyOf(user),
  });
  if (!isPostgres(db)) await insertSearchRow(db, { num, text: searchText });
  await insertLeaves(db, tenantId, num, leaves);
  return num;
}

type Changed = {
  num: number;
  given_name_key: string | null;
  family_name_key: string | null;
  nickname_key: string | null;
  updated_at: number;
  password_must_be_reset: 0 | 1;
  token_version: number;
  version: number;
  search_text: string;
  doc: string;
};
/** Columns that have an index of their own, beside `updated_at`. */
type Indexed = { state: 'active' | 'disabled'; name_key: string; last_sign_in_at: number };

const indexedOf = (user: User): Indexed => ({
  state: user.state,
  name_key: nameKeyOf(user),
  last_sign_in_at: user.last_sign_in_at === null ? 0 : Date.parse(user.last_sign_in_at),
});

/** SQLite writes the index of every column that is set, whether its value differs or not: only what differs is set. */
const rowUpdates = new Map<string, ReturnType<typeof rowUpdateOf>>();
const rowUpdateOf = (indexed: readonly (keyof Indexed)[]) =>
  statement<Changed & Indexed, unknown>((db, slot) =>
    db
      .updateTable('users')
      .set({
        ...Object.fromEntries(indexed.map((column) => [column, slot(column)])),
        given_name_key: slot('given_name_key'),
        family_name_key: slot('family_name_key'),
        nickname_key: slot('nickname_key'),
        updated_at: slot('updated_at'),
        password_must_be_reset: slot('password_must_be_reset'),
        token_version: slot('token_version'),
        version: slot('version'),
        search_text: slot('search_text'),
        doc: slot('doc'),
      })
      .where('num', '=', slot('num')),
  );

async function updateRow(db: Db, before: User, user: User, changed: Changed): Promise<void> {
  const had = indexedOf(before);
  const indexed = indexedOf(user);
  const differing = (Object.keys(indexed) as (keyof Indexed)[]).filter((column) => had[column] !== indexed[column]);
  const known = differing.join();
  let update = rowUpdates.get(known);
  if (!update) {
    update = rowUpdateOf(differing);
    rowUpdates.set(known, update);
  }
  await update(db, { ...changed, ...indexed });
}

const updatePrimaryKeys = statement<
  { user_num: number; email_key: string; username_key: string | null; phone_key: string | null },
  unknown
>((db, slot) =>
  db
    .updateTable('identities')
    .set({ email_key: slot('email_key'), username_key: slot('username_key'), phone_key: slot('phone_key') })
    .where('user_num', '=', slot('user_num'))
    .where('position', '=', 0),
);
/**
 * Writes a changed user: the row, and of what hangs on it only what differs from the row's document. Returns the new version.
 * `row`: as it is stored now, read in this unit; once it is written, it is old.
 */
export async function updateUser(
  db: Db,
  tenantId: number,
  row: UserRow,
  user: User,
  tokenVersion = row.token_version,
): Promise<number> {
  const before = documentOf(row);
  const searchText = searchTextOf(user);
  const version = row.version + 1;
  const leaves = leafChangesOf(before, user);
  await updateRow(db, before, user, {
    num: row.num,
    ...partKeysOf(user),
    updated_at: Date.parse(user.updated_at),
    password_must_be_reset: user.password_must_be_reset ? 1 : 0,
    token_version: tokenVersion,
    version,
    search_text: searchText,
    doc: render(user),
  });
  if (before.email !== user.email || before.username !== user.username || before.phone_number !== user.phone_number) {
    await updatePrimaryKeys(db, {
      user_num: row.num,
      email_key: emailKeyOf(user, primaryOf(user).subject),
      username_key: usernameKeyOf(user),
      phone_key: phoneNumberKeyOf(user),
    });
  }
  if (searchText !== row.search_text && !isPostgres(db)) await replaceSearchRow(db, { num: row.num, text: searchText });
  await changeLeaves(db, tenantId, row.num, leaves);
  return version;
}

/** Makes another connection the home of a user: of the row and of the primary identity. */
export async function moveHome(db: Db, tenantId: number, num: number, connectionNum: number): Promise<void> {
  await db
    .updateTable('identities')
    .set({ connection_num: connectionNum })
    .where('tenant_id', '=', tenantId)
    .where('user_num', '=', num)
    .where('position', '=', 0)
    .execute();
  await db
    .updateTable('users')
    .set({ connection_num: connectionNum })
    .where('tenant_id', '=', tenantId)
    .where('num', '=', num)
    .execute();
}

const signInRow = statement<{ num: number; last_sign_in_at: number; doc: string }, unknown>((db, slot) =>
  db
    .updateTable('users')
    .set({ last_sign_in_at: slot('last_sign_in_at'), doc: slot('doc') })
    .where('num', '=', slot('num')),
);
/**
 * Writes what a sign-in changes of a user, its count and its time. The version stays: it is there so that two changes of
 * what somebody set don't overwrite each other, and a person who signs in must not make an administrator's fail.
 */
export async function recordSignIn(
  db: Db,
  num: number,
  user: User & { readonly last_sign_in_at: string },
): Promise<void> {
  await signInRow(db, { num, last_sign_in_at: Date.parse(user.last_sign_in_at), doc: render(user) });
}

const bump = statement<{ num: number }, unknown>((db, slot) =>
  db
    .updateTable('users')
    .set((e) => ({ token_version: e('token_version', '+', 1) }))
    .where('num', '=', slot('num')),
);
/** Ends the access tokens that the user has: what they say is true no longer. */
export const bumpTokenVersion = async (db: Db, num: number): Promise<void> => void (await bump(db, { num }));

/** Deletes a user's row; what hangs on it by row number goes with it. */
export async function deleteUser(db: Db, row: UserRow): Promise<void> {
  if (!isPostgres(db)) await deleteSearchRow(db, { num: row.num });
  await db.deleteFrom('users').where('num', '=', row.num).execute();
}
