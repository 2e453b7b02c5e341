/** Users in bulk: the columns of many new rows, made without a database, and their insertion. */
import { type Column, insertColumns, reserveNumbers } from '../database/bulk.ts';
import { type Db, isPostgres } from '../database/database.ts';
import { redact } from '../events/redact.ts';
import { nameKeyOf, partKeysOf, render, searchTextOf, type User } from './document.ts';
import { metadataLeavesOf } from './leaves.store.ts';
import { identifierKeysOf } from './users.store.ts';

type Nullable = string | null;

/** New users column by column: plain arrays of texts travel between threads at a fraction of what objects cost. */
export interface UserColumns {
  readonly id: string[];
  readonly state: ('active' | 'disabled')[];
  readonly name_key: string[];
  readonly given_name_key: Nullable[];
  readonly family_name_key: Nullable[];
  readonly nickname_key: Nullable[];
  readonly updated_at: number[];
  readonly password_must_be_reset: (0 | 1)[];
  readonly search_text: string[];
  readonly doc: string[];
  readonly subject: string[];
  readonly email_key: string[];
  readonly username_key: Nullable[];
  readonly phone_key: Nullable[];
  readonly password_hash: Nullable[];
  /** What `user.created` tells; null: the document as it is (`eventDataOf`). */
  readonly event: Nullable[];
  /** How many metadata leaves each user has; the leaves of all follow one another. */
  readonly leaf_count: number[];
  readonly leaf: { bag: string[]; path: string[]; position: number[]; text: string[]; number: (number | null)[] };
}

export const emptyColumns = (): UserColumns => ({
  id: [],
  state: [],
  name_key: [],
  given_name_key: [],
  family_name_key: [],
  nickname_key: [],
  updated_at: [],
  password_must_be_reset: [],
  search_text: [],
  doc: [],
  subject: [],
  email_key: [],
  username_key: [],
  phone_key: [],
  password_hash: [],
  event: [],
  leaf_count: [],
  leaf: { bag: [], path: [], position: [], text: [], number: [] },
});

/** Whether anything below may have to be struck out of an event; errs on the safe side. */
const SUSPECT = /pass|secret|token|credential|private|api_?key|otp|pin/i;

/** Appends a drafted user. Throws where its metadata breaks the limits; then nothing was appended. */
export function appendUser(columns: UserColumns, user: User, passwordHash: string | null): void {
  const leaves = metadataLeavesOf(user);
  const doc = render(user);
  const keys = identifierKeysOf(user);
  const nameKey = nameKeyOf(user);
  const partKeys = partKeysOf(user);
  const searchText = searchTextOf(user);
  columns.id.push(user.id);
  columns.state.push(user.state);
  columns.name_key.push(nameKey);
  columns.given_name_key.push(partKeys.given_name_key);
  columns.family_name_key.push(partKeys.family_name_key);
  columns.nickname_key.push(partKeys.nickname_key);
  columns.updated_at.push(Date.parse(user.updated_at));
  columns.password_must_be_reset.push(user.password_must_be_reset ? 1 : 0);
  columns.search_text.push(searchText);
  columns.doc.push(doc);
  columns.subject.push(keys.subject);
  columns.email_key.push(keys.email_key);
  columns.username_key.push(keys.username_key);
  columns.phone_key.push(keys.phone_key);
  columns.password_hash.push(passwordHash);
  const hasSuspect =
    leaves.length > 0 && SUSPECT.test(JSON.stringify([user.user_metadata, user.app_metadata, user.custom_fields]));
  columns.event.push(hasSuspect ? JSON.stringify({ after: redact(user) }) : null);
  columns.leaf_count.push(leaves.length);
  const { leaf } = columns;
  for (const { bag, path, position, text, number } of leaves) {
    leaf.bag.push(bag);
    leaf.path.push(path);
    leaf.position.push(position);
    leaf.text.push(text);
    leaf.number.push(number);
  }
}

/** The data of each user's `user.created`. */
export const eventDataOf = ({ event, doc }: Pick<UserColumns, 'event' | 'doc'>): string[] =>
  event.map((data, i) => data ?? `{"after":${doc[i]}}`);

/** Only the users at these places, in this order (ascending). */
export function pickUsers(columns: UserColumns, places: readonly number[]): UserColumns {
  if (places.length === columns.id.length) return columns;
  const pick = <T>(values: readonly T[]): T[] => places.map((place) => values[place] as T);
  const starts: number[] = [];
  let next = 0;
  for (const count of columns.leaf_count) {
    starts.push(next);
    next += count;
  }
  const leafPlaces = places.flatMap((place) =>
    Array.from({ length: columns.leaf_count[place] as number }, (_, i) => (starts[place] as number) + i),
  );
  const pickLeaves = <T>(values: readonly T[]): T[] => leafPlaces.map((place) => values[place] as T);
  const { leaf, ...rest } = columns;
  return {
    ...(Object.fromEntries(
      Object.entries(rest).map(([name, values]) => [name, pick(values as unknown[])]),
    ) as unknown as Omit<UserColumns, 'leaf'>),
    leaf: {
      bag: pickLeaves(leaf.bag),
      path: pickLeaves(leaf.path),
      position: pickLeaves(leaf.position),
      text: pickLeaves(leaf.text),
      number: pickLeaves(leaf.number),
    },
  };
}

/** Inserts users with identities, search entries, credentials and metadata leaves. Returns their row numbers. */
export async function insertUsers(
  db: Db,
  tenantId: number,
  connectionNum: number,
  users: UserColumns,
  now: number,
): Promise<number[]> {
  const count = users.id.length;
  const num = await reserveNumbers(db, 'users', count);
  await insertColumns(db, 'users', count, {
    num,
    id: users.id,
    tenant_id: tenantId,
    connection_num: connectionNum,
    state: users.state,
    name_key: users.name_key,
    given_name_key: users.given_name_key,
    family_name_key: users.family_name_key,
    nickname_key: users.nickname_key,
    updated_at: users.updated_at,
    last_sign_in_at: 0,
    password_must_be_reset: users.password_must_be_reset,
    token_version: 0,
    version: 1,
    search_text: users.search_text,
    doc: users.doc,
    extensions: '{}',
  });
  await insertColumns(db, 'identities', count, {
    tenant_id: tenantId,
    user_num: num,
    position: 0,
    connection_num: connectionNum,
    provider: 'auth0',
    subject: users.subject,
    email_key: users.email_key,
    username_key: users.username_key,
    phone_key: users.phone_key,
    profile: null,
  });
  if (!isPostgres(db)) await insertColumns(db, 'users_search', count, { rowid: num, text: users.search_text });
  const { leaf } = users;
  if (leaf.path.length > 0) {
    const owners = num.flatMap((n, i) => Array<number>(users.leaf_count[i] as number).fill(n));
    await insertColumns(db, 'metadata', leaf.path.length, { tenant_id: tenantId, user_num: owners, ...leaf } as Record<
      string,
      Column
    >);
  }
  await insertPasswords(db, tenantId, num, users.password_hash, now);
  return num;
}

async function insertPasswords(
  db: Db,
  tenantId: number,
  num: readonly number[],
  hashes: readonly Nullable[],
  now: number,
): Promise<void> {
  const places = hashes.flatMap((hash, i) => (hash === null ? [] : [i]));
  await insertColumns(db, 'credentials', places.length, {
    tenant_id: tenantId,
    user_num: places.map((i) => num[i] as number),
    password_hash: places.map((i) => hashes[i] as string),
    changed_at: now,
  });
}
