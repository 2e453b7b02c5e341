/** Finds the user that an identifier names in any of several pools, whether one is the user's home or another pool. */
import { DATABASE } from '../connections/connections.store.ts';
import { type Db, padded } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { keyOf, phoneKeyOf } from '../users/document.ts';

/** Whose identifier it is, and the connection of the identity: there the password is right. */
export interface FoundInPools {
  readonly num: number;
  readonly id: string;
  readonly connectionNum: number;
  readonly connectionId: string;
}
interface Candidate {
  readonly num: number;
  readonly id: string;
  readonly connection_num: number;
  readonly connection_id: string;
  readonly strategy: string;
  /** 0: the user's own identity, so the connection is the home. */
  readonly position: number;
}

/** By way of the connections: usernames and numbers are indexed inside each. */
const by = (column: 'email_key' | 'username_key' | 'phone_key') =>
  statement<{ tenant_id: number; key: string }, Candidate>((db, slot) =>
    db
      .selectFrom('connections')
      .innerJoin('identities', 'identities.connection_num', 'connections.num')
      .innerJoin('users', 'users.num', 'identities.user_num')
      .select([
        'users.num',
        'users.id',
        'identities.position',
        'identities.connection_num',
        'connections.id as connection_id',
        'connections.strategy',
      ])
      .where('connections.tenant_id', '=', slot('tenant_id'))
      .where('identities.tenant_id', '=', slot('tenant_id'))
      .where(`identities.${column}`, '=', slot('key'))
      .orderBy('users.num'),
  );
const byEmail = by('email_key');
const byUsername = by('username_key');
const byPhone = by('phone_key');

/**
 * Searches pools in their order, by their row numbers; inside one, those at home go before the others, of whom the oldest user
 * is taken. An identifier is an e-mail address where there is an `@`; else a username, else a phone number, each in all pools.
 * `byPassword`: whose home is elsewhere than here has no password here, and is passed over.
 */
export async function findInPools(
  db: Db,
  tenantId: number,
  pools: readonly number[],
  identifier: string,
  { byPassword = false }: { readonly byPassword?: boolean } = {},
): Promise<FoundInPools | undefined> {
  const key = keyOf(identifier.trim());
  const first = (candidates: readonly Candidate[]) =>
    firstIn(db, tenantId, pools, byPassword ? candidates.filter(({ strategy }) => strategy === DATABASE) : candidates);
  if (key.includes('@')) return first(await byEmail(db, { tenant_id: tenantId, key }));
  return (
    (await first(await byUsername(db, { tenant_id: tenantId, key }))) ??
    first(await byPhone(db, { tenant_id: tenantId, key: phoneKeyOf(identifier) }))
  );
}

async function firstIn(
  db: Db,
  tenantId: number,
  pools: readonly number[],
  candidates: readonly Candidate[],
): Promise<FoundInPools | undefined> {
  const [first, ...rest] = candidates.filter(({ position }) => position === 0);
  const tagged = first ? await tagsOf(db, tenantId, [first, ...rest]) : new Set<string>();
  for (const pool of pools) {
    const found =
      candidates.find(({ connection_num }) => connection_num === pool) ??
      candidates.find(({ num, position }) => position === 0 && tagged.has(`${pool} ${num}`));
    if (found) {
      const { num, id, connection_num: connectionNum, connection_id: connectionId } = found;
      return { num, id, connectionNum, connectionId };
    }
  }
  return undefined;
}

/** The pools of users beside their homes, as `<pool> <user>`. */
async function tagsOf(
  db: Db,
  tenantId: number,
  [first, ...rest]: readonly [Candidate, ...Candidate[]],
): Promise<Set<string>> {
  const rows = await db
    .selectFrom('pool_members')
    .select(['connection_num', 'user_num'])
    .where('tenant_id', '=', tenantId)
    .where('user_num', 'in', padded([first.num, ...rest.map(({ num }) => num)]))
    .execute();
  return new Set(rows.map(({ connection_num, user_num }) => `${connection_num} ${user_num}`));
}
