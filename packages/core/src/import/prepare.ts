/** Judges rows and drafts their users: everything of an import that needs no database. */
import type { FieldError, ImportRow, UserCreate } from '@reeve/contract';
import { prepare } from '../authentication-methods/draft.ts';
import { judgePasswordHash, storedHashOf } from '../credentials/imported-hash.ts';
import { checkPassword } from '../credentials/policy.ts';
import { type FieldDefinition, judgedValues, valueOfText } from '../custom-fields/values.ts';
import { redact } from '../events/redact.ts';
import { newId } from '../id.ts';
import type { Bag } from '../metadata.ts';
import { fieldProblem, Problem } from '../problem.ts';
import { leavesOf } from '../users/document.ts';
import { appendUser, emptyColumns } from '../users/users.bulk.ts';
import { draftUser, requireIdentifier } from '../users/users.ts';
import { rowOfCells } from './cells.ts';
import type {
  Extras,
  FailureDetails,
  ImportConnection,
  ImportMode,
  RowFailure,
  Slice,
  TranslatedRow,
} from './slice.ts';
import type { SourceRow } from './source.ts';

export interface PrepareOptions {
  readonly mode: ImportMode;
  readonly connection: Pick<ImportConnection, 'id' | 'policy' | 'customFields'>;
  /** Parses JSON text. Throws a problem. */
  readonly parse: (text: string) => unknown;
  /** Judges a row by its schema. Throws a problem. */
  readonly judge: (row: unknown) => unknown;
  /** Turns a row of a vendor's file into a native one. Throws a problem. Absent: the rows are native. */
  readonly translate?: ((row: unknown) => TranslatedRow) | undefined;
  readonly hash: (password: string) => Promise<string>;
  readonly now: () => number;
}

/** What an export tells of a user and an import does not take. */
const READ_ONLY = [
  'id',
  'connection_id',
  'identities',
  'has_password',
  'sign_in_count',
  'last_sign_in_at',
  'created_at',
  'updated_at',
  'last_sign_in_ip',
  'last_password_change_at',
];

/** A row as it was parsed; nothing of it is judged yet. */
export interface ReadRow {
  readonly line: number;
  readonly value: unknown;
  /** Why it can't be read. */
  readonly problem: Problem | undefined;
  /** The text is no JSON at all. */
  readonly isNoJson: boolean;
  /** It came as cells: a value of another kind may have come as text. */
  readonly isCells: boolean;
}

/** Parses a row. `parse` reads JSON text, or throws a problem. */
export function readRow({ line, text, cells, broken }: SourceRow, parse: (text: string) => unknown): ReadRow {
  const isCells = cells !== undefined;
  let problem: Problem | undefined;
  if (broken !== undefined) problem = new Problem('invalid_request', broken);
  else if (!text.isWellFormed()) problem = new Problem('invalid_request', 'The row is not valid UTF-8.');
  if (problem) return { line, value: undefined, problem, isNoJson: false, isCells };
  try {
    const value = cells ? rowOfCells(cells.columns, cells.values, parse) : parse(text);
    return { line, value, problem: undefined, isNoJson: false, isCells };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { line, value: undefined, problem: error, isNoJson: !isCells && !isJson(text), isCells };
  }
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** Gathers rows into a slice. */
export class SliceMaker {
  readonly #options: PrepareOptions;
  readonly #hashes: Promise<void>[] = [];
  readonly #failures: RowFailure[] = [];
  readonly #users = emptyColumns();
  readonly #lines: number[] = [];
  readonly #keys: (string | null)[] = [];
  readonly #patches: string[] = [];
  readonly #extras: Extras[] = [];
  readonly #fields = new Set<string>();
  rows = 0;

  constructor(options: PrepareOptions) {
    this.#options = options;
  }

  add({ line, value, problem, isCells }: ReadRow): void {
    this.rows++;
    try {
      if (problem) throw problem;
      this.#prepare(line, value, isCells);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const original = this.#options.translate && originalOf(value);
      this.#failures.push(failureOf(line, keyOfRow(value), error, original));
    }
  }

  /** `place`: where in its file the slice ends. */
  async finish(place: Pick<Slice, 'digest' | 'windowRows' | 'windowDone'>): Promise<Slice> {
    await Promise.all(this.#hashes);
    return {
      ...place,
      rows: this.rows,
      failures: this.#failures,
      users: this.#users,
      lines: this.#lines,
      keys: this.#keys,
      patches: this.#patches,
      extras: this.#extras,
      fields: [...this.#fields],
    };
  }

  #prepare(line: number, value: unknown, isCells: boolean): void {
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      throw new Problem('invalid_request', 'A row must be an object.');
    const { mode, connection, now, translate } = this.#options;
    const original = translate && originalOf(value);
    const translated = translate?.(value);
    if (!translated) for (const name of READ_ONLY) if (name in value) delete (value as Record<string, unknown>)[name];
    const row = this.#withJudgedFields(this.#options.judge(translated?.row ?? value) as ImportRow, isCells);
    const imported = importedHash(row);
    if (row.password !== undefined) checkPassword(connection.policy, row.password);
    const { password_hash: _hash, state, ...body } = row;
    const at = now();
    const draft = draftUser({ now: at, newId: (prefix) => newId(prefix, at) }, connection.id, body as UserCreate);
    requireIdentifier(draft);
    for (const [i, factor] of (translated?.factors ?? []).entries()) prepare(factor, `mfa_factors.${i}.`);
    if (state !== undefined) draft.state = state;
    if (imported !== null) draft.has_password = true;
    if (translated && translated.subject !== null) {
      const [primary] = draft.identities;
      if (primary) primary.subject = translated.subject;
    }
    if (mode === 'upsert') this.#keepPatch(translated ? (translated.patch as ImportRow) : row);
    appendUser(this.#users, draft, imported);
    if (translated && original !== undefined)
      this.#extras.push({ subject: translated.subject, factors: translated.factors, original });
    this.#lines.push(line);
    this.#keys.push(draft.email ?? draft.username ?? draft.phone_number);
    if (row.password !== undefined && mode !== 'dry_run') this.#hash(row.password);
  }

  /** The row with the values of custom fields as they are kept. */
  #withJudgedFields(row: ImportRow, isCells: boolean): ImportRow {
    const { custom_fields: values } = row;
    if (!values) return row;
    const { customFields } = this.#options.connection;
    const judged = judgedValues(customFields, isCells ? typedCells(customFields, values) : values);
    for (const key of Object.keys(judged)) this.#fields.add(key);
    return { ...row, custom_fields: judged };
  }

  #keepPatch({ password: _password, password_hash: _hash, ...patch }: ImportRow): void {
    // A patch is judged as a whole document: its nulls clear and so are no leaves.
    for (const [bag, metadata] of [
      ['user', patch.user_metadata],
      ['app', patch.app_metadata],
      ['custom', patch.custom_fields],
    ] as const)
      if (metadata) leavesOf(bag, metadata);
    this.#patches.push(JSON.stringify(patch));
  }

  #hash(password: string): void {
    const place = this.#users.id.length - 1;
    this.#hashes.push(
      this.#options.hash(password).then((hash) => {
        this.#users.password_hash[place] = hash;
      }),
    );
  }
}

