/**
 * Checking a code of a factor. Owns the invariants that a code is right once, and that guesses are counted before they
 * are judged: seven wrong ones in a row shut the factor for five minutes, however many come at the same time.
 */
import type { authenticationMethods as contract } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { LOCKOUT_FAILURES, LOCKOUT_MILLISECONDS } from '../credentials/lockout.ts';
import type { Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { sameDigest } from '../secret.ts';
import { userToChange } from '../users/users.ts';
import { createWork, type Unit, type Work } from '../work.ts';
import {
  deleteMethods,
  type Holder,
  type MethodRow,
  requireMethod,
  updateMethod,
} from './authentication-methods.store.ts';
import { openSecret } from './draft.ts';
import { findTotpStep } from './totp.ts';

interface Which {
  readonly user_id: string;
  readonly method_id: string;
}

class WrongCode extends Problem {
  readonly holder: Holder;
  readonly type: MethodRow['type'];
  constructor(holder: Holder, type: MethodRow['type']) {
    super('wrong_code', 'The code is wrong, has run out, or was used before.');
    this.holder = holder;
    this.type = type;
  }
}

async function find(unit: Unit, { user_id, method_id }: Which): Promise<{ user: Holder; row: MethodRow }> {
  const user = await userToChange(unit, user_id);
  const row = await requireMethod(unit.db, unit.tenant.id, user.num, method_id, 'change');
  if (row.type !== 'totp' && row.type !== 'recovery-code')
    throw new Problem('conflict', `A method of the type ${row.type} has no code that could be checked here.`);
  return { user, row };
}

/**
 * Counts an attempt before it is judged; a right code takes it back. In a unit of its own: it must stay where the
 * attempt fails, and it is not the answer that an idempotency key keeps.
 */
function countAttempt({ services, tenant, actor, caller }: Work, which: Which): Promise<void> {
  return createWork({ services, tenant, actor, caller }).write(async (unit) => {
    const { row } = await find(unit, which);
    if (row.locked_until !== null && row.locked_until > unit.now)
      throw new Problem('rate_limited', 'Too many wrong codes were tried; wait.', {
        retryAfter: Math.ceil((row.locked_until - unit.now) / 1000),
      });
    const failures = (row.locked_until === null ? row.failures : 0) + 1;
    const isFull = failures >= LOCKOUT_FAILURES;
    await updateMethod(unit, row.id, { failures, locked_until: isFull ? unit.now + LOCKOUT_MILLISECONDS : null });
  });
}

/** Uses the code up. Returns whether it was right. */
async function accept(unit: Unit, user: Holder, row: MethodRow, code: string): Promise<boolean> {
  if (row.type === 'recovery-code') {
    if (!sameDigest(unit.services.vault.digest(code), row.secret ?? '')) return false;
    await unit.emit('mfa.factor_verified', verified(user, row));
    await deleteMethods(unit, user, { id: row.id });
    return true;
  }
  const step = findTotpStep(openSecret(unit, row), code, unit.now, row.last_step);
  if (step === undefined) return false;
  await updateMethod(unit, row.id, {
    last_step: step,
    last_used_at: unit.now,
    confirmed_at: row.confirmed_at ?? unit.now,
    failures: 0,
    locked_until: null,
  });
  const { target, data } = verified(user, row);
  await unit.emit('mfa.factor_verified', {
    target,
    data: row.confirmed_at === null ? { ...data, confirms: true } : data,
  });
  return true;
}

const verified = (user: Holder, { id, type }: Pick<MethodRow, 'id' | 'type'>) => ({
  target: { type: 'user', id: user.id },
  data: { type, method_id: id },
});

/** Not to be joined with other operations (`together`): a wrong code is counted although nothing else is changed. */
export const verify: Operation<typeof contract.verify> = async (work, { user_id, method_id, body }) => {
  const which = { user_id, method_id };
  const code = body.code.replace(/[\s-]/g, '').toUpperCase();
  await countAttempt(work, which);
  try {
    return await work.write(async (unit) => {
      const { user, row } = await find(unit, which);
      if (!(await accept(unit, user, row, code))) throw new WrongCode(user, row.type);
      return { id: row.id, type: row.type, verified_at: toWire(unit.now) };
    });
  } catch (error) {
    if (error instanceof WrongCode)
      await work.witness('mfa.verification_failed', verified(error.holder, { id: method_id, type: error.type }));
    throw error;
  }
};
