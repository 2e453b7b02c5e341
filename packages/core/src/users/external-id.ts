/**
 * What another system calls a user. Owns the invariant that no two users of a connection are called alike: a unique index keeps
 * it, whichever door the name comes by.
 */
import { type Db, padded } from '../database/database.ts';
import { unindexed } from '../database/document.ts';
import type { Unit } from '../work.ts';
import { refusingTaken, userToChange } from './users.ts';

const nameOf = (db: Db, tenantId: number, num: number) =>
  db
    .selectFrom('identities')
    .select('external_id')
    .where('tenant_id', '=', tenantId)
    .where('user_num', '=', num)
    .where('position', '=', 0)
    .executeTakeFirstOrThrow();

/** Writes the name of a user, by row number. Throws `identity_taken` where another one of the connection has it. */
export const writeExternalId = (db: Db, tenantId: number, num: number, value: string | null): Promise<unknown> =>
  refusingTaken(() =>
    db
      .updateTable('identities')
      .set({ external_id: value })
      .where('tenant_id', '=', tenantId)
      .where('user_num', '=', num)
      .where('position', '=', 0)
      .execute(),
  );

/**
 * Names a user as another system does: at most 256 characters, compared as they are; null: as none. The same again changes
 * nothing.
 *
 * @param isCreation - the unit creates the user: the event of that tells enough
 * @throws Problem `not_found`; `identity_taken` where another user of the connection has the name
 */
export async function setExternalId(
  unit: Unit,
  userId: string,
  value: string | null,
  { isCreation = false } = {},
): Promise<void> {
  const { db, tenant } = unit;
  const { num, id } = await userToChange(unit, userId);
  const { external_id: before } = await nameOf(db, tenant.id, num);
  if (before === value) return;
  await writeExternalId(db, tenant.id, num, value);
  if (isCreation) return;
  const data = { before: { external_id: before }, after: { external_id: value } };
  await unit.emit('user.updated', { target: { type: 'user', id }, data });
}

/** What other systems call the users with these ids (`usr_…`), by id; who is called nothing has no entry. */
export async function externalIdsOf(db: Db, tenantId: number, ids: readonly string[]): Promise<Map<string, string>> {
  const [first, ...rest] = ids;
  if (first === undefined) return new Map();
  const rows = await db
    .selectFrom('users')
    .innerJoin('identities', 'identities.user_num', 'users.num')
    .select(['users.id', 'identities.external_id'])
    .where(unindexed(db, 'users.tenant_id'), '=', tenantId)
    .where('users.id', 'in', padded([first, ...rest]))
    .where('identities.position', '=', 0)
    .where('identities.external_id', 'is not', null)
    .execute();
  return new Map(rows.map(({ id, external_id }) => [id, external_id as string]));
}
