/**
 * The vendor's user-defined fields are our custom fields. What is written is JSON text; what is read is bare text of STRING and
 * SELECT, milliseconds of DATETIME, and JSON of the rest (contract, `conventions.udf`).
 */
import type { CustomField } from '@reeve/contract';
import { type Bag, operations, type User } from '@reeve/core';
import type { Call } from './operation.ts';
import { CODES, Refusal } from './problems.ts';
import { everyItem } from './value.ts';

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

export const typeName = (type: CustomField['type']): string => type.toUpperCase();

const known = new WeakMap<Call, Map<string, Promise<CustomField[]>>>();

/** The definitions of a target, read once for each call. */
export function definitionsOf(call: Call, target: CustomField['target']): Promise<CustomField[]> {
  const read = known.get(call) ?? new Map<string, Promise<CustomField[]>>();
  known.set(call, read);
  const found =
    read.get(target) ??
    everyItem('custom_fields', (page) =>
      operations.customFields.list(call.work, { query: { target, ...page }, body: undefined }),
    );
  read.set(target, found);
  return found;
}

/** What the user has, in the order of the definitions. */
export const customDataOf = (definitions: readonly CustomField[], { custom_fields: values }: User) =>
  definitions
    .filter(({ key }) => values[key] !== undefined)
    .map(({ key, type, label }) => ({ key, dataType: typeName(type), value: textOf(type, values[key]), label }));

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
