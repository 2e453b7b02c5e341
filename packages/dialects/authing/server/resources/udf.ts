/** User-defined fields: their definitions, and the values of users (contract §9). */
import { type CustomField, customFields as contract, type Schema } from '@reeve/contract';
import { operations as native, noBody, resultOf, together, type User, type Work } from '@reeve/core';
import { checkArguments } from '../arguments.ts';
import {
  customDataOf,
  type Definition,
  definitionsOf,
  forgetDefinitions,
  type Item,
  markOpen,
  targetOf,
  valuesFrom,
  withType,
} from '../custom-data.ts';
import { type Call, done, type Operations, spend } from '../operation.ts';
import { requireId, requireIds, userBy, usersBy } from '../pool.ts';
import { CODES, Refusal } from '../problems.ts';
import { textFrom } from '../value.ts';

const rules = contract.create.body?.properties as Record<'key' | 'label', Schema>;

const fieldView = (targetType: string, { key, dataType, label, options }: Definition) => ({
  targetType,
  dataType,
  key,
  label,
  options: options === null ? null : JSON.stringify(options),
});

interface Field {
  readonly targetType: string;
  readonly key: string;
  readonly dataType: string;
  readonly label: string;
  readonly options?: string | null;
}

type Options = { value: string; label?: string }[];

const optionProblem = (rule: string) => new Refusal(CODES.failed, `options ${rule}.`, 'options');

/** JSON text: a list of texts, or of `{value, label}`. Throws a refusal of anything else. */
function optionsFrom(text: string): Options {
  let listed: unknown;
  try {
    listed = JSON.parse(text);
  } catch {
    throw optionProblem('must be JSON text');
  }
  checkArguments(listed, 'options');
  const option = (item: unknown) => (typeof item === 'string' ? { value: item } : (item as Options[number]));
  const options = Array.isArray(listed) ? listed.map(option) : [];
  const isText = (value: unknown) => typeof value === 'string' && value !== '' && value.length <= 200;
  if (options.length === 0 || options.length > 500 || !options.every((one) => isText(one?.value)))
    throw optionProblem('must be a list of 1 to 500 values, each a text of 1 to 200 characters');
  return options.map(({ value, label }) => ({ value, ...(isText(label) ? { label: label as string } : {}) }));
}

async function findField(call: Call, target: CustomField['target'], key: string): Promise<Definition | undefined> {
  return (await definitionsOf(call, target)).find((field) => field.key === key);
}

interface Fields {
  readonly type: CustomField['type'];
  readonly label?: string;
  readonly options?: Options;
}

async function save(
  work: Work,
  id: { key: string; target: CustomField['target'] },
  known: Definition | undefined,
  fields: Fields,
) {
  if (!known) return resultOf(await native.customFields.create(work, { query: undefined, body: { ...fields, ...id } }));
  // A select that becomes something else has no options any more.
  const body = known.options !== null && fields.type !== 'select' ? { ...fields, options: null } : fields;
  return resultOf(await native.customFields.update(work, { custom_field: known.id, query: undefined, body }));
}

/** Defines a field, or changes its definition. A SELECT that names no options takes any text. */
async function set(call: Call, { targetType, key, dataType, label, options }: Field) {
  const id = { key: textFrom('key', rules.key, key), target: targetOf(targetType) };
  const known = await findField(call, id.target, key);
  const chosen = options ? optionsFrom(options) : undefined;
  const isOpen = dataType === 'SELECT' && !chosen && known?.type !== 'select';
  const fields = {
    type: isOpen ? 'string' : (dataType.toLowerCase() as CustomField['type']),
    ...(label === '' ? {} : { label: textFrom('label', rules.label, label) }),
    ...(chosen ? { options: chosen } : {}),
  };
  const saved = await together(call.work, async (work, unit) => {
    const field = await save(work, id, known, fields);
    await markOpen(unit, id, isOpen);
    return field;
  });
  forgetDefinitions(call);
  return fieldView(targetType, withType(saved, isOpen));
}

async function remove(call: Call, { targetType, key }: Pick<Field, 'targetType' | 'key'>) {
  const known = await findField(call, targetOf(targetType), key);
  if (!known) throw new Refusal(CODES.failed, `No field of ${targetType} is called "${key.slice(0, 64)}".`, 'key');
  await native.customFields.delete(call.work, { custom_field: known.id, ...noBody });
  await call.work.write((unit) => markOpen(unit, known, false));
  forgetDefinitions(call);
  return done();
}

/** Only users have values. */
function checkHasValues(targetType: string): void {
  if (targetType !== 'USER')
    throw new Refusal(CODES.failed, `${targetType}: only users have values of fields here.`, 'targetType');
}

interface Target {
  readonly targetType: string;
  readonly targetId: string;
}

const valuesOf = async (call: Call, user: User) => customDataOf(await definitionsOf(call, 'user'), user);

async function read(call: Call, { targetType, targetId }: Target) {
  checkHasValues(targetType);
  return valuesOf(call, await userBy(call.work, await requireId(call.work, targetId)));
}

async function readBatch(call: Call, { targetType, targetIds }: { targetType: string; targetIds: (string | null)[] }) {
  checkHasValues(targetType);
  const named = await requireIds(call.work, [...new Set(targetIds.map((id) => id ?? ''))]);
  const users = await usersBy(call.work, [...named.values()]);
  spend(call, users.size);
  const found = [];
  for (const [targetId, id] of named) {
    const user = users.get(id);
    if (user) found.push({ targetId, data: await valuesOf(call, user) });
  }
  return found;
}

async function write(call: Call, subject: string, items: readonly Item[]): Promise<User> {
  const input = {
    user_id: await requireId(call.work, subject),
    query: undefined,
    body: { custom_fields: valuesFrom(items) },
  };
  return resultOf(await native.users.update(call.work, input));
}

async function setValues(call: Call, { targetType, targetId, udvList }: Target & { udvList?: readonly Item[] | null }) {
  checkHasValues(targetType);
  return valuesOf(call, await write(call, targetId, udvList ?? []));
}

interface Batch {
  readonly targetType: string;
  readonly input: readonly { readonly targetId: string; readonly key: string; readonly value: string }[];
}

/** All of them or none. */
async function setBatch(call: Call, { targetType, input }: Batch) {
  checkHasValues(targetType);
  const bySubject = Map.groupBy(input, ({ targetId }) => targetId);
  await together(call.work, async (work) => {
    for (const [subject, items] of bySubject) await write({ ...call, work }, subject, items);
  });
  return done();
}

async function removeValue(call: Call, { targetType, targetId, key }: Target & { key: string }) {
  return setValues(call, { targetType, targetId, udvList: [{ key }] });
}

export const udf: Operations = {
  setUdf: { scope: 'custom_fields:write', run: set },
  removeUdf: { scope: 'custom_fields:write', run: remove },
  udf: {
    scope: 'custom_fields:read',
    run: async (call, { targetType }: { targetType: string }) =>
      (await definitionsOf(call, targetOf(targetType))).map((field) => fieldView(targetType, field)),
  },
  udv: { scope: 'users:read', run: read },
  udfValueBatch: { scope: 'users:read', run: readBatch },
  setUdvBatch: { scope: 'users:write', run: setValues },
  setUdfValueBatch: { scope: 'users:write', run: setBatch },
  removeUdv: { scope: 'users:write', run: removeValue },
};
