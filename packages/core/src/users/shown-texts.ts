/**
 * What a dialect made of users whom it showed lately. Whoever asks again, as pages of the newest users are asked for, is given
 * the same text: nothing is shown unless all that it was made of is what it was. Who is seen once, as on a walk through all
 * pages, is not kept.
 */
import type { ShownUser } from './shown-users.ts';

interface Made {
  readonly of: ShownUser;
  readonly text: string;
}

/** Characters of documents and texts in a generation, of which two are kept: about six hundred users each. */
const CHARACTERS = 1_000_000;
const SEEN = 1000;
/** The end of `{"id":"usr_…"`, which no two users share but by chance; so short that it is a text of its own, not a part of the document's. */
const endOfId = ({ doc }: ShownUser): string => doc.slice(25, 37);

export class ShownTexts {
  #young = new Map<string, Made>();
  #old: ReadonlyMap<string, Made> = new Map();
  #characters = 0;
  readonly #seen = new Set<string>();

  /** The text that was made of an equal user; undefined where none is known. */
  find(user: ShownUser): string | undefined {
    const key = endOfId(user);
    const young = this.#young.get(key);
    const made = young ?? this.#old.get(key);
    if (made?.of.doc !== user.doc || made.of.connection !== user.connection || made.of.factors !== user.factors)
      return undefined;
    if (!young) this.#keep(key, made);
    return made.text;
  }

  /** What was made of a user and of nothing else; it is kept if the user was seen before. */
  keep(of: ShownUser, text: string): string {
    const key = endOfId(of);
    if (this.#seen.has(key)) this.#keep(key, { of, text });
    else {
      if (this.#seen.size >= SEEN) this.#seen.clear();
      this.#seen.add(key);
    }
    return text;
  }

  #keep(key: string, made: Made): void {
    this.#characters += made.of.doc.length + made.text.length;
    if (this.#characters > CHARACTERS) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#characters = made.of.doc.length + made.text.length;
    }
    this.#young.set(key, made);
  }
}
