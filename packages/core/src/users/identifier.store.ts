/** Finds the user that an identifier names in a connection. */
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { keyOf, phoneKeyOf } from './document.ts';

/** Whose identifier it is, and of which identity: 0 is the user's own. */
type Found = { num: number; id: string; position: number; subject: string };
type ByKey = { tenant_id: number; connection_num: number; key: string };

const by = (column: 'email_key' | 'username_key' | 'phone_key') =>
  statement<ByKey, Found>((db, slot) =>
    db
      .selectFrom('identities')
      .innerJoin('users', 'users.num', 'identities.user_num')
      .select(['users.num', 'users.id', 'identities.position', 'identities.subject'])
      .where('identities.tenant_id', '=', slot('tenant_id'))
      .where(`identities.${column}`, '=', slot('key'))
      .where('identities.connection_num', '=', slot('connection_num')),
  );
const byEmail = by('email_key');
const byUsername = by('username_key');
const byPhone = by('phone_key');

/**
 * By e-mail address where there is an `@` (no username has one); else by username, else by phone number: where one
 * person's username is another's number, the username wins.
 */
export async function findByIdentifier(
  db: Db,
  tenantId: number,
  connectionNum: number,
  identifier: string,
): Promise<Found | undefined> {
  const where = { tenant_id: tenantId, connection_num: connectionNum };
  const key = keyOf(identifier.trim());
  if (key.includes('@')) return (await byEmail(db, { ...where, key }))[0];
  const [named] = await byUsername(db, { ...where, key });
  return named ?? (await byPhone(db, { ...where, key: phoneKeyOf(identifier) }))[0];
}
