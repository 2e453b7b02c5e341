/**
 * Schema builders. The stored form is plain JSON Schema 2020-12; the TypeScript type rides along as a phantom, so one
 * declaration validates, serialises, documents and types. Owns the invariant that every object schema is closed:
 * a property nobody declared is refused, never ignored.
 */

declare const phantom: unique symbol;
declare const absent: unique symbol;

/** A JSON Schema (2020-12) that describes values of type `T`. */
export interface Schema<T = unknown> {
  readonly [phantom]?: T;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly default?: unknown;
  readonly [keyword: string]: unknown;
}

/** A property that may be left out of its object. */
export type Optional<T> = Schema<T> & { readonly [absent]?: true };

/** The TypeScript type that a schema describes. */
export type Static<S> = S extends { readonly [phantom]?: infer T } ? T : never;

type Properties = Readonly<Record<string, Schema>>;
type OptionalKey<P> = { [K in keyof P]: typeof absent extends keyof P[K] ? K : never }[keyof P];
type Flat<T> = { [K in keyof T]: T[K] };

/** The object type of a set of properties. */
export type ObjectOf<P extends Properties> = Flat<
  { [K in Exclude<keyof P, OptionalKey<P>>]: Static<P[K]> } & { [K in OptionalKey<P>]?: Static<P[K]> }
>;

/** Annotations and limits, in JSON Schema's own words. */
export interface Keywords {
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  /** Characters, inclusive. */
  readonly minLength?: number;
  /** Characters, inclusive. */
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly writeOnly?: boolean;
}

export const string = (keywords: Keywords = {}): Schema<string> => ({ type: 'string', ...keywords });
export const boolean = (keywords: Keywords = {}): Schema<boolean> => ({ type: 'boolean', ...keywords });
export const integer = (keywords: Keywords = {}): Schema<number> => ({ type: 'integer', ...keywords });

/** One of a closed set of strings. */
export const oneOf = <const V extends readonly string[]>(values: V, keywords: Keywords = {}): Schema<V[number]> => ({
  type: 'string',
  enum: values,
  ...keywords,
});

/** An instant on the wire: RFC 3339 with milliseconds, UTC. */
export const instant = (keywords: Keywords = {}): Schema<string> => ({
  type: 'string',
  format: 'date-time',
  ...keywords,
});

export const array = <T>(items: Schema<T>, keywords: Keywords = {}): Schema<T[]> => ({
  type: 'array',
  items,
  ...keywords,
});

/** Also `null`. */
export const nullable = <T>(schema: Schema<T>): Schema<T | null> => ({
  ...schema,
  type: [schema.type as string, 'null'],
  ...(schema.enum ? { enum: [...schema.enum, null] } : {}),
});

/** May be left out of its object. The mark exists in types only. */
export const optional = <T>(schema: Schema<T>): Optional<T> => {
  const copy = { ...schema };
  Object.defineProperty(copy, OPTIONAL, { value: true });
  return copy;
};
const OPTIONAL = '~optional';

/** A closed object: undeclared properties are refused. */
export const object = <const P extends Properties>(properties: P, keywords: Keywords = {}): Schema<ObjectOf<P>> => {
  const required = Object.keys(properties).filter((name) => !(OPTIONAL in (properties[name] as object)));
  return {
    type: 'object',
    properties,
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
    ...keywords,
  };
};

/** An object of free keys, every value of one schema. */
export const record = <T>(values: Schema<T>, keywords: Keywords = {}): Schema<Record<string, T>> => ({
  type: 'object',
  additionalProperties: values,
  ...keywords,
});

/** Any JSON object. */
export const json = (keywords: Keywords = {}): Schema<Record<string, unknown>> => ({
  type: 'object',
  additionalProperties: true,
  ...keywords,
});

/** The same properties, each of which may be left out. */
export const partial = <const P extends Properties>(properties: P): { [K in keyof P]: Optional<Static<P[K]>> } =>
  Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, optional(schema)])) as never;

/** An object of the given properties, each of which may be left out or, where named in `clearable`, be `null` (RFC 7396). */
export const patchOf = <P extends Properties, K extends keyof P>(
  properties: P,
  clearable: readonly K[],
): Schema<{ [N in keyof P]?: Static<P[N]> | (N extends K ? null : never) }> => {
  const clear = new Set<keyof P>(clearable);
  const patched = Object.entries(properties).map(([name, schema]) => [
    name,
    optional(clear.has(name) ? nullable(schema) : schema),
  ]);
  return object(Object.fromEntries(patched)) as never;
};
