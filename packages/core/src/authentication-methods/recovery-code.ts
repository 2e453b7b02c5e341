/** Recovery codes: one for a user, for when no factor is at hand. Stored is its digest; it works once. */
import { randomInt } from 'node:crypto';
import type { authenticationMethods as contract } from '@reeve/contract';
import type { Operation } from '../operation.ts';
import { userToChange } from '../users/users.ts';
import { checkRoom, deleteMethods, insertMethod, type MethodRow, methodsOf } from './authentication-methods.store.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
/** 124 bits. */
const LENGTH = 24;

const newRecoveryCode = (): string =>
  Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

export const regenerateRecoveryCode: Operation<typeof contract.regenerateRecoveryCode> = (work, { user_id }) => {
  const code = newRecoveryCode();
  return work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    await deleteMethods(unit, user, { type: 'recovery-code' });
    checkRoom(await methodsOf(unit.db, unit.tenant.id, user.num).execute());
    const row: MethodRow = {
      id: unit.newId('fac'),
      tenant_id: unit.tenant.id,
      user_num: user.num,
      type: 'recovery-code',
      name: null,
      secret: unit.services.vault.digest(code),
      confirmed_at: unit.now,
      last_used_at: null,
      created_at: unit.now,
      phone_number: null,
      email: null,
      preferred_method: null,
      key_id: null,
      public_key: null,
      relying_party_identifier: null,
      failures: 0,
      locked_until: null,
      last_step: null,
    };
    await insertMethod(unit, user, row);
    return { id: row.id, recovery_code: code };
  });
};
