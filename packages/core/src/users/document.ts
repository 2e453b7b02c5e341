/**
 * The user as the API shows it, and the keys under which the user is found. Both are made here, from one value, so
 * that what a list shows and what it searches can't differ.
 */
import type { User } from '@reeve/contract';
import { checkBag } from '../metadata.ts';
import { fieldProblem } from '../problem.ts';

export type { User };

/** What is composed already: most identifiers are, and a change of a user compares a dozen of them. */
const ASCII = /^[\0-\x7f]*$/;

/**
 * Compatibility-composed and lowered: how identifiers and names are compared. The final form of sigma is the one letter
 * whose lower case depends on its place in the word; without it a part of a word is lowered like the whole. Another way of
 * comparing needs a migration: keys are written when what they are made of changes.
 */
export const keyOf = (text: string): string =>
  ASCII.test(text) ? text.toLowerCase() : text.normalize('NFKC').toLowerCase().replaceAll('ς', 'σ');

/** Phone numbers are compared by their digits and a leading plus. */
export const phoneKeyOf = (text: string): string => keyOf(text).replace(/[\s().-]/g, '');

/** Fixed order, declared fields only: nothing else can reach an answer. */
export const render = (user: User): string =>
  JSON.stringify({
    id: user.id,
    state: user.state,
    email: user.email,
    email_verified: user.email_verified,
    username: user.username,
    phone_number: user.phone_number,
    phone_verified: user.phone_verified,
    name: user.name,
    given_name: user.given_name,
    family_name: user.family_name,
    nickname: user.nickname,
    picture: user.picture,
    profile: user.profile,
    user_metadata: user.user_metadata,
    app_metadata: user.app_metadata,
    connection_id: user.connection_id,
    identities: user.identities,
    has_password: user.has_password,
    password_must_be_reset: user.password_must_be_reset,
    sign_in_count: user.sign_in_count,
    last_sign_in_at: user.last_sign_in_at,
    created_at: user.created_at,
    updated_at: user.updated_at,
    last_sign_in_ip: user.last_sign_in_ip,
    last_password_change_at: user.last_password_change_at,
    custom_fields: user.custom_fields,
  });

export const parse = (doc: string): User => JSON.parse(doc) as User;

/** Marks the beginning of a word in the search text, so that a trigram can tell a prefix. */
export const WORD = '\u0002\u0002';
/** Marks the end of a field in the search text. */
export const FIELD = '\u0003';

/** A key (`keyOf`) as it stands in the search text. */
export const searchableKey = (key: string): string =>
  WORD +
  key
    .trim()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the marks themselves must not come in with a text.
    .replace(/[\s\u0002\u0003]+/gu, WORD);

/** A text as it stands in the search text. */
export const searchable = (text: string): string => searchableKey(keyOf(text));

export const searchTextOf = (user: User): string => {
  const fields = new Set([
    user.name,
    user.given_name,
    user.family_name,
    user.nickname,
    user.email,
    user.username,
    user.phone_number,
  ]);
  let text = '';
  for (const field of fields) if (field) text += searchable(field) + FIELD;
  return text;
};

/** What a search looks for in the search text: a substring, or under 3 characters the prefix of a word. */
export function searchNeedleOf(search: string): string | undefined {
  const needle = searchable(search).slice(WORD.length);
  const length = [...needle].length;
  if (length === 0) return undefined;
  return length >= 3 ? needle : WORD.slice(length - 1) + needle;
}

/** An index entry has its bounds; names that agree so far are in the order of their creation. */
const MAX_NAME_KEY = 256;

/** The name to sort by: as displayed, else put together, else what identifies the user. */
export const nameKeyOf = (user: User): string => {
  const key = keyOf(
    user.name ??
      ([user.given_name, user.family_name].filter(Boolean).join(' ') ||
        user.nickname ||
        user.username ||
        user.email ||
        ''),
  );
  return cutKey(key);
};

const cutKey = (key: string): string => (key.length > MAX_NAME_KEY ? key.slice(0, MAX_NAME_KEY).toWellFormed() : key);

