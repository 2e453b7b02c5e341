/**
 * The members of a stored document as they stand in its text. Who shows most of a user as it is kept need not parse it and
 * write it again, which takes four times as long. Rests on `render`: its fields in its order, all of them, without white space.
 */
import { parse, render, type User } from './document.ts';

/** Where each field stands: the order of `render`. */
export const PLACE = {
  id: 0,
  state: 1,
  email: 2,
  email_verified: 3,
  username: 4,
  phone_number: 5,
  phone_verified: 6,
  name: 7,
  given_name: 8,
  family_name: 9,
  nickname: 10,
  picture: 11,
  profile: 12,
  user_metadata: 13,
  app_metadata: 14,
  connection_id: 15,
  identities: 16,
  has_password: 17,
  password_must_be_reset: 18,
  sign_in_count: 19,
  last_sign_in_at: 20,
  created_at: 21,
  updated_at: 22,
  last_sign_in_ip: 23,
  last_password_change_at: 24,
  custom_fields: 25,
} as const satisfies Record<keyof User, number>;

/** What stands before each value, without the brace or the comma. */
const LABELS = Object.keys(PLACE).map((name) => `"${name}":`);

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN = { list: 0x5b, object: 0x7b } as const;
const CLOSE = { list: 0x5d, object: 0x7d } as const;
const [F, N, T] = [0x66, 0x6e, 0x74];

/** Where a value would end, if the text were a document. */
const NOWHERE = -1;

/** Behind the string that begins at `at`: behind its first quote that no odd number of backslashes stands before. */
function behindString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end > 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((end - before) % 2 === 1) return end + 1;
  }
  return NOWHERE;
}

/** Behind the list or object that begins at `at`. */
function behindBracket(text: string, at: number): number {
  let depth = 0;
  for (let end = at; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === QUOTE) {
      end = behindString(text, end) - 1;
      if (end < 0) return NOWHERE;
    } else if (code === OPEN.object || code === OPEN.list) depth++;
    else if ((code === CLOSE.object || code === CLOSE.list) && --depth === 0) return end + 1;
  }
  return NOWHERE;
}

/** Behind the value that begins at `at`. */
function behind(text: string, at: number): number {
  switch (text.charCodeAt(at)) {
    case QUOTE:
      return behindString(text, at);
    case N:
    case T:
      return at + 4;
    case F:
      return at + 5;
    case OPEN.object:
    case OPEN.list:
      return behindBracket(text, at);
  }
  for (let end = at + 1; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === COMMA || code === CLOSE.object) return end;
  }
  return NOWHERE;
}

/** What a document of an earlier version may lack. */
const MISSING = {
  ...(Object.fromEntries(Object.keys(PLACE).map((name) => [name, null])) as unknown as User),
  profile: {},
  user_metadata: {},
  app_metadata: {},
  custom_fields: {},
};

/** Reads one document after another: what it tells is of the one that was read last. */
export class DocumentText {
  #doc = '';
  readonly #begins = LABELS.map(() => 0);
  readonly #ends = LABELS.map(() => 0);

  /** Throws where the text is no document at all. */
  read(doc: string): void {
    // A server of another version may have written it, with fields that came later or went before.
    if (!this.#isRead(doc) && !this.#isRead(render({ ...MISSING, ...parse(doc) })))
      throw new Error('A stored user is no document.');
  }

  /** Whether the text is of the shape that `render` makes. */
  #isRead(doc: string): boolean {
    this.#doc = doc;
    let at = 0;
    for (let place = 0; place < LABELS.length; place++) {
      const label = LABELS[place] as string;
      if (!doc.startsWith(label, at + 1)) return false;
      const begin = at + 1 + label.length;
      at = behind(doc, begin);
      if (at < 0) return false;
      this.#begins[place] = begin;
      this.#ends[place] = at;
    }
    return at === doc.length - 1;
  }

  isNull(place: number): boolean {
    return this.#doc.charCodeAt(this.#begins[place] as number) === N;
  }

  /** The value's JSON. */
  value(place: number): string {
    return this.#doc.slice(this.#begins[place], this.#ends[place]);
  }

  /** `"name":value`, and those that follow up to `last`, with commas between. */
  members(first: number, last = first): string {
    return this.#doc.slice((this.#begins[first] as number) - (LABELS[first] as string).length, this.#ends[last]);
  }
}
