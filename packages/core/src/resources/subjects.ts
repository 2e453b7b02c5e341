/** Whom resources are granted to: users, and what they belong to. */
import type { Subject } from '@reeve/contract';
import { type Db, held, padded } from '../database/database.ts';
import { unindexed } from '../database/document.ts';
import { isId, type Prefix } from '../id.ts';
import { fieldProblem } from '../problem.ts';
import type { ResourceGrantTable } from '../tables.ts';
import type { Unit } from '../work.ts';

type Type = Subject['type'];
export type SubjectColumns = Pick<ResourceGrantTable, 'user_num' | 'role_id' | 'group_id' | 'organization_id'>;

/** A subject in this unit: nobody deletes it before the unit ends. */
export interface KnownSubject extends Subject {
  readonly columns: SubjectColumns;
}

const PREFIXES: Readonly<Record<Type, Prefix>> = { user: 'usr', role: 'rol', group: 'grp', organization: 'org' };
const NONE: SubjectColumns = { user_num: null, role_id: null, group_id: null, organization_id: null };

/** The column of a grant that names subjects of this type. */
const columnOf = (type: Type) => (type === 'user' ? 'user_num' : (`${type}_id` as const));

/** Of which type a subject with this id would be. */
const typeOfId = (id: string): Type | undefined =>
  (Object.keys(PREFIXES) as Type[]).find((type) => isId(PREFIXES[type], id));

/** Whose grant it is. */
export const typeOf = (row: SubjectColumns): Type =>
  row.user_num !== null ? 'user' : row.role_id !== null ? 'role' : row.group_id !== null ? 'group' : 'organization';

async function findUsers(
  { db, tenant }: Unit,
  ids: readonly [string, ...string[]],
): Promise<[string, SubjectColumns][]> {
  const query = db.selectFrom('users').select(['id', 'num']).where(unindexed(db, 'tenant_id'), '=', tenant.id);
  const rows = await held(db, query.where('id', 'in', padded(ids)).orderBy('id')).execute();
  return rows.map(({ id, num }) => [id, { ...NONE, user_num: num }]);
}

async function findOthers(
  { db, tenant }: Unit,
  type: Exclude<Type, 'user'>,
  ids: readonly [string, ...string[]],
): Promise<[string, SubjectColumns][]> {
  const query = db.selectFrom(`${type}s`).select('id').where('tenant_id', '=', tenant.id);
  const rows = await held(db, query.where('id', 'in', padded(ids)).orderBy('id')).execute();
  return rows.map(({ id }) => [id, { ...NONE, [`${type}_id`]: id }]);
}

/** Each subject once. Throws `invalid_request` with the place of one that is not there. */
export async function subjectsToPointTo(unit: Unit, subjects: readonly Subject[]): Promise<KnownSubject[]> {
  const known = new Map<string, SubjectColumns>();
  // Users first: whoever deletes a user locks the user before what it belongs to.
  for (const type of Object.keys(PREFIXES) as Type[]) {
    const ids = subjects.filter((subject) => subject.type === type && isId(PREFIXES[type], subject.id));
    const [first, ...rest] = ids.map(({ id }) => id);
    if (first === undefined) continue;
    const found =
      type === 'user' ? await findUsers(unit, [first, ...rest]) : await findOthers(unit, type, [first, ...rest]);
    for (const [id, columns] of found) known.set(id, columns);
  }
  const found = subjects.map(({ type, id }, i): KnownSubject => {
    const columns = known.get(id);
    if (!columns || typeOf(columns) !== type)
      throw fieldProblem(`subjects.${i}.id`, 'exists', `No ${type} has the id "${id}".`);
    return { type, id, columns };
  });
  return [...new Map(found.map((subject) => [subject.id, subject])).values()];
}

/** What the grants of a subject are found by; undefined where no subject has the id. */
export async function findSubjectKey(
  db: Db,
  tenantId: number,
  id: string,
): Promise<{ readonly column: keyof SubjectColumns; readonly value: string | number } | undefined> {
  const type = typeOfId(id);
  if (type === undefined) return undefined;
  if (type !== 'user') return { column: columnOf(type), value: id };
  const row = await db
    .selectFrom('users')
    .select('num')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row && { column: 'user_num', value: row.num };
}
