/**
 * The rows of metadata leaves, by which a search finds users. Owns the invariant that they are the leaves of the document.
 * Who waits for a user's lock waits for these writes, too: only what differs is written, much of it in few statements.
 */
import { insertColumns } from '../database/bulk.ts';
import { type Db, isPostgres } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { customLeavesOf, type Leaf, leavesOf, profileLeavesOf, scalarsOf, type User } from './document.ts';

/** The leaves of all bags and of linked profiles; throws where a bag breaks its limits, so it is called before anything is written. */
export const metadataLeavesOf = (user: User): Leaf[] => [
  ...leavesOf('user', user.user_metadata),
  ...leavesOf('app', user.app_metadata),
  ...leavesOf('custom', user.custom_fields),
  ...profileLeavesOf(user),
];

/** The same of a user who is stored: whatever the limits are now, these rows are there. */
export const storedLeavesOf = (user: User): Leaf[] => [
  ...scalarsOf('user', user.user_metadata),
  ...scalarsOf('app', user.app_metadata),
  ...customLeavesOf(user.custom_fields),
  ...profileLeavesOf(user),
];

type Key = { user_num: number; bag: Leaf['bag']; path: string; position: number };
const insertLeaf = statement<Key & { tenant_id: number; text: string; number: number | null }, unknown>((db, slot) =>
  db.insertInto('metadata').values({
    tenant_id: slot('tenant_id'),
    user_num: slot('user_num'),
    bag: slot('bag'),
    path: slot('path'),
    position: slot('position'),
    text: slot('text'),
    number: slot('number'),
  }),
);
const deleteLeaf = statement<Key, unknown>((db, slot) =>
  db
    .deleteFrom('metadata')
    .where('user_num', '=', slot('user_num'))
    .where('bag', '=', slot('bag'))
    .where('path', '=', slot('path'))
    .where('position', '=', slot('position')),
);
const deleteLeaves = statement<{ user_num: number }, unknown>((db, slot) =>
  db.deleteFrom('metadata').where('user_num', '=', slot('user_num')),
);

/** In statements of 2ⁿ rows on PostgreSQL: few of them for any number, and few different ones, which stay prepared. */
export async function insertLeaves(db: Db, tenantId: number, num: number, leaves: readonly Leaf[]): Promise<void> {
  const isMany = isPostgres(db);
  for (let from = 0; from < leaves.length; ) {
    const rows = isMany ? 2 ** Math.floor(Math.log2(leaves.length - from)) : 1;
    const some = leaves.slice(from, from + rows);
    if (rows === 1) await insertLeaf(db, { tenant_id: tenantId, user_num: num, ...(some[0] as Leaf) });
    else
      await insertColumns(db, 'metadata', rows, {
        tenant_id: tenantId,
        user_num: num,
        bag: some.map(({ bag }) => bag),
        path: some.map(({ path }) => path),
        position: some.map(({ position }) => position),
        text: some.map(({ text }) => text),
        number: some.map(({ number }) => number),
      });
    from += rows;
  }
}

/** So many rows go one by one; where more go, all are written anew. */
const FEW = 8;

const spelled = ({ bag, path, position, text, number }: Leaf): string =>
  JSON.stringify([bag, path, position, text, number]);

/** Leaves that a user has → leaves that it shall have. */
export async function changeLeaves(
  db: Db,
  tenantId: number,
  num: number,
  before: readonly Leaf[],
  after: readonly Leaf[],
): Promise<void> {
  const kept = new Set(after.map(spelled));
  const gone = before.filter((leaf) => !kept.has(spelled(leaf)));
  if (gone.length > FEW) {
    await deleteLeaves(db, { user_num: num });
    return insertLeaves(db, tenantId, num, after);
  }
  for (const { bag, path, position } of gone) await deleteLeaf(db, { user_num: num, bag, path, position });
  const had = new Set(before.map(spelled));
  const added = after.filter((leaf) => !had.has(spelled(leaf)));
  await insertLeaves(db, tenantId, num, added);
}
