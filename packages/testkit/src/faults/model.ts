/**
 * What the directory is meant to hold, kept by who asked for it. A thing has one possible shape, or two while the outcome of
 * its last change isn't known: the one before it and the one after it. Nothing else is ever right: not half a change, and not
 * a change that was made twice.
 */
import type { ReeveManagement } from '@reeve/sdk';

export type Kind = 'user' | 'group' | 'organization' | 'application';

/** A thing as it shall be, in plain values that can be compared. */
export type Fields = Readonly<Record<string, unknown>>;

/** A shape (undefined: there is none), and what the audit log tells of how it came about. */
export interface Possible {
  readonly shape: Fields | undefined;
  /** Types of events, in their order. */
  readonly events: readonly string[];
}

/** A change that is asked for. */
export interface Change extends Possible {
  readonly what: string;
  /** Asks for it; the key makes it the same request again. */
  readonly ask: (client: ReeveManagement, key: string) => Promise<unknown>;
}

/** A change under its key: asked for again, it is the same request. */
export interface Asked {
  readonly change: Change;
  readonly key: string;
}

export class Thing {
  readonly kind: Kind;
  /** By which it is found where its id was never told. */
  readonly name: string;
  /** Told by the answer to its creation. */
  id: string | undefined;
  /** The change whose outcome isn't known: nothing further is asked of the thing. */
  pending: Asked | undefined;
  /** The last change that was answered, and how. */
  answered: (Asked & { readonly answer: unknown }) | undefined;
  #now: Possible = { shape: undefined, events: [] };

  constructor(kind: Kind, name: string) {
    this.kind = kind;
    this.name = name;
  }

  /** As it is, as far as is known. */
  get shape(): Fields | undefined {
    return this.#now.shape;
  }

  /** What it may be. */
  get possible(): readonly Possible[] {
    return this.pending ? [this.#now, this.#after(this.pending.change)] : [this.#now];
  }

  /** The change was made. */
  made(asked: Asked, answer: unknown): void {
    this.#now = this.#after(asked.change);
    this.pending = undefined;
    this.answered = { ...asked, answer };
    if (this.id === undefined) this.id = (answer as { id: string }).id;
  }

  #after({ shape, events }: Change): Possible {
    return { shape, events: [...this.#now.events, ...events] };
  }
}

/** What a run is to leave behind, and everything that was wrong on the way. */
export class Model {
  readonly things: Thing[] = [];
  /** Usernames that somebody was refused because another user has them. */
  readonly taken = new Set<string>();
  readonly wrongs: string[] = [];

  add(kind: Kind, name: string): Thing {
    const thing = new Thing(kind, name);
    this.things.push(thing);
    return thing;
  }

  remove(thing: Thing): void {
    this.things.splice(this.things.indexOf(thing), 1);
  }

  wrong(text: string): void {
    this.wrongs.push(text);
  }
}
