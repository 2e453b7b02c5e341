/** Strikes out values whose names say that they are secret. */

const SECRET = /pass(word|phrase)|secret|token|credential|private|api_?key|^otp$|^pin$/i;
/** Vendors' secrets whose names do not look it: keys of SAML and of add-ons, what a database's scripts are given. */
const OF_VENDORS = /(signing|encryption|decryption)_?key|(access|account|sas|shared|master)_?key$|^configuration$/i;
const STATEMENTS =
  /^(has_password|last_password_change_at|password_must_be_reset|((access|refresh)_)?token_lifetime(_for_web)?|token_dialect|token_endpoint_auth_method|secret_overlap|password_policy)$/;

const REMEMBERED = 10_000;
const judged = new Map<string, boolean>();

/**
 * Whether the name says that its value is secret: it is sealed at rest where a dialect keeps it, struck out of events,
 * and hidden from who may not read secrets. The same few names come with every event: each is judged
 * once.
 */
export function isSecret(name: string): boolean {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const secret = (SECRET.test(name) || OF_VENDORS.test(name)) && !STATEMENTS.test(name);
  if (judged.size < REMEMBERED) judged.set(name, secret);
  return secret;
}

/** The value without its secrets; itself where it holds none. */
export function redact(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const items = value.map(redact);
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  const entries = Object.entries(value);
  let isStruck = false;
  for (const entry of entries) {
    const [name, inner] = entry;
    entry[1] = isSecret(name) && inner !== null ? '[redacted]' : redact(inner);
    if (entry[1] !== inner) isStruck = true;
  }
  return isStruck ? Object.fromEntries(entries) : value;
}

/** Whether two values are the same JSON; what was left as it was is told by being the same object. */
export const isSame = (before: unknown, after: unknown): boolean =>
  before === after || JSON.stringify(before) === JSON.stringify(after);

/** The fields that differ, as `{ before, after }`. */
export function difference(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): { before: Record<string, unknown>; after: Record<string, unknown> } {
  const changed = { before: {} as Record<string, unknown>, after: {} as Record<string, unknown> };
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (name === 'updated_at' || isSame(before[name], after[name])) continue;
    changed.before[name] = before[name] ?? null;
    changed.after[name] = after[name] ?? null;
  }
  return changed;
}
