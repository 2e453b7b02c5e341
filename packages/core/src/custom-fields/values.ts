/**
 * What the values of custom fields may be. Owns the invariant that a value that is kept is one of its definition's, in the one
 * spelling in which it is compared.
 */
import type { CustomField } from '@reeve/contract';
import { type Bag, checkDepth } from '../metadata.ts';
import { fieldProblem } from '../problem.ts';

/** As much of a definition as its values are judged by; plain data. */
export interface FieldDefinition {
  readonly key: string;
  readonly type: CustomField['type'];
  /** The values that a `select` offers. */
  readonly options: readonly string[];
}

/** A value as it is kept, or what it has to be. */
type Judgement = { readonly value: unknown } | { readonly rule: string; readonly message: string };

const INSTANT = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

/** The instant in UTC with milliseconds; undefined where the text is none that a calendar has. */
function instantOf(text: unknown): string | undefined {
  const [, date] = (typeof text === 'string' && INSTANT.exec(text)) || [];
  const instant = new Date(date === undefined ? Number.NaN : (text as string).toUpperCase());
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(instant.valueOf()) || Number.isNaN(day.valueOf())) return undefined;
  const told = instant.toISOString();
  // The parser takes the 30th of February for a day in March, and an offset may leave the years of four digits.
  return day.toISOString().startsWith(date as string) && /^\d{4}-/.test(told) ? told : undefined;
}

const isObject = (value: unknown): boolean => value !== null && typeof value === 'object' && !Array.isArray(value);
const typed = (isRight: boolean, value: unknown, what: string): Judgement =>
  isRight ? { value } : { rule: 'type', message: `must be ${what}` };

function judge({ type, options }: FieldDefinition, value: unknown): Judgement {
  switch (type) {
    case 'string':
      return typed(typeof value === 'string', value, 'a string');
    case 'number':
      return typed(typeof value === 'number' && Number.isFinite(value), value, 'a number');
    case 'boolean':
      return typed(typeof value === 'boolean', value, 'true or false');
    case 'object':
      return typed(isObject(value), value, 'an object');
    case 'datetime': {
      const instant = instantOf(value);
      return instant === undefined
        ? { rule: 'date-time', message: 'must be an RFC 3339 instant, such as 2026-01-31T12:00:00Z' }
        : { value: instant };
    }
    case 'select':
      return typeof value === 'string' && options.includes(value)
        ? { value }
        : { rule: 'enum', message: `must be one of ${told(options)}` };
  }
}

const OPTIONS_TOLD = 20;
const told = (options: readonly string[]): string =>
  `${options.slice(0, OPTIONS_TOLD).join(', ')}${options.length > OPTIONS_TOLD ? ', …' : ''}`;

/** A cell or a filter has text alone: what it means to a field of this type. Text that means nothing stays as it is. */
export function valueOfText(type: FieldDefinition['type'], text: string): unknown {
  if (type === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  if (type !== 'number' && type !== 'object') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** As the calls of a caller name the place of a value. */
const placeOf = (key: string): string => `custom_fields.${key.slice(0, 64)}`;

/** One value as it is kept. Throws a problem that names the key and the rule. */
export function judgedValue(definition: FieldDefinition, value: unknown, field = placeOf(definition.key)): unknown {
  const judgement = judge(definition, value);
  if ('value' in judgement) return judgement.value;
  throw fieldProblem(field, judgement.rule, `${field} ${judgement.message}.`);
}

/** Values as they are kept. A null, which removes a value, stays. Throws a problem that names the key and the rule. */
export function judgedValues(definitions: readonly FieldDefinition[], values: Bag): Bag {
  checkDepth('custom_fields', values);
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const definition = definitions.find((one) => one.key === key);
      if (!definition)
        throw fieldProblem(placeOf(key), 'unknown', `${placeOf(key)} is not known: no custom field has this key.`);
      return [key, value === null ? null : judgedValue(definition, value)];
    }),
  );
}

/** The values that are still ones of their definitions. */
export function fittingValues(definitions: readonly FieldDefinition[], values: Bag): Bag {
  const fits = ([key, value]: [string, unknown]): boolean =>
    definitions.some((definition) => definition.key === key && 'value' in judge(definition, value));
  return Object.fromEntries(Object.entries(values).filter(fits));
}
