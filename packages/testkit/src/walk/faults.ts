/** Wrong inputs, derived from what the contract says is right: one rule is broken at a time. */
import type { Route, Schema } from '@reeve/contract';

/** One broken rule. */
export interface Fault {
  readonly what: string;
  readonly value: unknown;
}

const LONGEST = 100_000;

const wrongTypes: Readonly<Record<string, readonly unknown[]>> = {
  string: [5, true, ['a'], { a: 1 }],
  integer: ['five', 1.5, true, [1], {}],
  boolean: ['yes', 1, [], {}],
  array: ['text', 5, { length: 1 }],
  object: ['text', 5, true, []],
};

function stringFaults({ minLength, maxLength, enum: values, format, pattern }: Schema): unknown[] {
  return [
    ...(typeof minLength === 'number' && minLength > 0 ? ['a'.repeat(minLength - 1)] : []),
    ...(typeof maxLength === 'number' && maxLength < LONGEST ? ['a'.repeat(maxLength + 1)] : []),
    ...(values ? ['no-such-value'] : []),
    ...(format === 'date-time' ? ['yesterday', '2026-13-01T00:00:00Z'] : []),
    // Characters that no pattern of the contract allows at the beginning.
    ...(pattern ? [' \n'] : []),
  ];
}

function integerFaults({ minimum, maximum }: Schema): unknown[] {
  return [
    ...(typeof minimum === 'number' ? [minimum - 1] : []),
    ...(typeof maximum === 'number' ? [maximum + 1] : []),
    1e300,
  ];
}

function arrayFaults({ items, maxItems, minItems, uniqueItems }: Schema): unknown[] {
  const [good] = items?.enum ?? ['aa'];
  return [
    ...(typeof minItems === 'number' && minItems > 0 ? [[]] : []),
    ...(typeof maxItems === 'number' ? [Array.from({ length: maxItems + 1 }, (_, i) => `${good}${i}`)] : []),
    ...(uniqueItems ? [[good, good]] : []),
    [5],
  ];
}

/** Values that a schema refuses. */
export function wrongValues(schema: Schema): unknown[] {
  const types = [schema.type ?? []].flat() as string[];
  const [type = ''] = types;
  return [
    ...(wrongTypes[type] ?? []),
    ...(types.includes('null') ? [] : [null]),
    ...(type === 'string' ? stringFaults(schema) : []),
    ...(type === 'integer' ? integerFaults(schema) : []),
    ...(type === 'array' ? arrayFaults(schema) : []),
  ];
}

const short = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? 'undefined';

/** Bodies that break one rule each, made from one that breaks none. */
export function wrongBodies(schema: Schema, good: Readonly<Record<string, unknown>>): Fault[] {
  const properties = Object.entries(schema.properties ?? {});
  return [
    ...[[], 'text', 5, true, null].map((value) => ({ what: `the body is ${short(value)}`, value })),
    { what: 'a field is unknown', value: { ...good, no_such_field: 1 } },
    ...(schema.required ?? []).map((name) => ({
      what: `${name} is missing`,
      value: Object.fromEntries(Object.entries(good).filter(([other]) => other !== name)),
    })),
    ...properties.flatMap(([name, property]) =>
      wrongValues(property).map((value) => ({ what: `${name} is ${short(value)}`, value: { ...good, [name]: value } })),
    ),
    ...properties.flatMap(([name, { properties: inner }]) =>
      Object.entries(inner ?? {}).flatMap(([innerName, property]) =>
        [...wrongValues(property).map((value) => ({ [innerName]: value })), { no_such_field: 1 }].map((value) => ({
          what: `${name} is ${short(value)}`,
          value: { ...good, [name]: value },
        })),
      ),
    ),
  ];
}

/** Query strings that break one rule each. */
export function wrongQueries({ query }: Route): { readonly what: string; readonly query: Record<string, string[]> }[] {
  const textual = (value: unknown): string | undefined =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  const properties = Object.entries((query as Schema | undefined)?.properties ?? {});
  const faults = properties.flatMap(([name, schema]) => {
    const isList = schema.type === 'array';
    const judged = isList ? (schema.items as Schema) : schema;
    const wrong = wrongValues(judged)
      .map(textual)
      // Any text is a string in a query.
      .filter((text): text is string => text !== undefined && (judged.type !== 'string' || !/^[51]$/.test(text)));
    const twice = isList ? [] : [{ what: `${name} comes twice`, query: { [name]: ['1', '2'] } }];
    return [...wrong.map((text) => ({ what: `${name}=${text.slice(0, 40)}`, query: { [name]: [text] } })), ...twice];
  });
  return [...faults, { what: 'a parameter is unknown', query: { no_such_parameter: ['1'] } }];
}