/** How a name, or a part of one, is compared. */
export const nameKey = (text: string): string => cutKey(keyOf(text));
const nullableKey = (text: string | null): string | null => (text === null ? null : nameKey(text));

/** The parts of a name as a search compares them. */
export const partKeysOf = (user: Pick<User, 'given_name' | 'family_name' | 'nickname'>) => ({
  given_name_key: nullableKey(user.given_name),
  family_name_key: nullableKey(user.family_name),
  nickname_key: nullableKey(user.nickname),
});

export interface Leaf {
  readonly bag: 'user' | 'app' | 'profile' | 'custom';
  readonly path: string;
  readonly position: number;
  readonly text: string;
  readonly number: number | null;
}

const MAX_LEAVES = 512;
/** Bytes: an index entry has its bounds. */
const MAX_PATH = 1024;
/** Longer texts are found by their beginning. */
const MAX_TEXT = 256;

/** The scalar leaves of a bag by dotted path; the items of an array share its path. */
export function scalarsOf(bag: Leaf['bag'], values: unknown): Leaf[] {
  const leaves: Leaf[] = [];
  const positions = new Map<string, number>();
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, path);
    } else if (value !== null && typeof value === 'object') {
      for (const [name, inner] of Object.entries(value)) walk(inner, path === '' ? name : `${path}.${name}`);
    } else if (value !== null && value !== undefined) {
      const position = positions.get(path) ?? 0;
      positions.set(path, position + 1);
      leaves.push({ bag, path, position, text: leafText(value), number: typeof value === 'number' ? value : null });
    }
  };
  walk(values, '');
  return leaves;
}

/** A leaf as it is compared. */
export function leafText(value: unknown): string {
  const text = String(value);
  return text.length > MAX_TEXT ? text.slice(0, MAX_TEXT).toWellFormed() : text;
}

const isTooLong = ({ path }: Leaf): boolean => path.length > MAX_PATH / 3 && Buffer.byteLength(path) > MAX_PATH;

/** The leaves of the linked identities' profiles: what is beyond the limits of metadata is not found by a search. */
export function profileLeavesOf(user: User): Leaf[] {
  const profiles = user.identities.flatMap((identity) =>
    !identity.is_primary && 'profile' in identity ? [identity.profile] : [],
  );
  if (profiles.length === 0) return [];
  return scalarsOf('profile', profiles)
    .filter((leaf) => !isTooLong(leaf))
    .slice(0, MAX_LEAVES);
}

/** The leaves of the values of custom fields: each has one at least, so that its holders are found by it. */
export function customLeavesOf(values: User['custom_fields']): Leaf[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const leaves = scalarsOf('custom', { [key]: value });
    return leaves.length > 0 ? leaves : [{ bag: 'custom', path: key, position: 0, text: '{}', number: null }];
  });
}

const BAGS = { user: 'user_metadata', app: 'app_metadata', custom: 'custom_fields' } as const;

/** The leaves of a bag. Also judges the limits. */
export function leavesOf(bag: keyof typeof BAGS, metadata: Readonly<Record<string, unknown>>): Leaf[] {
  if (Object.keys(metadata).length === 0) return [];
  const field = BAGS[bag];
  checkBag(field, metadata);
  const leaves = bag === 'custom' ? customLeavesOf(metadata) : scalarsOf(bag, metadata);
  if (leaves.length > MAX_LEAVES)
    throw fieldProblem(field, 'maxProperties', `${field} may hold at most ${MAX_LEAVES} values.`);
  if (leaves.some(isTooLong))
    throw fieldProblem(
      field,
      'maxLength',
      `The names on the way to a value of ${field} may have at most ${MAX_PATH} bytes.`,
    );
  return leaves;
}

/** RFC 7396. Neither argument is changed; names such as `__proto__` are ordinary. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const merged = new Map<string, unknown>(
    target !== null && typeof target === 'object' && !Array.isArray(target) ? Object.entries(target) : [],
  );
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}
