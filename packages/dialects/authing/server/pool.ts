/** Who is in the pool: the users of the tenant's default connection. Their id here is the subject of the primary identity. */
import {
  findByIdentity,
  findConnection,
  noBody,
  operations,
  resultOf,
  type User,
  type UserFilter,
  type Work,
} from '@reeve/core';
import { unknownUser } from './problems.ts';

async function poolConnection(work: Work): Promise<{ readonly id: string }> {
  const found = await work.read((db) => findConnection(db, work.tenant.id));
  if (!found) throw new Error('The tenant has no default connection.');
  return found;
}

/** Everybody who is in the pool, and passes the filters too. */
export async function inPool(work: Work, ...filters: readonly UserFilter[]): Promise<UserFilter> {
  const { id } = await poolConnection(work);
  const isHome: UserFilter = { kind: 'equals', field: 'connection', value: id };
  return filters.length === 0 ? isHome : { kind: 'and', of: [isHome, ...filters] };
}

/** `usr_…` of the user with this id; undefined where there is none. */
export async function findId(work: Work, subject: string): Promise<string | undefined> {
  const { id: connectionId } = await poolConnection(work);
  const found = await work.read((db) => findByIdentity(db, work.tenant.id, 'auth0', subject, connectionId));
  return found?.isPrimary ? found.id : undefined;
}

/** Throws 2004. */
export async function requireId(work: Work, subject: string | null | undefined): Promise<string> {
  const id = await findId(work, subject ?? '');
  if (id === undefined) throw unknownUser(subject ?? '');
  return id;
}

export const userBy = async (work: Work, user_id: string): Promise<User> =>
  resultOf(await operations.users.get(work, { user_id, ...noBody }));

export function subjectOf({ identities }: Pick<User, 'identities'>): string {
  const primary = identities.find(({ is_primary }) => is_primary);
  if (!primary) throw new Error('A user without an identity.');
  return primary.subject;
}
