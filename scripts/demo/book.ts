/**
 * What the directory must hold, kept by the demo beside the server: read from the file at the start, changed by every
 * step that changes someone. In the end the export is compared with it.
 */
import { readFile } from 'node:fs/promises';
import type { User } from '@reeve/sdk';
import type { Expected } from '../make-examples.ts';
import { type CsvRecord, readCsv } from './csv.ts';

/** The fields of a user that the file or the demo decides. */
export type Person = Omit<
  User,
  | 'id'
  | 'connection_id'
  | 'identities'
  | 'created_at'
  | 'updated_at'
  | 'last_sign_in_at'
  | 'last_sign_in_ip'
  | 'last_password_change_at'
>;

/** Someone of the book, and who that is in the directory. */
export interface Entry {
  id: string;
  person: Person;
}

export const people = new URL('../../examples/people.csv', import.meta.url);
const expectation = new URL('../../examples/people.expected.json', import.meta.url);

const blank: Person = {
  state: 'active',
  email: null,
  email_verified: false,
  username: null,
  phone_number: null,
  phone_verified: false,
  name: null,
  given_name: null,
  family_name: null,
  nickname: null,
  picture: null,
  profile: {},
  user_metadata: {},
  app_metadata: {},
  custom_fields: {},
  has_password: false,
  password_must_be_reset: false,
  sign_in_count: 0,
};

/** A cell as a value of the same kind as `like`. An export puts an apostrophe before what looks like a formula. */
const typed = (cell: string, like: unknown): unknown => {
  if (typeof like === 'boolean') return cell === 'true';
  if (typeof like === 'number') return Number(cell);
  if (typeof like === 'object' && like !== null) return JSON.parse(cell);
  return cell.replace(/^'(?='*[=+\-@\t\r])/, '');
};

/** The person that a row of the file or of an export describes; a dot in the column's name leads into an object. */
export function personOf(columns: readonly string[], cells: readonly string[]): Person {
  const person = structuredClone(blank) as { [field: string]: unknown };
  for (const [at, column] of columns.entries()) {
    const cell = cells[at];
    const [field = '', inner] = column.split('.');
    if (!cell) continue;
    if (field === 'password' || field === 'password_hash') person.has_password = true;
    else if (inner !== undefined) (person[field] as { [name: string]: unknown })[inner] = typed(cell, '');
    else if (field in blank) person[field] = typed(cell, blank[field as keyof Person]);
  }
  return person as Person;
}

/** The same fields of a user of the directory. */
export function personIn(user: User): Person {
  const { id, connection_id, identities, created_at, updated_at, ...rest } = user;
  const { last_sign_in_at, last_sign_in_ip, last_password_change_at, ...person } = rest;
  return person;
}

/** What identifies a person in the file and in the directory alike. */
export const keyOf = ({ email, username, phone_number }: Pick<Person, 'email' | 'username' | 'phone_number'>): string =>
  email ?? username ?? phone_number ?? '';

/** A value as search compares it. */
const folded = (text: string): string => text.normalize('NFKC').toLowerCase();

export class Book {
  readonly entries = new Map<string, Entry>();
  readonly expected: Expected;
  /** Of the file. */
  readonly bytes: number;

  private constructor(expected: Expected, bytes: number) {
    this.expected = expected;
    this.bytes = bytes;
  }

  /** Reads the file and what its import must come to. */
  static async read(): Promise<Book> {
    const [file, expected] = await Promise.all([readFile(people, 'utf8'), readFile(expectation, 'utf8')]);
    const book = new Book(JSON.parse(expected) as Expected, Buffer.byteLength(file));
    const wrong = new Set(book.expected.failed.map(({ line }) => line));
    const readable = file.split('\n').map((line, at) => (wrong.has(at + 1) ? '' : line));
    const [header, ...rows] = readCsv(readable.join('\n')) as [CsvRecord, ...CsvRecord[]];
    for (const { line, cells } of rows) {
      if (wrong.has(line)) continue;
      const person = personOf(header.cells, cells);
      book.entries.set(keyOf(person), { id: '', person });
    }
    return book;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The entry behind a key. */
  of(key: string): Entry {
    const entry = this.entries.get(key);
    if (!entry) throw new Error(`Nobody in the file is ${key}.`);
    return entry;
  }

  /** Whom a test holds for, in the order of the file. */
  entriesOf(test: (person: Person) => boolean): Entry[] {
    return [...this.entries.values()].filter(({ person }) => test(person));
  }

  /** Ids of whom a test holds for, sorted. */
  idsOf(test: (person: Person) => boolean): string[] {
    return this.entriesOf(test)
      .map(({ id }) => id)
      .sort();
  }

  /** Ids of whom a search must find: a substring of a name or identifier; under three characters, the prefix of a word. */
  matches(search: string): string[] {
    const needle = folded(search);
    const isPrefix = [...needle].length < 3;
    return this.idsOf((person) =>
      [
        person.name,
        person.given_name,
        person.family_name,
        person.nickname,
        person.email,
        person.username,
        person.phone_number,
      ].some((text) => {
        if (text === null) return false;
        return isPrefix
          ? folded(text)
              .split(/\s+/)
              .some((word) => word.startsWith(needle))
          : folded(text).includes(needle);
      }),
    );
  }
}
