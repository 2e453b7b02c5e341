/**
 * Rotation of signing keys. A tenant has exactly one current key: making a new one retires the old one in the same
 * change, and a retiring key stays in the JWKS until the last token that it can have signed has expired.
 */
import type { tenants as contract, Static } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { locked } from '../database/database.ts';
import type { Operation } from '../operation.ts';
import { notFound, Problem } from '../problem.ts';
import type { Unit } from '../work.ts';
import { findKeyRows, generateSigningKey, insertSigningKey } from './keys.ts';

/** Other nodes sign with the old key until they notice the new one, within a few seconds. */
const NOTICE_MILLISECONDS = 60_000;

type KeyView = Static<typeof contract.signingKey>;

const viewOf = (row: {
  id: string;
  state: 'current' | 'retiring';
  created_at: number;
  retires_at: number | null;
}): KeyView => ({
  id: row.id,
  algorithm: 'RS256',
  state: row.state,
  created_at: toWire(row.created_at),
  retires_at: row.retires_at === null ? null : toWire(row.retires_at),
});

export const listKeys: Operation<typeof contract.listKeys> = async (work) => ({
  keys: (await work.read((db) => findKeyRows(db, work.tenant.id, work.now))).map(viewOf),
});

/** One change of keys at a time. */
const lockTenant = ({ db, tenant }: Unit) =>
  locked(db, db.selectFrom('tenants').select('num').where('num', '=', tenant.id)).execute();

/** Milliseconds for which any token signed now can be valid. */
async function longestLifetime({ db, tenant }: Unit): Promise<number> {
  const row = await db
    .selectFrom('applications')
    .select((e) => e.fn.max('access_token_lifetime').as('seconds'))
    .where('tenant_id', '=', tenant.id)
    .executeTakeFirst();
  return Number(row?.seconds ?? 0) * 1000;
}

export const rotateKey: Operation<typeof contract.rotateKey> = async (work) => {
  const key = await generateSigningKey();
  return work.write(async (unit) => {
    await lockTenant(unit);
    const retiresAt = unit.now + (await longestLifetime(unit)) + NOTICE_MILLISECONDS;
    const retired = await unit.db
      .updateTable('signing_keys')
      .set({ state: 'retiring', retires_at: retiresAt })
      .where('tenant_id', '=', unit.tenant.id)
      .where('state', '=', 'current')
      .returning('id')
      .execute();
    await insertSigningKey(unit, key);
    await unit.emit('signing_key.rotated', {
      target: { type: 'signing_key', id: key.kid },
      data: { retiring: retired.map(({ id }) => id), retires_at: toWire(retiresAt) },
    });
    unit.afterCommit(unit.services.onKeyChange);
    return viewOf({ id: key.kid, state: 'current', created_at: unit.now, retires_at: null });
  });
};

export const revokeKey: Operation<typeof contract.revokeKey> = (work, { key_id }) =>
  work.write(async (unit) => {
    await lockTenant(unit);
    const row = (await findKeyRows(unit.db, unit.tenant.id, unit.now)).find(({ id }) => id === key_id);
    if (!row) throw notFound('signing key', key_id);
    if (row.state === 'current') throw new Problem('conflict', 'This key signs at present; rotate the keys first.');
    await unit.db.deleteFrom('signing_keys').where('tenant_id', '=', unit.tenant.id).where('id', '=', key_id).execute();
    await unit.emit('signing_key.revoked', { target: { type: 'signing_key', id: key_id } });
    unit.afterCommit(unit.services.onKeyChange);
  });
