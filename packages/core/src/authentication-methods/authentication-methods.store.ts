/** The rows of authentication methods. Owns the invariant that a method comes and goes with an event that names it, and no secret. */
import { type AuthenticationMethod, type AuthenticationMethodType, authenticationMethods } from '@reeve/contract';
import type { Selectable } from 'kysely';
import { toWire } from '../clock.ts';
import { type Db, locked } from '../database/database.ts';
import { isId } from '../id.ts';
import { notFound, Problem } from '../problem.ts';
import type { AuthenticationMethodTable } from '../tables.ts';
import type { Unit } from '../work.ts';

export type MethodRow = Omit<Selectable<AuthenticationMethodTable>, 'type'> & { type: AuthenticationMethodType };
/** Whose method it is. */
export interface Holder {
  readonly num: number;
  readonly id: string;
}

const wireOrNull = (instant: number | null) => (instant === null ? null : toWire(instant));

export const viewOf = (row: MethodRow): AuthenticationMethod => ({
  id: row.id,
  type: row.type,
  name: row.name,
  confirmed: row.confirmed_at !== null,
  phone_number: row.phone_number,
  email: row.email,
  preferred_authentication_method: row.preferred_method,
  key_id: row.key_id,
  public_key: row.public_key,
  relying_party_identifier: row.relying_party_identifier,
  created_at: toWire(row.created_at),
  confirmed_at: wireOrNull(row.confirmed_at),
  last_used_at: wireOrNull(row.last_used_at),
});

/** The methods of a user. */
export const methodsOf = (db: Db, tenantId: number, userNum: number) =>
  db
    .selectFrom('authentication_methods')
    .selectAll()
    .$castTo<MethodRow>()
    .where('tenant_id', '=', tenantId)
    .where('user_num', '=', userNum);

/** One method of the user, or `not_found`. A `change` of it locks the row. */
export async function requireMethod(
  db: Db,
  tenantId: number,
  userNum: number,
  id: string,
  purpose: 'read' | 'change' = 'read',
): Promise<MethodRow> {
  const query = methodsOf(db, tenantId, userNum).where('id', '=', id);
  const row = isId('fac', id) ? await (purpose === 'change' ? locked(db, query) : query).executeTakeFirst() : undefined;
  if (!row) throw notFound('authentication method', id);
  return row;
}

/** Throws `limit_reached` where the user can have no more methods. */
export function checkRoom(present: readonly unknown[]): void {
  const { MAX_AUTHENTICATION_METHODS: most } = authenticationMethods;
  if (present.length >= most)
    throw new Problem('limit_reached', `A user has at most ${most} authentication methods; remove one first.`);
}

const eventOf = (user: Holder, { id, type }: { readonly id: string; readonly type: string }) => ({
  target: { type: 'user', id: user.id },
  data: { type, method_id: id },
});

export async function insertMethod(unit: Unit, user: Holder, row: MethodRow): Promise<void> {
  await unit.db.insertInto('authentication_methods').values(row).execute();
  await unit.emit('mfa.factor_added', eventOf(user, row));
}

/** Writes what changed of a method. */
export async function updateMethod(
  { db, tenant }: Unit,
  id: string,
  change: Partial<Omit<MethodRow, 'id' | 'tenant_id' | 'user_num' | 'type'>>,
): Promise<void> {
  await db
    .updateTable('authentication_methods')
    .set(change)
    .where('tenant_id', '=', tenant.id)
    .where('id', '=', id)
    .execute();
}

/** Removes methods of a user, all or those that are named. Returns how many there were. */
export async function deleteMethods(
  unit: Unit,
  user: Holder,
  which: { readonly id?: string; readonly type?: MethodRow['type'] } = {},
): Promise<number> {
  const { id, type } = which;
  const removed = await unit.db
    .deleteFrom('authentication_methods')
    .where('tenant_id', '=', unit.tenant.id)
    .where('user_num', '=', user.num)
    .$if(id !== undefined, (query) => query.where('id', '=', id as string))
    .$if(type !== undefined, (query) => query.where('type', '=', type as MethodRow['type']))
    .returning(['id', 'type', 'confirmed_at'])
    .execute();
  for (const row of removed.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const { target, data } = eventOf(user, row);
    // Nobody has signed in with one that was never confirmed.
    await unit.emit('mfa.factor_removed', {
      target,
      data: row.confirmed_at === null ? { ...data, was_pending: true } : data,
    });
  }
  return removed.length;
}
