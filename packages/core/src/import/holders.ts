/** Who has the identifiers that rows bring: asked once for each slice, then kept up as its rows are taken. */
import { findIdentities } from '../database/bulk.ts';
import type { Db } from '../database/database.ts';
import { fieldProblem, type Problem } from '../problem.ts';

const COLUMNS = ['email_key', 'username_key', 'phone_key', 'subject'] as const;
type Column = (typeof COLUMNS)[number];
/** `subject`: where the row gives one. */
export type Identifiers = { readonly [C in Column]: string | null };

const TAKEN = {
  email_key: ['email', 'email_taken'],
  username_key: ['username', 'username_taken'],
  phone_key: ['phone_number', 'phone_taken'],
  subject: ['user_id', 'identity_taken'],
} as const;

/** An address stands for none where it begins with a space (see `identities.email_key`). */
const isKey = (key: string | null): key is string => key !== null && !key.startsWith(' ');

/** Row numbers of users by identifier; a row that is about to be inserted stands as its negative place. */
export class Holders {
  readonly #by: Readonly<Record<Column, Map<string, number>>> = {
    email_key: new Map(),
    username_key: new Map(),
    phone_key: new Map(),
    subject: new Map(),
  };

  /** What linked identities have: it is taken, and names no user whom a row could mean. */
  readonly #linked: Readonly<Record<Column, Set<string>>> = {
    email_key: new Set(),
    username_key: new Set(),
    phone_key: new Set(),
    subject: new Set(),
  };

  /** Looks up all identifiers of a slice in a connection. */
  async load(
    db: Db,
    tenantId: number,
    connectionNum: number,
    slice: Readonly<Record<Column, readonly (string | null)[]>>,
  ): Promise<void> {
    for (const column of COLUMNS) {
      const keys = slice[column].filter(isKey);
      if (keys.length === 0) continue;
      for (const { key, user_num, position } of await findIdentities(db, column, tenantId, connectionNum, keys))
        if (position === 0) this.#by[column].set(key, user_num);
        else this.#linked[column].add(key);
    }
  }

  /** The user whom a row means: by e-mail address, else username, else phone number. */
  find(row: Identifiers): number | undefined {
    for (const column of COLUMNS) {
      const key = row[column];
      const num = isKey(key) ? this.#by[column].get(key) : undefined;
      if (num !== undefined) return num;
    }
    return undefined;
  }

  /** What is wrong with giving these identifiers to `num`: one of them is somebody else's. */
  conflict(row: Identifiers, num: number | undefined): Problem | undefined {
    for (const column of COLUMNS) {
      const key = row[column];
      if (!isKey(key)) continue;
      const holder = this.#by[column].get(key);
      const isTaken = this.#linked[column].has(key) || (holder !== undefined && holder !== num);
      if (!isTaken) continue;
      const [field, code] = TAKEN[column];
      return fieldProblem(
        field,
        'unique',
        `Another user of this connection has this ${field.replace('_', ' ')}.`,
        code,
      );
    }
    return undefined;
  }

  /** From now on `num` has these identifiers, and no longer those. */
  move(num: number, given: Identifiers, former?: Identifiers): void {
    for (const column of COLUMNS) {
      const [old, key] = [former?.[column], given[column]];
      if (old && this.#by[column].get(old) === num) this.#by[column].delete(old);
      if (isKey(key)) this.#by[column].set(key, num);
    }
  }
}
