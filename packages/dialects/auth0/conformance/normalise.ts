/**
 * Makes what two clients saw comparable: what is new at every run (ids, dates, secrets, hosts) becomes a placeholder,
 * numbered in the order of first sight, so that the same id twice is still the same id twice.
 */

const PATTERNS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['token', /eyJ[\w-]+\.[\w-]+\.[\w-]+/g],
  ['id', /\b[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}\b/g],
  ['uuid', /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g],
  ['secret', /(?<![\w-])[\w-]{30,}(?![\w-])/g],
  ['hex', /\b[0-9a-f]{24}\b/g],
  ['code', /\b[A-Z0-9]{24}\b/g],
];
const DATE = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
const MOMENTS = new Set(['iat', 'exp', 'auth_time', 'updated_at', 'time_left_seconds']);

export const createNormaliser = (tag: string, domain: string): ((value: unknown) => unknown) => {
  const seen = new Map<string, string>();
  const placeholder = (name: string) => (found: string) => {
    // Names of settings and events are long words, too; what is random has digits or changes case within a word.
    if (name === 'secret' && !/\d|[a-z][A-Z]/.test(found)) return found;
    const known = seen.get(found) ?? `<${name} ${seen.size + 1}>`;
    seen.set(found, known);
    return known;
  };
  const ofText = (text: string): string =>
    PATTERNS.reduce(
      (read, [name, pattern]) => read.replace(pattern, placeholder(name)),
      // The drop-in encodes every id, the original some.
      text
        .replaceAll('%7C', '|')
        .replaceAll(tag, '<tag>')
        .replaceAll(tag.toUpperCase(), '<TAG>')
        .replaceAll(domain, '<domain>')
        .replace(DATE, '<date>'),
    );
  const normalise = (value: unknown): unknown => {
    if (typeof value === 'string') return ofText(value);
    if (Array.isArray(value)) return value.map(normalise);
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value).map(([key, inner]) => [
      ofText(key),
      MOMENTS.has(key) && typeof inner === 'number' ? '<moment>' : normalise(inner),
    ]);
    return Object.fromEntries(entries);
  };
  return normalise;
};
