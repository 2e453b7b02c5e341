/** Small translations that every view needs. */
import { present as nothingLess } from '@reeve/core';

/** Contract `http.timestamps`: RFC 3339 to the second. */
export const toSecond = (instant: string): string => instant.replace(/\.\d+Z$/, 'Z');

/** Only what is there; an empty text is not. */
export const present = <T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  nothingLess(fields, '');

/** Nothing is kept of what is empty: a resource without it has no extension. */
export const unlessEmpty = <T extends object>(bag: T): T | null => (Object.keys(bag).length === 0 ? null : bag);
