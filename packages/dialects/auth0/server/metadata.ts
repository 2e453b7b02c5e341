/** Auth0 merges a metadata bag at its top level only: a key's value is replaced, null removes it, `{}` empties the bag. */

type Bag = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Bag => value !== null && typeof value === 'object' && !Array.isArray(value);

/** The merge patch (RFC 7396) that makes `before` into `after`. */
function replacing(before: Bag, after: Bag): Record<string, unknown> {
  const entries: [string, unknown][] = Object.keys(before)
    .filter((key) => !Object.hasOwn(after, key))
    .map((key) => [key, null]);
  for (const [key, value] of Object.entries(after)) {
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    entries.push([key, isPlain(value) && isPlain(old) ? replacing(old, value) : value]);
  }
  return Object.fromEntries(entries);
}

/** A change of a bag in Auth0's way, as a native merge patch. */
export function metadataPatch(bag: Bag, change: Bag): Record<string, unknown> {
  const keys = Object.keys(change);
  if (keys.length === 0) return Object.fromEntries(Object.keys(bag).map((key) => [key, null]));
  const touched = Object.fromEntries(keys.filter((key) => Object.hasOwn(bag, key)).map((key) => [key, bag[key]]));
  const wanted = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null));
  return replacing(touched, wanted);
}
