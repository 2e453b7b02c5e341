/**
 * The rows of metadata leaves, by which a search finds users. Owns the invariant that they are the leaves of the document.
 * Who waits for a user's lock waits for these writes, too: only what differs is written, much of it in few statements.
 */
import { insertColumns } from '../database/bulk.ts';
import { type Db, isPostgres } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { isSame } from '../events/redact.ts';
import { customLeavesOf, type Leaf, leavesOf, profileLeavesOf, scalarsOf, type User } from './document.ts';

/** The parts of a user that have leaves. `stored`: whatever the limits are now, these rows are there. */
const PARTS = [
  {
    bag: 'user',
    field: 'user_metadata',
    leaves: (user: User) => leavesOf('user', user.user_metadata),
    stored: (user: User) => scalarsOf('user', user.user_metadata),
  },
  {
    bag: 'app',
    field: 'app_metadata',
    leaves: (user: User) => leavesOf('app', user.app_metadata),
    stored: (user: User) => scalarsOf('app', user.app_metadata),
  },
  {
    bag: 'custom',
    field: 'custom_fields',
    leaves: (user: User) => leavesOf('custom', user.custom_fields),
    stored: (user: User) => customLeavesOf(user.custom_fields),
  },
  { bag: 'profile', field: 'identities', leaves: profileLeavesOf, stored: profileLeavesOf },
] as const;

/** The leaves of all bags and of linked profiles; throws where a bag breaks its limits, so it is called before anything is written. */
export const metadataLeavesOf = (user: User): Leaf[] => PARTS.flatMap(({ leaves }) => leaves(user));

/** Leaves of one bag that a user has, and those that it shall have. */
export interface LeafChange {
  readonly bag: Leaf['bag'];
  readonly before: readonly Leaf[];
  readonly after: readonly Leaf[];
}

/** The bags that differ; throws where one breaks its limits. */
export const leafChangesOf = (before: User, after: User): LeafChange[] =>
  PARTS.filter(({ field }) => !isSame(before[field], after[field])).map(({ bag, leaves, stored }) => ({
    bag,
    before: stored(before),
    after: leaves(after),
  }));

type Key = { user_num: number; bag: Leaf['bag']; path: string; position: number };
type LeafValues = Key & { tenant_id: number; text: string; number: number | null };
const insertion = (db: Db, slot: <K extends keyof LeafValues>(name: K) => NonNullable<LeafValues[K]>) =>
  db.insertInto('metadata').values({
    tenant_id: slot('tenant_id'),
    user_num: slot('user_num'),
    bag: slot('bag'),
    path: slot('path'),
    position: slot('position'),
    text: slot('text'),
    number: slot('number'),
  });
const insertLeaf = statement<LeafValues, unknown>(insertion);
const replaceLeaf = statement<LeafValues, unknown>((db, slot) =>
  insertion(db, slot).onConflict((c) =>
    c
      .columns(['user_num', 'bag', 'path', 'position'])
      .doUpdateSet((e) => ({ text: e.ref('excluded.text'), number: e.ref('excluded.number') })),
  ),
);
const deleteLeaf = statement<Key, unknown>((db, slot) =>
  db
    .deleteFrom('metadata')
    .where('user_num', '=', slot('user_num'))
    .where('bag', '=', slot('bag'))
    .where('path', '=', slot('path'))
    .where('position', '=', slot('position')),
);
const deleteBag = statement<{ user_num: number; bag: Leaf['bag'] }, unknown>((db, slot) =>
  db.deleteFrom('metadata').where('user_num', '=', slot('user_num')).where('bag', '=', slot('bag')),
);

/**
 * On PostgreSQL in statements of 2ⁿ rows: few of them for any number, and few different ones, which stay prepared. On SQLite
 * one by one: a statement of several rows first copies each page that it changes (measured: 20 to 23 µs for four rows, 15 alone).
 */
export async function insertLeaves(db: Db, tenantId: number, num: number, leaves: readonly Leaf[]): Promise<void> {
  const isColumnwise = isPostgres(db);
  for (let from = 0; from < leaves.length; ) {
    const rows = isColumnwise ? 2 ** Math.floor(Math.log2(leaves.length - from)) : 1;
    if (rows === 1) {
      const { bag, path, position, text, number } = leaves[from] as Leaf;
      await insertLeaf(db, { tenant_id: tenantId, user_num: num, bag, path, position, text, number });
    } else {
      const some = leaves.slice(from, from + rows);
      await insertColumns(db, 'metadata', rows, {
        tenant_id: tenantId,
        user_num: num,
        bag: some.map(({ bag }) => bag),
        path: some.map(({ path }) => path),
        position: some.map(({ position }) => position),
        text: some.map(({ text }) => text),
        number: some.map(({ number }) => number),
      });
    }
    from += rows;
  }
}

/** So many rows of a bag go one by one; where more go, the bag is written anew. */
const FEW = 8;

const placeOf = ({ path, position }: Leaf): string => `${position}.${path}`;

/** Writes what differs in these bags. */
export async function changeLeaves(
  db: Db,
  tenantId: number,
  num: number,
  changes: readonly LeafChange[],
): Promise<void> {
  const added: Leaf[] = [];
  for (const { bag, before, after } of changes) {
    const gone = new Map(before.map((leaf) => [placeOf(leaf), leaf]));
    const changed: Leaf[] = [];
    const fresh: Leaf[] = [];
    for (const leaf of after) {
      const place = placeOf(leaf);
      const had = gone.get(place);
      gone.delete(place);
      if (had === undefined) fresh.push(leaf);
      else if (had.text !== leaf.text || had.number !== leaf.number) changed.push(leaf);
    }
    if (gone.size + changed.length > FEW) {
      await deleteBag(db, { user_num: num, bag });
      added.push(...after);
      continue;
    }
    for (const { path, position } of gone.values()) await deleteLeaf(db, { user_num: num, bag, path, position });
    for (const leaf of changed) await replaceLeaf(db, { tenant_id: tenantId, user_num: num, ...leaf });
    added.push(...fresh);
  }
  await insertLeaves(db, tenantId, num, added);
}
