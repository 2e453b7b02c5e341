/**
 * Definitions of custom fields. Owns the invariant that what a user has under a key is a value of its definition: who writes
 * values holds the definition, and a definition changes or goes only where nobody does.
 */
import type { CustomField, customFields as contract } from '@reeve/contract';
import { difference } from '../events/redact.ts';
import { type Operation, Rendered } from '../operation.ts';
import { fieldProblem, Problem } from '../problem.ts';
import { countRows, newestFirst, refusing } from '../rows.ts';
import { checkVersion } from '../version.ts';
import type { Unit } from '../work.ts';
import {
  type CustomFieldRow,
  customFieldView,
  fieldsOf,
  findHolders,
  hasValueOf,
  MAX_DEFINITIONS,
  optionsOf,
  requireCustomField,
} from './custom-fields.store.ts';

export { remove as delete } from './removal.ts';

const rendered = (row: CustomFieldRow): Rendered<CustomField> =>
  new Rendered(JSON.stringify(customFieldView(row)), row.version);

type GivenOptions = readonly { readonly value: string; readonly label?: string }[];

/** Options as they are kept. Throws where they don't go with the type, or one of them stands twice. */
function keptOptions(type: CustomField['type'], options: GivenOptions | null | undefined): string | null {
  if (type !== 'select') {
    if (options) throw fieldProblem('options', 'type', `options are a select's; a ${type} has none.`);
    return null;
  }
  if (!options) throw fieldProblem('options', 'required', 'A select needs its options.');
  const values = options.map(({ value }) => value);
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined)
    throw fieldProblem('options', 'uniqueItems', `The value "${twice}" stands twice among options.`);
  return JSON.stringify(options.map(({ value, label }) => ({ value, label: label ?? value })));
}

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    let matching = db.selectFrom('custom_fields').where('tenant_id', '=', work.tenant.id);
    if (query.target !== undefined) matching = matching.where('target', '=', query.target);
    const { rows, next_cursor } = await newestFirst(matching.selectAll(), 'custom_fields.id', query);
    return { custom_fields: rows.map(customFieldView), next_cursor };
  });

async function checkRoom({ db, tenant }: Unit, target: CustomField['target']): Promise<void> {
  const there = db.selectFrom('custom_fields').where('tenant_id', '=', tenant.id).where('target', '=', target);
  if ((await countRows(there)) >= MAX_DEFINITIONS)
    throw new Problem('limit_reached', `A target has at most ${MAX_DEFINITIONS} custom fields.`);
}

export const create: Operation<typeof contract.create> = (work, { body }) => {
  const { key, type, target = 'user', label = key } = body;
  const options = keptOptions(type, body.options);
  const taken = () =>
    fieldProblem('key', 'unique', `Another custom field of this target has the key "${key}".`, 'code_taken');
  return refusing('custom_fields.target', taken, () =>
    work.write(async (unit) => {
      await checkRoom(unit, target);
      const row: CustomFieldRow = {
        id: unit.newId('fld'),
        tenant_id: unit.tenant.id,
        target,
        key,
        type,
        label,
        options,
        version: 1,
        created_at: unit.now,
        updated_at: unit.now,
      };
      await unit.db.insertInto('custom_fields').values(row).execute();
      await unit.emit('custom_field.created', {
        target: { type: 'custom_field', id: row.id },
        data: { after: fieldsOf(row) },
      });
      return rendered(row);
    }),
  );
};

export const get: Operation<typeof contract.get> = (work, { custom_field }) =>
  work.read(async (db) => rendered(await requireCustomField(db, work.tenant.id, custom_field)));

/** Throws where a user has a value that would be none any more. */
async function checkValues({ db, tenant }: Unit, before: CustomFieldRow, after: CustomFieldRow): Promise<void> {
  if (before.target !== 'user') return;
  if (after.type !== before.type) {
    const { nums } = await findHolders(db, tenant.id, before.key, 1);
    if (nums.length === 0) return;
    const message = `Users have values of the type ${before.type}; remove them first.`;
    throw fieldProblem('type', 'in_use', message, 'in_use');
  }
  const kept = new Set(optionsOf(after).map(({ value }) => value));
  const gone = optionsOf(before).flatMap(({ value }) => (kept.has(value) ? [] : [value]));
  if (await hasValueOf(db, tenant.id, before.key, gone))
    throw fieldProblem('options', 'in_use', 'A user has the value of an option that would go.', 'in_use');
}

/** The options after a patch: another type than `select` has none. */
function optionsAfter(
  before: CustomFieldRow,
  { type = before.type, options }: Pick<Parameters<typeof update>[1]['body'], 'type' | 'options'>,
): string | null {
  const isKept = options === undefined && type === 'select' && before.type === 'select';
  return isKept ? before.options : keptOptions(type, options);
}

export const update: Operation<typeof contract.update> = (work, { custom_field, body, ifMatch }) =>
  work.write(async (unit) => {
    const before = await requireCustomField(unit.db, unit.tenant.id, custom_field, 'change');
    checkVersion(ifMatch, before.version);
    const row: CustomFieldRow = {
      ...before,
      type: body.type ?? before.type,
      label: body.label ?? before.label,
      options: optionsAfter(before, body),
      version: before.version + 1,
      updated_at: unit.now,
    };
    const change = difference(fieldsOf(before), fieldsOf(row));
    if (Object.keys(change.after).length === 0) return rendered(before);
    await checkValues(unit, before, row);
    await unit.db
      .updateTable('custom_fields')
      .set(row)
      .where('tenant_id', '=', unit.tenant.id)
      .where('id', '=', row.id)
      .execute();
    await unit.emit('custom_field.updated', { target: { type: 'custom_field', id: row.id }, data: change });
    return rendered(row);
  });
