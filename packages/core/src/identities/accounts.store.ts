/** The rows of linked accounts: what a linked identity was as a user, kept so that it can be one again. */
import { type Db, locked } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import type { LinkedAccountTable } from '../tables.ts';
import { parse, type User } from '../users/document.ts';

export type LinkedAccount = LinkedAccountTable;

type Key = { tenant_id: number; connection_num: number; subject: string };
const byIdentity = statement<Key, LinkedAccount>((db, slot) =>
  db
    .selectFrom('linked_accounts')
    .selectAll()
    .where('tenant_id', '=', slot('tenant_id'))
    .where('connection_num', '=', slot('connection_num'))
    .where('subject', '=', slot('subject')),
);

/** The account that an identity was; undefined where it is nobody's linked one. */
export const findAccount = async (
  db: Db,
  tenantId: number,
  connectionNum: number,
  subject: string,
): Promise<LinkedAccount | undefined> =>
  (await byIdentity(db, { tenant_id: tenantId, connection_num: connectionNum, subject }))[0];

/** The same, to be taken away by this unit. */
export const findAccountToChange = (
  db: Db,
  tenantId: number,
  connectionNum: number,
  subject: string,
): Promise<LinkedAccount | undefined> =>
  locked(
    db,
    db
      .selectFrom('linked_accounts')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('connection_num', '=', connectionNum)
      .where('subject', '=', subject),
  ).executeTakeFirst();

const docsOf = statement<{ user_num: number }, { doc: string }>((db, slot) =>
  db.selectFrom('linked_accounts').select('doc').where('user_num', '=', slot('user_num')),
);

/** The users that a user's linked accounts were. */
export const findLinkedUsers = async (db: Db, userNum: number): Promise<User[]> =>
  (await docsOf(db, { user_num: userNum })).map(({ doc }) => parse(doc));

export async function insertAccount(db: Db, account: LinkedAccount): Promise<void> {
  await db.insertInto('linked_accounts').values(account).execute();
}

export async function deleteAccount(db: Db, { tenant_id, connection_num, subject }: LinkedAccount): Promise<void> {
  await db
    .deleteFrom('linked_accounts')
    .where('tenant_id', '=', tenant_id)
    .where('connection_num', '=', connection_num)
    .where('subject', '=', subject)
    .execute();
}

/** Replaces the hash of the same password by a better one. */
export async function renewAccountHash(
  db: Db,
  { tenant_id, connection_num, subject }: LinkedAccount,
  passwordHash: string,
): Promise<void> {
  await db
    .updateTable('linked_accounts')
    .set({ password_hash: passwordHash })
    .where('tenant_id', '=', tenant_id)
    .where('connection_num', '=', connection_num)
    .where('subject', '=', subject)
    .execute();
}

/** Gives everything that hangs on one user's identities to another, behind that one's own, in their order. */
export async function moveIdentities(
  db: Db,
  tenantId: number,
  { from, to, profile }: { readonly from: number; readonly to: number; readonly profile: string },
): Promise<void> {
  const positionsOf = async (num: number): Promise<number[]> => {
    const rows = await db
      .selectFrom('identities')
      .select('position')
      .where('tenant_id', '=', tenantId)
      .where('user_num', '=', num)
      .orderBy('position')
      .execute();
    return rows.map(({ position }) => position);
  };
  let next = ((await positionsOf(to)).at(-1) as number) + 1;
  for (const position of await positionsOf(from)) {
    await db
      .updateTable('identities')
      .set({ user_num: to, position: next++, ...(position === 0 ? { profile } : {}) })
      .where('tenant_id', '=', tenantId)
      .where('user_num', '=', from)
      .where('position', '=', position)
      .execute();
  }
  await db
    .updateTable('linked_accounts')
    .set({ user_num: to })
    .where('tenant_id', '=', tenantId)
    .where('user_num', '=', from)
    .execute();
}
