/**
 * Members of a stored document, cut from its text. Who shows most of a user as it is kept need not parse it and write it
 * again, which takes four times as long. Rests on `render`: its fields in its order, all of them, without white space.
 */
import { parse, type User } from './document.ts';

/** The order of `render`. */
const ORDER: Readonly<Record<keyof User, true>> = {
  id: true,
  state: true,
  email: true,
  email_verified: true,
  username: true,
  phone_number: true,
  phone_verified: true,
  name: true,
  given_name: true,
  family_name: true,
  nickname: true,
  picture: true,
  profile: true,
  user_metadata: true,
  app_metadata: true,
  connection_id: true,
  identities: true,
  has_password: true,
  password_must_be_reset: true,
  sign_in_count: true,
  last_sign_in_at: true,
  created_at: true,
  updated_at: true,
  last_sign_in_ip: true,
  last_password_change_at: true,
  custom_fields: true,
};
const NAMES = Object.keys(ORDER) as (keyof User)[];

const TEXT = '"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"';
/** Objects in objects; what nests deeper is parsed. Each alternative begins with another character, so that nothing is tried twice. */
const LEVELS = 5;
const objectOf = (within: string) => `\\{[^{}"]*(?:(?:${within})[^{}"]*)*\\}`;
const OBJECT = Array.from({ length: LEVELS }).reduce((within: string) => objectOf(`${TEXT}|${within}`), objectOf(TEXT));
const VALUES: { readonly [K in keyof User]?: string } = {
  profile: OBJECT,
  user_metadata: OBJECT,
  app_metadata: OBJECT,
  custom_fields: OBJECT,
  identities: `\\[[^{}\\]"]*(?:(?:${OBJECT})[^{}\\]"]*)*\\]`,
};
const anyValue = (name: keyof User) => VALUES[name] ?? `(?:${TEXT}|[\\w.+-]+)`;
const membersOf = (names: readonly (keyof User)[], value: (name: keyof User) => string) =>
  names.map((name) => `"${name}":${value(name)}`).join(',');

/** What a document of an earlier version may lack. */
const MISSING = {
  ...(Object.fromEntries(NAMES.map((name) => [name, null])) as unknown as User),
  profile: {},
  user_metadata: {},
  app_metadata: {},
  custom_fields: {},
};

/** Members that stand together, by the first and the last of them. */
export type Cut = readonly [first: keyof User, last: keyof User];

export class DocumentCutter {
  readonly #cuts: readonly (readonly (keyof User)[])[];
  /** A document as `render` writes it; a group for each cut. */
  readonly #pattern: RegExp;

  /** `cuts`: in the order of the document, none into another. */
  constructor(cuts: readonly Cut[]) {
    this.#cuts = cuts.map(([first, last]) => NAMES.slice(NAMES.indexOf(first), NAMES.indexOf(last) + 1));
    const parts: string[] = [];
    for (let place = 0; place < NAMES.length; ) {
      const name = NAMES[place] as keyof User;
      const names = this.#cuts.find(([first]) => first === name);
      const text = (value: string) => membersOf(names ?? [name], (each) => (each === name ? value : anyValue(each)));
      // The two exclude each other, so that nothing is tried twice here either.
      parts.push(names ? `(?:${text('null')}|(${text(`(?!null)${anyValue(name)}`)}))` : text(anyValue(name)));
      place += names?.length ?? 1;
    }
    this.#pattern = new RegExp(`^\\{${parts.join(',')}\\}$`);
  }

  /**
   * The cuts of a document, as they stand in its text: `"name":value,"name":value`; undefined where the first value is null.
   * From place 1 on: what is at place 0 means nothing. Throws where the text is no document at all.
   */
  read(doc: string): readonly (string | undefined)[] {
    // A server of another version may have written it, with fields that came later or went before.
    return this.#matched(doc) ?? this.#parsed(doc);
  }

  #matched(doc: string): readonly (string | undefined)[] | null {
    try {
      return this.#pattern.exec(doc);
    } catch (error) {
      // Millions of members leave the expression without a stack.
      if (error instanceof RangeError) return null;
      throw error;
    }
  }

  #parsed(doc: string): readonly (string | undefined)[] {
    const user: User = { ...MISSING, ...parse(doc) };
    return [
      doc,
      ...this.#cuts.map((names) =>
        user[names[0] as keyof User] === null ? undefined : membersOf(names, (name) => JSON.stringify(user[name])),
      ),
    ];
  }
}
