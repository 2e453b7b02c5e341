/** The second factor of somebody who signs in: whether there is one, and whether the code that was brought is its. */
import type { Db } from '../database/database.ts';
import { Problem } from '../problem.ts';
import type { Work } from '../work.ts';
import { verify } from './verification.ts';

/** The confirmed factor that codes of this form belong to: six digits are an authenticator app's. */
const factorOf = (db: Db, tenantId: number, userId: string, type: 'totp' | 'recovery-code') =>
  db
    .selectFrom('users')
    .innerJoin('authentication_methods as methods', 'methods.user_num', 'users.num')
    .select('methods.id')
    .where('users.tenant_id', '=', tenantId)
    .where('users.id', '=', userId)
    .where('methods.type', '=', type)
    .where('methods.confirmed_at', 'is not', null)
    .orderBy('methods.id', 'desc')
    .executeTakeFirst();

/**
 * Uses the code up. Undefined where the user has no authenticator app, or the code is right. Wrong codes are counted, and
 * shut the factor (`rate_limited` is told as `user_locked`).
 */
export async function proveFactor(
  work: Work,
  userId: string,
  code: string | undefined,
): Promise<'factor_required' | 'wrong_factor' | 'user_locked' | undefined> {
  const app = await work.read((db) => factorOf(db, work.tenant.id, userId, 'totp'));
  if (!app) return undefined;
  if (code === undefined || code === '') return 'factor_required';
  const isOfApp = /^\d{6}$/.test(code.replace(/[\s-]/g, ''));
  const method = isOfApp ? app : await work.read((db) => factorOf(db, work.tenant.id, userId, 'recovery-code'));
  if (!method) return 'wrong_factor';
  try {
    await verify(work, { user_id: userId, method_id: method.id, query: undefined, body: { code } } as never);
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.code === 'wrong_code') return 'wrong_factor';
    if (error instanceof Problem && error.code === 'rate_limited') return 'user_locked';
    throw error;
  }
}
