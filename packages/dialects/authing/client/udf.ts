/**
 * The two spellings of a user-defined value. Written, every value is JSON text; read, a string is bare and only numbers,
 * booleans and objects are JSON (contract §9).
 */

import type { UdfDataType } from './enums.ts';
import { AuthingError, refusal } from './errors.ts';

/** A value as it travels. */
export interface UdfItem {
  readonly key: string;
  readonly dataType: UdfDataType;
  readonly value?: string | null;
  readonly label?: string | null;
}

/** The value that an item stands for: text, number, boolean, object or Date; null for none. */
export const decoded = ({ key, dataType, value }: UdfItem): unknown => {
  if (value === null || value === undefined) return null;
  switch (dataType) {
    case 'NUMBER':
    case 'BOOLEAN':
    case 'OBJECT':
      try {
        return JSON.parse(value);
      } catch {
        throw new AuthingError(`the server's value of the field ${key} is no ${dataType}`, {
          code: 'ERR_BAD_RESPONSE',
        });
      }
    case 'DATETIME':
      return new Date(/^\d+$/.test(value) ? Number(value) : value);
    default:
      return value;
  }
};

/** key → value */
export const objectOf = (items: readonly UdfItem[] | null | undefined): Record<string, unknown> =>
  Object.fromEntries((items ?? []).map((item) => [item.key, decoded(item)]));

/** A value as it is written. `value` is absent for undefined; null and NaN are the text `null`. */
export const itemOf = (key: string, value: unknown): { key: string; value?: string } => {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? { key } : { key, value: text };
};

export const itemsOf = (data: Readonly<Record<string, unknown>>): { key: string; value?: string }[] =>
  Object.entries(data).map(([key, value]) => itemOf(key, value));

/** Puts an object in the place of the list in `customData`. */
export const withCustomData = <T extends object>(user: T): T => ({
  ...user,
  customData: objectOf((user as { customData?: readonly UdfItem[] | null }).customData),
});

/** @throws AuthingError that names the argument */
export const needItems = <T>(items: readonly T[], name: string): readonly T[] => {
  if (Array.isArray(items) && items.length > 0) return items;
  throw refusal(`${name}: must not be empty`);
};
