/** Who is in the pool: the users of the tenant's default connection. Their id here is the subject of the primary identity. */
import {
  type Db,
  findByIdentity,
  findConnection,
  findIdsBySubject,
  findUserIdsEverSpelled,
  noBody,
  operations,
  resultOf,
  type User,
  type UserFilter,
  type Work,
} from '@reeve/core';
import { unknownUser } from './problems.ts';

async function poolConnection(db: Db, work: Work): Promise<{ readonly id: string }> {
  const found = await findConnection(db, work.tenant.id);
  if (!found) throw new Error('The tenant has no default connection.');
  return found;
}

const PROVIDER = 'auth0';

/** `con_…` of the connection whose users are the pool. */
export const poolId = async (work: Work): Promise<string> => (await work.read((db) => poolConnection(db, work))).id;

/** Everybody who is in the pool, and passes the filters too. */
export async function inPool(work: Work, ...filters: readonly UserFilter[]): Promise<UserFilter> {
  const isHome: UserFilter = { kind: 'equals', field: 'connection', value: await poolId(work) };
  return filters.length === 0 ? isHome : { kind: 'and', of: [isHome, ...filters] };
}

/** `usr_…` of the user with this id; undefined where there is none. */
export async function findId(work: Work, subject: string): Promise<string | undefined> {
  return work.read(async (db) => {
    const { id: connectionId } = await poolConnection(db, work);
    const found = await findByIdentity(db, work.tenant.id, PROVIDER, subject, connectionId);
    return found?.isPrimary ? found.id : undefined;
  });
}

/** `usr_…` by the ids here, in their order; those that name nobody have no entry. */
export async function findIds(work: Work, subjects: readonly string[]): Promise<Map<string, string>> {
  const found = await work.read(async (db) => {
    const { id: connectionId } = await poolConnection(db, work);
    return findIdsBySubject(db, work.tenant.id, { connectionId, provider: PROVIDER }, subjects);
  });
  return new Map(subjects.flatMap((subject) => (found.has(subject) ? [[subject, found.get(subject) as string]] : [])));
}

/** All of them. Throws 2004 that names the first who is unknown. */
export async function requireIds(work: Work, subjects: readonly string[]): Promise<Map<string, string>> {
  const found = await findIds(work, subjects);
  const unknown = subjects.find((subject) => !found.has(subject));
  if (unknown !== undefined) throw unknownUser(unknown);
  return found;
}

/** Throws 2004. */
export async function requireId(work: Work, subject: string | null | undefined): Promise<string> {
  const id = await findId(work, subject ?? '');
  if (id === undefined) throw unknownUser(subject ?? '');
  return id;
}

/** Users that are looked up at once. */
const AT_ONCE = 200;

/** Users by their native ids; who is not there has no entry. */
export async function usersBy(work: Work, ids: readonly string[]): Promise<Map<string, User>> {
  const found = new Map<string, User>();
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const body = { ids: ids.slice(from, from + AT_ONCE), emails: [] };
    const { users } = resultOf(await operations.users.lookup(work, { query: undefined, body }));
    for (const user of users) found.set(user.id, user);
  }
  return found;
}

/** Whether the user is in the pool that the connection (`poolId`) is. */
export const isIn = (pool: string, { identities }: User): boolean =>
  identities.some(({ is_primary, connection_id: id }) => is_primary && id === pool);

/** `usr_…` of everybody who has or had one of these ids here: the log knows those who left, too. */
export async function idsEver(work: Work, subjects: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const subject of new Set(subjects))
    for (const id of await findUserIdsEverSpelled(work, `${PROVIDER}|${subject}`)) found.add(id);
  const [pool, users] = [await poolId(work), await usersBy(work, [...found])];
  for (const [id, user] of users) if (!isIn(pool, user)) found.delete(id);
  return [...found];
}

export const userBy = async (work: Work, user_id: string): Promise<User> =>
  resultOf(await operations.users.get(work, { user_id, ...noBody }));

export function subjectOf({ identities }: Pick<User, 'identities'>): string {
  const primary = identities.find(({ is_primary }) => is_primary);
  if (!primary) throw new Error('A user without an identity.');
  return primary.subject;
}
