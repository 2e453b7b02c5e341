/** What is checked before anything is sent. */
import { ArgumentError } from './errors.ts';
import type { Check } from './row.ts';
import type { Params } from './spelling.ts';

const isBroken = (value: unknown, rule: Check[1]): boolean => {
  if (rule === 'given') return !value;
  if (rule === 'object') return typeof value !== 'object' || value === null;
  return typeof value !== 'string' || (rule === 'text' && !value);
};

/** @throws ArgumentError for the first check that fails; a TypeError where there is nothing to check */
export const check = (checks: readonly Check[], subject: unknown, isStrict = false): void => {
  const params = (subject === undefined && !isStrict ? {} : subject) as Params;
  for (const [name, rule, message] of checks) if (isBroken(params[name], rule)) throw new ArgumentError(message);
};
