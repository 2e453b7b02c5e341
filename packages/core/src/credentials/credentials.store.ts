import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';

const upsert = statement<{ tenant_id: number; user_num: number; password_hash: string; changed_at: number }, unknown>(
  (db, slot) =>
    db
      .insertInto('credentials')
      .values({
        tenant_id: slot('tenant_id'),
        user_num: slot('user_num'),
        password_hash: slot('password_hash'),
        changed_at: slot('changed_at'),
      })
      .onConflict((c) =>
        c.column('user_num').doUpdateSet((e) => ({
          password_hash: e.ref('excluded.password_hash'),
          changed_at: e.ref('excluded.changed_at'),
        })),
      ),
);

export async function upsertPassword(
  db: Db,
  tenantId: number,
  userNum: number,
  passwordHash: string,
  now: number,
): Promise<void> {
  await upsert(db, { tenant_id: tenantId, user_num: userNum, password_hash: passwordHash, changed_at: now });
}

const byUser = statement<{ user_num: number }, { password_hash: string }>((db, slot) =>
  db.selectFrom('credentials').select('password_hash').where('user_num', '=', slot('user_num')),
);

/** The stored hash: an argon2 PHC string, or an imported hash as JSON (`imported-hash.ts`). */
export const findPassword = async (db: Db, userNum: number): Promise<string | undefined> =>
  (await byUser(db, { user_num: userNum }))[0]?.password_hash;

const renew = statement<{ user_num: number; password_hash: string }, unknown>((db, slot) =>
  db
    .updateTable('credentials')
    .set({ password_hash: slot('password_hash') })
    .where('user_num', '=', slot('user_num')),
);

/** Replaces the hash of the same password by a better one: no change of password. */
export const renewHash = async (db: Db, userNum: number, passwordHash: string): Promise<void> => {
  await renew(db, { user_num: userNum, password_hash: passwordHash });
};
