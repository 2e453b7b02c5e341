/** Bounds on what is given to a field, however it came: by variables, in the document, as JSON text. */
import { isStorable } from '@reeve/core';
import { CODES, Refusal } from './problems.ts';

/** Items of a list among the arguments. */
const MAX_ITEMS = 1000;

/** Throws a refusal where a list among the arguments is longer than the bound, or a text is none that can be kept. */
export function checkArguments(value: unknown, field: string): void {
  if (typeof value === 'string' && !isStorable(value))
    throw new Refusal(CODES.failed, `${field} holds characters that are none.`, field);
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value) && value.length > MAX_ITEMS)
    throw new Refusal(CODES.parameterWrong, `${field} may have at most ${MAX_ITEMS} items.`, field);
  for (const [name, inner] of Object.entries(value)) checkArguments(inner, Array.isArray(value) ? field : name);
}
