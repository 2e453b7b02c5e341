/** Authentication methods as vendors' second-factor calls see them: enrollments, providers, names. */
import type { AuthenticationMethodType } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type Db, padded } from '../database/database.ts';
import { unindexed } from '../database/document.ts';
import { statement } from '../database/statement.ts';
import { bumpTokenVersion } from '../users/users.store.ts';
import { requireUser, userToChange } from '../users/users.ts';
import type { Work } from '../work.ts';
import { deleteMethods, methodsOf } from './authentication-methods.store.ts';

/** A factor that a user has begun (`pending`) or finished (`confirmed`) to enroll. */
export interface Enrollment {
  readonly id: string;
  readonly status: 'pending' | 'confirmed';
  readonly type: AuthenticationMethodType;
  readonly name: string | null;
  /** What tells the device or address apart: phone number, e-mail address or key id. */
  readonly identifier: string | null;
  readonly phone_number: string | null;
  /** RFC 3339; null while it is pending. */
  readonly enrolled_at: string | null;
  /** RFC 3339; null: never. */
  readonly last_auth: string | null;
}

/** The factors of a user, oldest first; a recovery code is none. Throws `not_found`. */
export async function listEnrollments(work: Work, { user_id }: { readonly user_id: string }): Promise<Enrollment[]> {
  const user = await requireUser(work, user_id);
  const rows = await work.read((db) =>
    methodsOf(db, work.tenant.id, user.num).where('type', '!=', 'recovery-code').orderBy('id').execute(),
  );
  return rows.map((row) => ({
    id: row.id,
    status: row.confirmed_at === null ? 'pending' : 'confirmed',
    type: row.type,
    name: row.name,
    identifier: row.phone_number ?? row.email ?? row.key_id,
    phone_number: row.phone_number,
    enrolled_at: row.confirmed_at === null ? null : toWire(row.confirmed_at),
    last_auth: row.last_used_at === null ? null : toWire(row.last_used_at),
  }));
}

/** Second-factor providers as a vendor names them. Of `duo` the directory holds no factor. */
export type FactorProvider = 'google-authenticator' | 'duo';

/**
 * Removes what a user has enrolled with a provider, and where `endsTokens` says so the access tokens that are out. Returns how
 * many factors went. Throws `not_found`.
 */
export const removeFactors = (
  work: Work,
  {
    user_id,
    provider,
    endsTokens = false,
  }: { readonly user_id: string; readonly provider: FactorProvider; readonly endsTokens?: boolean },
): Promise<number> =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    unit.concerns(user.id);
    const removed = provider === 'google-authenticator' ? await deleteMethods(unit, user, { type: 'totp' }) : 0;
    if (!endsTokens || removed === 0) return removed;
    await bumpTokenVersion(unit.db, user.num);
    unit.afterCommit(unit.services.onAccessChange);
    return removed;
  });

/** What names a user's confirmed factors together. */
export type MultifactorName = 'google-authenticator' | 'guardian';

const confirmedFactors = (db: Db) =>
  db
    .selectFrom('users')
    .innerJoin('authentication_methods', 'authentication_methods.user_num', 'users.num')
    .select(['users.id', 'authentication_methods.type'])
    .distinct()
    .where('authentication_methods.type', '!=', 'recovery-code')
    .where('authentication_methods.confirmed_at', 'is not', null);

const factorsOfOne = statement<{ tenant_id: number; id: string }, { id: string; type: string }>((db, slot) =>
  confirmedFactors(db).where('users.tenant_id', '=', slot('tenant_id')).where('users.id', '=', slot('id')),
);

/** The names of the users' confirmed factors: an authenticator app's, everything else's. Users without any are left out. */
export async function findMultifactor(
  work: Work,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, readonly MultifactorName[]>> {
  const names = new Map<string, MultifactorName[]>();
  const [first, ...rest] = userIds;
  if (first === undefined) return names;
  const { id: tenantId } = work.tenant;
  const rows = await work.read((db) =>
    rest.length === 0
      ? factorsOfOne(db, { tenant_id: tenantId, id: first })
      : confirmedFactors(db)
          .where(unindexed(db, 'users.tenant_id'), '=', tenantId)
          .where('users.id', 'in', padded([first, ...rest]))
          .execute(),
  );
  for (const { id, type } of rows) {
    const name: MultifactorName = type === 'totp' ? 'google-authenticator' : 'guardian';
    const known = names.get(id) ?? [];
    if (!known.includes(name)) names.set(id, [...known, name].toSorted());
  }
  return names;
}
