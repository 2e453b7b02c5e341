/**
 * The vendor's user-defined fields are our custom fields. What is written is JSON text; what is read is bare text of STRING and
 * SELECT, milliseconds of DATETIME, and JSON of the rest (contract, `conventions.udf`).
 */
import type { CustomField } from '@reeve/contract';
import {
  type Bag,
  everyItem,
  extensionsOf,
  operations,
  setExtension,
  type Unit,
  type User,
  type Work,
} from '@reeve/core';
import type { Call } from './operation.ts';
import { CODES, Refusal } from './problems.ts';

const TARGETS: Readonly<Record<string, CustomField['target']>> = {
  USER: 'user',
  ROLE: 'role',
  ORG: 'organization',
  USERPOOL: 'tenant',
  PERMISSION: 'permission',
  APPLICATION: 'application',
};

/** Throws a refusal of what has no custom fields here. */
export function targetOf(targetType: string): CustomField['target'] {
  const target = TARGETS[targetType];
  if (!target) throw new Refusal(CODES.failed, `${targetType} has no fields here.`, 'targetType');
  return target;
}

/** A definition, with its type in the vendor's words. */
export interface Definition extends CustomField {
  readonly dataType: string;
}

/** Where it is kept which fields are selects that name no options: natively they are texts. */
const OPEN = 'open_selects';
const openIn = (bag: Bag | undefined): readonly string[] => (bag?.[OPEN] as string[] | undefined) ?? [];
const nameOf = ({ target, key }: Pick<CustomField, 'target' | 'key'>): string => `${target}.${key}`;

/** The genuine client can't send options, so that what it calls a select takes any text. */
export async function markOpen(unit: Unit, field: Pick<CustomField, 'target' | 'key'>, isOpen: boolean): Promise<void> {
  const name = nameOf(field);
  await setExtension(unit, 'tenants', unit.tenant.publicId, 'authing', (bag) => {
    if (openIn(bag).includes(name) === isOpen) return bag ?? null;
    const others = openIn(bag).filter((one) => one !== name);
    return { ...bag, [OPEN]: isOpen ? [...others, name] : others };
  });
}

async function readDefinitions(work: Work, target: CustomField['target']): Promise<Definition[]> {
  const { publicId } = work.tenant;
  const kept = await work.read((db) => extensionsOf(db, work, 'tenants', 'authing', [publicId]));
  const open = openIn(kept.get(publicId));
  const fields = await everyItem('custom_fields', (page) =>
    operations.customFields.list(work, { query: { target, ...page }, body: undefined }),
  );
  return fields.map((field) => withType(field, field.type === 'string' && open.includes(nameOf(field))));
}

export const withType = (field: CustomField, isOpen: boolean): Definition => ({
  ...field,
  dataType: isOpen ? 'SELECT' : field.type.toUpperCase(),
});

const known = new WeakMap<Call, Map<string, Promise<Definition[]>>>();

/** A definition has changed: the rest of the call reads them anew. */
export const forgetDefinitions = (call: Call): void => void known.delete(call);

/** The definitions of a target, read once for each call. */
export function definitionsOf(call: Call, target: CustomField['target']): Promise<Definition[]> {
  const read = known.get(call) ?? new Map<string, Promise<Definition[]>>();
  known.set(call, read);
  const found = read.get(target) ?? readDefinitions(call.work, target);
  read.set(target, found);
  return found;
}

/** What the user has, in the order of the definitions. */
export const customDataOf = (definitions: readonly Definition[], { custom_fields: values }: User) =>
  definitions
    .filter(({ key }) => values[key] !== undefined)
    .map(({ key, type, dataType, label }) => ({ key, dataType, value: textOf(type, values[key]), label }));

function textOf(type: CustomField['type'], value: unknown): string {
  if (type === 'string' || type === 'select') return String(value);
  if (type !== 'datetime') return JSON.stringify(value);
  // Every reader of the client takes digits for milliseconds; one of them takes nothing else.
  const at = Date.parse(String(value));
  return at < 0 ? String(value) : String(at);
}

export interface Item {
  readonly key: string;
  readonly value?: string | null;
}

/** Values as they are kept, by key; without one, or with null, it is removed. Throws a refusal of what is no JSON text. */
export const valuesFrom = (items: readonly Item[]): Bag =>
  Object.fromEntries(
    items.map(({ key, value }) => {
      try {
        return [key, value === undefined || value === null ? null : (JSON.parse(value) as unknown)];
      } catch {
        throw new Refusal(CODES.failed, `The value of ${key} must be JSON text.`, key);
      }
    }),
  );
