/** Judges rows and drafts their users: everything of an import that needs no database. */
import type { ImportRow, PasswordPolicy, RowError, UserCreate } from '@reeve/contract';
import { judgePasswordHash, storedHashOf } from '../credentials/imported-hash.ts';
import { checkPassword } from '../credentials/policy.ts';
import { newId } from '../id.ts';
import { fieldProblem, Problem } from '../problem.ts';
import { leavesOf } from '../users/document.ts';
import { appendUser, emptyColumns } from '../users/users.bulk.ts';
import { draftUser, requireIdentifier } from '../users/users.ts';
import { rowOfCells } from './cells.ts';
import type { ImportMode, Slice } from './slice.ts';
import type { SourceRow } from './source.ts';

export interface PrepareOptions {
  readonly mode: ImportMode;
  readonly connection: { readonly id: string; readonly policy: PasswordPolicy };
  /** Parses JSON text. Throws a problem. */
  readonly parse: (text: string) => unknown;
  /** Judges a row by its schema. Throws a problem. */
  readonly judge: (row: unknown) => unknown;
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
];

/** A row as it was parsed; nothing of it is judged yet. */
export interface ReadRow {
  readonly line: number;
  readonly value: unknown;
  /** Why it can't be read. */
  readonly problem: Problem | undefined;
  /** The text is no JSON at all. */
  readonly isNoJson: boolean;
}

/** Parses a row. `parse` reads JSON text, or throws a problem. */
export function readRow({ line, text, cells, broken }: SourceRow, parse: (text: string) => unknown): ReadRow {
  let problem: Problem | undefined;
  if (broken !== undefined) problem = new Problem('invalid_request', broken);
  else if (!text.isWellFormed()) problem = new Problem('invalid_request', 'The row is not valid UTF-8.');
  if (problem) return { line, value: undefined, problem, isNoJson: false };
  try {
    const value = cells ? rowOfCells(cells.columns, cells.values, parse) : parse(text);
    return { line, value, problem: undefined, isNoJson: false };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { line, value: undefined, problem: error, isNoJson: cells === undefined && !isJson(text) };
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
  readonly #failures: RowError[] = [];
  readonly #users = emptyColumns();
  readonly #lines: number[] = [];
  readonly #keys: (string | null)[] = [];
  readonly #patches: string[] = [];
  rows = 0;

  constructor(options: PrepareOptions) {
    this.#options = options;
  }

  add({ line, value, problem }: ReadRow): void {
    this.rows++;
    try {
      if (problem) throw problem;
      this.#prepare(line, value);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#failures.push(failureOf(line, keyOfRow(value), error));
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
    };
  }

  #prepare(line: number, value: unknown): void {
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      throw new Problem('invalid_request', 'A row must be an object.');
    for (const name of READ_ONLY) if (name in value) delete (value as Record<string, unknown>)[name];
    const row = this.#options.judge(value) as ImportRow;
    const { mode, connection, now } = this.#options;
    const imported = importedHash(row);
    if (row.password !== undefined) checkPassword(connection.policy, row.password);
    const { password_hash: _hash, state, ...body } = row;
    const at = now();
    const draft = draftUser({ now: at, newId: (prefix) => newId(prefix, at) }, connection.id, body as UserCreate);
    requireIdentifier(draft);
    if (state !== undefined) draft.state = state;
    if (imported !== null) draft.has_password = true;
    if (mode === 'upsert') this.#keepPatch(row);
    appendUser(this.#users, draft, imported);
    this.#lines.push(line);
    this.#keys.push(draft.email ?? draft.username ?? draft.phone_number);
    if (row.password !== undefined && mode !== 'dry_run') this.#hash(row.password);
  }

  #keepPatch({ password: _password, password_hash: _hash, ...patch }: ImportRow): void {
    // A patch is judged as a whole document: its nulls clear and so are no leaves.
    for (const [bag, metadata] of [
      ['user', patch.user_metadata],
      ['app', patch.app_metadata],
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

/** A problem as the failure of one row. */
export const failureOf = (line: number, key: string | null, problem: Problem): RowError => ({
  line,
  key,
  code: problem.code,
  field: problem.errors?.[0]?.field || null,
  message: problem.message.slice(0, MESSAGE_LIMIT),
});
