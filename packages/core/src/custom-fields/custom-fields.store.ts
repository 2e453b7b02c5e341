/** The rows of definitions, and the users who have a value of one. */
import type { CustomField } from '@reeve/contract';
import { type SelectQueryBuilder, sql } from 'kysely';
import { toWire } from '../clock.ts';
import { type Db, held, padded } from '../database/database.ts';
import { isId } from '../id.ts';
import { notFound } from '../problem.ts';
import { findRow, type Purpose, type Row } from '../rows.ts';
import type { Tables } from '../tables.ts';
import type { Unit } from '../work.ts';
import type { FieldDefinition } from './values.ts';

export type CustomFieldRow = Row<'custom_fields'>;

/** Definitions that a target may have: an import carries all of them, and a user's document holds a value of each. */
export const MAX_DEFINITIONS = 200;

type Option = { readonly value: string; readonly label: string };
export const optionsOf = ({ options }: Pick<CustomFieldRow, 'options'>): Option[] =>
  options === null ? [] : (JSON.parse(options) as Option[]);

export const customFieldView = (row: CustomFieldRow): CustomField => ({
  id: row.id,
  target: row.target,
  key: row.key,
  type: row.type,
  label: row.label,
  options: row.options === null ? null : optionsOf(row),
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

/** A definition as events tell it. */
export const fieldsOf = (row: CustomFieldRow) => {
  const { target, key, type, label, options } = customFieldView(row);
  return { target, key, type, label, options };
};

/** The definition that is called by its id, by the key of a field of users, or by `target.key`. Throws `not_found`. */
export async function requireCustomField(
  db: Db,
  tenantId: number,
  named: string,
  purpose: Purpose = 'read',
): Promise<CustomFieldRow> {
  const id = isId('fld', named) ? named : await idByKey(db, tenantId, named);
  const row = id === undefined ? undefined : await findRow(db, 'custom_fields', tenantId, id, purpose);
  if (!row) throw notFound('custom field', named);
  return row;
}

async function idByKey(db: Db, tenantId: number, named: string): Promise<string | undefined> {
  const [key = '', target = 'user'] = named.split('.').reverse();
  const row = await db
    .selectFrom('custom_fields')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('key', '=', key)
    .where('target', '=', target as CustomField['target'])
    .executeTakeFirst();
  return row?.id;
}

const ofUsers = (db: Db, tenantId: number) =>
  db
    .selectFrom('custom_fields')
    .select(['key', 'type', 'options'])
    .where('tenant_id', '=', tenantId)
    .where('target', '=', 'user')
    .orderBy('key');

const definitionOf = (row: Pick<CustomFieldRow, 'key' | 'type' | 'options'>): FieldDefinition => ({
  key: row.key,
  type: row.type,
  options: optionsOf(row).map(({ value }) => value),
});

/** The definitions of all fields of users, by key. */
export const findUserFields = async (db: Db, tenantId: number): Promise<FieldDefinition[]> =>
  (await ofUsers(db, tenantId).execute()).map(definitionOf);

/** The fields of users with these keys, as far as they are defined; they stay as they are until the unit ends. */
export async function userFieldsToPointTo(
  { db, tenant }: Pick<Unit, 'db' | 'tenant'>,
  keys: readonly string[],
): Promise<FieldDefinition[]> {
  // Among more keys than there can be definitions, one of the first is unknown.
  const [first, ...rest] = keys.slice(0, MAX_DEFINITIONS + 1);
  if (first === undefined) return [];
  const rows = await held(db, ofUsers(db, tenant.id).where('key', 'in', padded([first, ...rest]))).execute();
  return rows.map(definitionOf);
}

/** The rows of values: of an object, its leaves stand below the key. */
const valuesOf = (db: Db, tenantId: number, key: string): SelectQueryBuilder<Tables, 'metadata', object> =>
  db
    .selectFrom('metadata')
    .where('metadata.tenant_id', '=', tenantId)
    .where('metadata.bag', '=', 'custom')
    .where('metadata.path', '>=', key)
    // What begins with the key and goes on with less than a slash goes on with the dot: in a key there is nothing less.
    .where('metadata.path', '<', `${key}/`);

/** Users who have a value: those of so many rows, in their order, and whether there are more rows. */
export async function findHolders(
  db: Db,
  tenantId: number,
  key: string,
  rows: number,
): Promise<{ readonly nums: readonly number[]; readonly isMore: boolean }> {
  const found = await valuesOf(db, tenantId, key)
    .select('metadata.user_num')
    .limit(rows + 1)
    .execute();
  const nums = new Set(found.slice(0, rows).map(({ user_num }) => user_num));
  return { nums: [...nums].sort((a, b) => a - b), isMore: found.length > rows };
}

/** Whether a user has one of these values of a `select`. */
export async function hasValueOf(db: Db, tenantId: number, key: string, values: readonly string[]): Promise<boolean> {
  const [first, ...rest] = values;
  if (first === undefined) return false;
  const row = await valuesOf(db, tenantId, key)
    .select(sql<number>`1`.as('one'))
    .where('metadata.text', 'in', padded([first, ...rest]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
