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
const replaceLeaf = statement<LeafValues, unknown>((db, slot) =>
  db
    .insertInto('metadata')
    .values({
      tenant_id: slot('tenant_id'),
      user_num: slot('user_num'),
      bag: slot('bag'),
      path: slot('path'),
      position: slot('position'),
      text: slot('text'),
      number: slot('number'),
    })
    .onConflict((c) =>
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

type Values = Record<string, string | number | null>;
/** Leaves that one statement of SQLite writes: most users have no more. */
const AT_ONCE = 8;

/** Inserts so many leaves: `path0`, `text0` and so on. */
const insertionOf = (count: number) =>
  statement<Values, unknown>((db, slot) =>
    db.insertInto('metadata').values(
      Array.from({ length: count }, (_, i) => ({
        tenant_id: slot('tenant_id') as number,
        user_num: slot('user_num') as number,
        bag: slot(`bag${i}`) as Leaf['bag'],
        path: slot(`path${i}`) as string,
        position: slot(`position${i}`) as number,
        text: slot(`text${i}`) as string,
        number: slot(`number${i}`) as number,
      })),
    ),
  );
const insertions = Array.from({ length: AT_ONCE }, (_, i) => insertionOf(i + 1));

function valuesOf(tenantId: number, num: number, leaves: readonly Leaf[]): Values {
  const values: Values = { tenant_id: tenantId, user_num: num };
  for (const [i, { bag, path, position, text, number }] of leaves.entries()) {
    values[`bag${i}`] = bag;
    values[`path${i}`] = path;
    values[`position${i}`] = position;
    values[`text${i}`] = text;
    values[`number${i}`] = number;
  }
  return values;
}

/** In statements of 2ⁿ rows on PostgreSQL: few of them for any number, and few different ones, which stay prepared. */
export async function insertLeaves(db: Db, tenantId: number, num: number, leaves: readonly Leaf[]): Promise<void> {
  const isColumnwise = isPostgres(db);
  for (let from = 0; from < leaves.length; ) {
    const left = leaves.length - from;
    const rows = isColumnwise ? 2 ** Math.floor(Math.log2(left)) : Math.min(AT_ONCE, left);
    const some = leaves.slice(from, from + rows);
    if (isColumnwise && rows > 1)
      await insertColumns(db, 'metadata', rows, {
        tenant_id: tenantId,
        user_num: num,
        bag: some.map(({ bag }) => bag),
        path: some.map(({ path }) => path),
        position: some.map(({ position }) => position),
        text: some.map(({ text }) => text),
        number: some.map(({ number }) => number),
      });
    else await (insertions[rows - 1] as (typeof insertions)[number])(db, valuesOf(tenantId, num, some));
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
