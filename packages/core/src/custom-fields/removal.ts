/**
 * Deleting a definition with the values of it. They go in batches, each a unit of its own with its event, so that nobody waits
 * long; the last one takes the definition. Cut off, values are gone and the definition is there: it is deleted again.
 */
import type { customFields as contract } from '@reeve/contract';
import { toWire } from '../clock.ts';
import type { Db } from '../database/database.ts';
import type { Operation } from '../operation.ts';
import { parse } from '../users/document.ts';
import { findUserByNumber, updateUser } from '../users/users.store.ts';
import { checkVersion } from '../version.ts';
import { createWork, type Unit } from '../work.ts';
import { type CustomFieldRow, fieldsOf, findHolders, requireCustomField } from './custom-fields.store.ts';

/** Rows of values, of as many users at most, of one transaction: other writers wait for no more. */
const BATCH = 100;

/** Takes the value from one user. */
async function takeValue({ db, tenant, now }: Unit, num: number, key: string): Promise<void> {
  const row = await findUserByNumber(db, tenant.id, num);
  if (!row) return;
  const user = parse(row.doc);
  const { [key]: _gone, ...custom_fields } = user.custom_fields;
  await updateUser(db, tenant.id, row, { ...user, custom_fields, updated_at: toWire(now) });
}

/** Takes the value from a batch of users. Returns whether there are more; nobody else gets a value before the unit ends. */
async function takeBatch(unit: Unit, row: CustomFieldRow): Promise<boolean> {
  if (row.target !== 'user') return false;
  const { nums, isMore } = await findHolders(unit.db, unit.tenant.id, row.key, BATCH);
  for (const num of nums) await takeValue(unit, num, row.key);
  if (nums.length > 0)
    await unit.emit('custom_field.values_removed', {
      target: { type: 'custom_field', id: row.id },
      data: { key: row.key, users: nums.length },
    });
  return isMore;
}

export const remove: Operation<typeof contract.delete> = async (work, { custom_field, ifMatch }) => {
  const { services, tenant, actor, caller } = work;
  const fieldIn = async (unit: Unit): Promise<CustomFieldRow> => {
    const row = await requireCustomField(unit.db, tenant.id, custom_field, 'change');
    checkVersion(ifMatch, row.version);
    return row;
  };
  // All batches but the last are units of their own; the answer to a repeated request is kept with the last one.
  const side = createWork({ services, tenant, actor, caller });
  const isMoreThanOneBatch = async (db: Db): Promise<boolean> => {
    const { target, key } = await requireCustomField(db, tenant.id, custom_field);
    return target === 'user' && (await findHolders(db, tenant.id, key, BATCH)).isMore;
  };
  while (await work.read(isMoreThanOneBatch)) await side.write(async (unit) => takeBatch(unit, await fieldIn(unit)));
  await work.write(async (unit) => {
    const row = await fieldIn(unit);
    // Who got a value since the look has it no more.
    while (await takeBatch(unit, row));
    await unit.db.deleteFrom('custom_fields').where('tenant_id', '=', tenant.id).where('id', '=', row.id).execute();
    await unit.emit('custom_field.deleted', {
      target: { type: 'custom_field', id: row.id },
      data: { before: fieldsOf(row) },
    });
  });
};
