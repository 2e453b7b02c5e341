/**
 * A user as cells of CSV, both ways: profile fields are columns of their own (`profile.locale`), metadata is JSON text.
 * Owns two invariants: an export that is imported gives the same values, and no cell of an export is a formula.
 */
import { users } from '@reeve/contract';
import { fieldProblem } from '../problem.ts';
import type { User } from '../users/document.ts';

const PROFILE = Object.keys(users.user.properties?.profile?.properties ?? {});

/** The columns of an export, in this order for ever; new ones come last. */
export const EXPORT_COLUMNS: readonly string[] = [
  'id',
  'state',
  'email',
  'email_verified',
  'username',
  'phone_number',
  'phone_verified',
  'name',
  'given_name',
  'family_name',
  'nickname',
  'picture',
  ...PROFILE.map((name) => `profile.${name}`),
  'user_metadata',
  'app_metadata',
  'connection_id',
  'identities',
  'has_password',
  'password_must_be_reset',
  'sign_in_count',
  'last_sign_in_at',
  'created_at',
  'updated_at',
  'last_sign_in_ip',
  'last_password_change_at',
  'custom_fields',
];

/** What spreadsheets take for the beginning of a formula; apostrophes before it are doubled, so that one can be taken away. */
const FORMULA = /^'*[=+\-@\t\r]/;
const DEFUSED = /^'+[=+\-@\t\r]/;

const cellOf = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** One line of an export. */
export const csvLineOf = (user: User): string =>
  `${EXPORT_COLUMNS.map((column) => {
    const [bag, name] = column.split('.') as [keyof User, string | undefined];
    return cellOf(name === undefined ? user[bag] : (user.profile as Record<string, unknown>)[name]);
  }).join(',')}\n`;

/** Columns whose names have a dot and then the name of a field inside. */
const BAGS = new Set(['profile', 'user_metadata', 'app_metadata', 'custom_fields', 'password_hash']);
const FLAGS = new Set(['email_verified', 'phone_verified', 'password_must_be_reset']);
const NUMBERS = new Set(
  ['iterations', 'key_length', 'cost', 'block_size', 'parallelization'].map((n) => `password_hash.${n}`),
);

function typedCell(column: string, cell: string): unknown {
  const text = DEFUSED.test(cell) ? cell.slice(1) : cell;
  if (FLAGS.has(column) && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  if (NUMBERS.has(column) && /^\d{1,15}$/.test(text)) return Number(text);
  return text;
}

type Bag = Record<string, unknown>;

/** The object at `path` below `row`, made where it is not there yet. */
function bagAt(row: Bag, path: readonly string[], column: string): Bag {
  return path.reduce((bag, name) => {
    const inner = Object.hasOwn(bag, name) ? bag[name] : undefined;
    if (inner !== undefined && (inner === null || typeof inner !== 'object' || Array.isArray(inner)))
      throw fieldProblem(column, 'type', `${column} can't stand below ${name}, which is no object.`);
    if (inner !== undefined) return inner as Bag;
    const made: Bag = {};
    put(bag, name, made);
    return made;
  }, row);
}

/** Sets an own property whatever its name is. */
const put = (bag: Bag, name: string, value: unknown): void => {
  Object.defineProperty(bag, name, { value, enumerable: true, configurable: true, writable: true });
};

/** The row that cells stand for; an empty cell is a field that is not given. `parse` reads JSON text. */
export function rowOfCells(
  columns: readonly string[],
  cells: readonly string[],
  parse: (text: string) => unknown,
): Bag {
  const row: Bag = {};
  for (const [i, column] of columns.entries()) {
    const cell = cells[i] as string;
    if (cell === '') continue;
    const [bag = '', ...path] = column.split('.');
    if (!BAGS.has(bag)) put(row, column, typedCell(column, cell));
    else if (path.length === 0) Object.assign(bagAt(row, [bag], column), objectOf(column, cell, parse));
    else put(bagAt(row, [bag, ...path.slice(0, -1)], column), path.at(-1) as string, typedCell(column, cell));
  }
  return row;
}

function objectOf(column: string, cell: string, parse: (text: string) => unknown): object {
  let value: unknown;
  try {
    value = parse(cell);
  } catch {}
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw fieldProblem(
      column,
      'type',
      `${column} must hold a JSON object, or stand in columns such as ${column}.name.`,
    );
  return value;
}