/** A cell of its own (`custom_fields.age`) holds text: what it means, the definition says. */
const typedCells = (definitions: readonly FieldDefinition[], values: Bag): Bag =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const type = definitions.find((one) => one.key === key)?.type;
      return [key, type !== undefined && typeof value === 'string' ? valueOfText(type, value) : value];
    }),
  );

function importedHash(row: ImportRow): string | null {
  if (row.password_hash === undefined) return null;
  if (row.password !== undefined)
    throw fieldProblem('password_hash', 'exclusive', 'A row may have password or password_hash, not both.');
  const [wrong] = judgePasswordHash(row.password_hash);
  if (wrong) throw fieldProblem(wrong.field, wrong.code, `password_hash.${wrong.message}.`);
  return storedHashOf(row.password_hash);
}

const keyOfRow = (value: unknown): string | null => {
  const row = (value ?? {}) as Record<string, unknown>;
  const key = [row.email, row.username, row.phone_number].find((text) => typeof text === 'string' && text !== '');
  return typeof key === 'string' ? key.slice(0, 254) : null;
};

const MESSAGE_LIMIT = 500;

/** Rows that are longer are kept by their identifiers alone. */
const ORIGINAL_LIMIT = 65_536;
const IDENTIFIERS = ['user_id', 'email', 'username', 'phone_number'];
const IDENTIFIER_LIMIT = 512;
/** What is a secret of a row whatever the names inside it are. */
const SECRETS = ['password', 'password_hash', 'custom_password_hash', 'mfa_factors'];

/** A vendor's row as it may be kept and shown: without its secrets. */
function originalOf(value: unknown): string {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'null';
  const shown = Object.fromEntries(Object.entries(value).filter(([name]) => !SECRETS.includes(name)));
  const text = JSON.stringify(redact(shown));
  if (text.length <= ORIGINAL_LIMIT) return text;
  const names = Object.entries(shown).filter(
    ([name, given]) => IDENTIFIERS.includes(name) && typeof given === 'string' && given.length <= IDENTIFIER_LIMIT,
  );
  return JSON.stringify(Object.fromEntries(names));
}

const detailsOf = (original: string, errors: readonly FieldError[] | undefined): string =>
  `{"row":${original},"errors":${JSON.stringify(errors ?? [])}}`;

/** What `detailsOf` made. */
export const readDetails = (text: string): FailureDetails => JSON.parse(text) as FailureDetails;

/** A problem as the failure of one row. `original`: of a vendor's file, the row as it may be kept. */
export const failureOf = (line: number, key: string | null, problem: Problem, original?: string): RowFailure => ({
  line,
  key,
  code: problem.code,
  field: problem.errors?.[0]?.field || null,
  message: problem.message.slice(0, MESSAGE_LIMIT),
  details: original === undefined ? null : detailsOf(original, problem.errors),
});
