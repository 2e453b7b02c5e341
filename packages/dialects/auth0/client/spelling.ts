/**
 * How ids and queries are written into a URL. Owns two invariants: an id stays one segment of its path and is never
 * encoded twice, and the objects that a caller passed stay as they are.
 */
import { ArgumentError } from './errors.ts';

/** What calls are given; only own properties count. */
export type Params = Readonly<Record<string, unknown>>;

// An id that holds nothing else may have been encoded by the caller already (contract §3).
const encoded = /^(?:[A-Za-z0-9$\-_.+!*'(),]|%[0-9A-Fa-f]{2})+$/;

/** One segment of a path; an id that was encoded already stays as it is. */
export const segmentOf = (id: string): string => (encoded.test(id) ? id : encodeURIComponent(id.toWellFormed()));

/** The names of a template such as `/users/:id/roles`. */
const placeholder = /\/:([a-z_]+)/g;

const isId = (value: unknown): value is string | number =>
  typeof value === 'number' || (typeof value === 'string' && value !== '' && !/^(?:\.|%2e){1,2}$/i.test(value));

/**
 * Fills a template and gives the parameters that are left for the query. `isOpen`: the last segment may be missing,
 * because the call concerns the collection.
 *
 * @throws ArgumentError where an id is missing, so that a call never reaches the collection instead of one of its members
 */
export const placeOf = (
  template: string,
  params: Params,
  method: string,
  isOpen: boolean,
): { path: string; query: Params } => {
  const used = new Set<string>();
  const path = template.replace(placeholder, (part, name: string, at: number) => {
    used.add(name);
    const id = Object.hasOwn(params, name) ? params[name] : undefined;
    if (isId(id)) return `/${segmentOf(String(id))}`;
    if (id === undefined && isOpen && at + part.length === template.length) return '';
    const article = /^[aeiou]/.test(name) ? 'an' : 'a';
    throw new ArgumentError(`You must provide ${article} ${name} for the ${method} method`);
  });
  return { path, query: Object.fromEntries(Object.entries(params).filter(([name]) => !used.has(name))) };
};

const textOf = (value: unknown): string =>
  value instanceof Date
    ? String(value.toJSON())
    : Array.isArray(value)
      ? value.map(textOf).join()
      : String(value ?? '');

const isNested = (value: unknown): value is Params =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

const pairsOf = (name: string, value: unknown): string[] => {
  if (value === undefined || typeof value === 'function') return [];
  if (isNested(value)) return Object.entries(value).flatMap(([key, inner]) => pairsOf(`${name}[${key}]`, inner));
  const key = encodeURIComponent(name.toWellFormed());
  return [value === null ? key : `${key}=${encodeURIComponent(textOf(value).toWellFormed())}`];
};

/** The query with its `?`: arrays comma-joined, `null` a bare key, objects in brackets, instants ISO 8601. */
export const queryOf = (params: Params): string => {
  const pairs = Object.entries(params).flatMap(([name, value]) => pairsOf(name, value));
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
};
