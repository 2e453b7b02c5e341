/**
 * Deleting a definition with the values of it. They go in batches, each a unit of its own with its event, so that nobody waits
 * long; the last one takes the definition. Cut off, values are gone and the definition is there: it is deleted again.
 */
import type { customFields as contract } from '@reeve/contract';
import { toWire } from '../clock.ts';
import type { Operation } from '../operation.ts';
import { parse } from '../users/document.ts';
import { findUserByNumber, updateUser } from '../users/users.store.ts';
import { checkVersion } from '../version.ts';
import { createWork, type Unit } from '../work.ts';
import { type CustomFieldRow, fieldsOf, findHolders, requireCustomField } from './custom-fields.store.ts';

/** Users of one transaction: other writers wait for no more. */
const BATCH = 100;

/** Takes the value from one user. */
async function takeValue({ db, tenant, now }: Unit, num: number, key: string): Promise<void> {
  const row = await findUserByNumber(db, tenant.id, num);
  if (!row) return;
  const user = parse(row.doc);
  const { [key]: _gone, ...custom_fields } = user.custom_fields;
  await updateUser(db, tenant.id, row, { ...user, custom_fields, updated_at: toWire(now) });
}

/** Takes the value from a batch of users. Returns the definition, which nobody else writes values of before the unit ends. */
async function takeBatch(unit: Unit, named: string, ifMatch: string | undefined): Promise<CustomFieldRow> {
  const row = await requireCustomField(unit.db, unit.tenant.id, named, 'change');
  checkVersion(ifMatch, row.version);
  if (row.target !== 'user') return row;
  const holders = await findHolders(unit.db, unit.tenant.id, row.key, BATCH);
  for (const num of holders) await takeValue(unit, num, row.key);
  if (holders.length > 0)
    await unit.emit('custom_field.values_removed', {
      target: { type: 'custom_field', id: row.id },
      data: { key: row.key, users: holders.length },
    });
  return row;
}

export const remove: Operation<typeof contract.delete> = async (work, { custom_field, ifMatch }) => {
  const { services, tenant, actor, caller } = work;
  const side = createWork({ services, tenant, actor, caller });
  for (;;) {
    const isMore = await work.read(async (db) => {
      const { target, key } = await requireCustomField(db, tenant.id, custom_field);
      return target === 'user' && (await findHolders(db, tenant.id, key, BATCH + 1)).length > BATCH;
    });
    if (!isMore) break;
    await side.write((unit) => takeBatch(unit, custom_field, ifMatch));
  }
  await work.write(async (unit) => {
    let row = await takeBatch(unit, custom_field, ifMatch);
    // Who got a value since the look has it no more: nobody gets one now.
    while ((await findHolders(unit.db, tenant.id, row.key, 1)).length > 0 && row.target === 'user')
      row = await takeBatch(unit, custom_field, ifMatch);
    await unit.db.deleteFrom('custom_fields').where('tenant_id', '=', tenant.id).where('id', '=', row.id).execute();
    await unit.emit('custom_field.deleted', {
      target: { type: 'custom_field', id: row.id },
      data: { before: fieldsOf(row) },
    });
  });
};
