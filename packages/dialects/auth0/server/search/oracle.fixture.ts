/**
 * For tests: random queries of a user search with what they mean, said by looking at plain users as Auth0 shows them. It
 * shares nothing with the parser or the SQL.
 */

/** `randomOf` of the test-kit. */
interface Random {
  upTo(n: number): number;
  one<T>(values: readonly T[]): T;
  chance(probability: number): boolean;
}

/** A user as Auth0 shows it; absent is absent. */
export interface Shown {
  readonly user_id: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly username?: string;
  readonly phone_number?: string;
  readonly name?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly nickname?: string;
  readonly blocked?: boolean;
  readonly last_ip?: string;
  readonly last_login?: string;
  readonly logins_count: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly user_metadata: object;
  readonly app_metadata: object;
  readonly identities: readonly {
    readonly connection: string;
    readonly provider: string;
    readonly user_id: string;
    readonly profileData?: object;
  }[];
  readonly organization_id: readonly string[];
}

/** A query, and whether it means a user. */
export interface Asked {
  readonly q: string;
  readonly means: (user: Shown) => boolean;
}

const FOLDED = new Set(['email', 'email.domain', 'name', 'given_name', 'family_name', 'nickname']);
const TEXTS = [
  'email',
  'email.raw',
  'email.domain',
  'name',
  'given_name',
  'family_name',
  'nickname',
  'username',
  'phone_number',
  'user_id',
  'identities.user_id',
  'identities.provider',
  'identities.connection',
  'last_ip',
  'organization_id',
] as const;
type TextName = (typeof TEXTS)[number];
const INSTANTS = ['created_at', 'updated_at', 'last_login'] as const;
const BAGS = ['user_metadata', 'app_metadata', 'identities.profileData'] as const;
type BagName = (typeof BAGS)[number];

const fold = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/ς/g, 'σ');

function textsOf(user: Shown, name: TextName): readonly string[] {
  switch (name) {
    case 'email.raw':
      return user.email === undefined ? [] : [user.email];
    case 'email.domain':
      return user.email === undefined ? [] : [user.email.slice(user.email.lastIndexOf('@') + 1)];
    case 'identities.user_id':
      return user.identities.map(({ user_id }) => user_id);
    case 'identities.provider':
      return user.identities.map(({ provider }) => provider);
    case 'identities.connection':
      return user.identities.map(({ connection }) => connection);
    case 'organization_id':
      return user.organization_id;
    default: {
      const text = user[name];
      return text === undefined ? [] : [text];
    }
  }
}

type Leaf = readonly [path: string, value: unknown];

function leavesOf(value: unknown, path = ''): Leaf[] {
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(item, path));
  if (value !== null && typeof value === 'object')
    return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, path === '' ? name : `${path}.${name}`));
  return value === null || value === undefined ? [] : [[path, value]];
}

const bagOf = (user: Shown, bag: BagName): Leaf[] =>
  bag === 'identities.profileData'
    ? user.identities.flatMap(({ profileData }) => leavesOf(profileData))
    : leavesOf(user[bag]);

const squeeze = (text: string): string => fold(text).trim().replace(/\s+/g, ' ');
const WORDY = ['name', 'given_name', 'family_name', 'nickname', 'email', 'username', 'phone_number'] as const;

/** The words in their order, somewhere in a field, between spaces or its ends, unless a side is open. */
function hasWords(user: Shown, text: string, isOpenLeft: boolean, isOpenRight: boolean): boolean {
  const needle = (isOpenLeft ? '' : ' ') + squeeze(text) + (isOpenRight ? '' : ' ');
  return WORDY.some((name) => user[name] !== undefined && ` ${squeeze(user[name])} `.includes(needle));
}

/** Whether a text is of a pattern of which `null` is any text. */
function isLike(text: string, parts: readonly (string | null)[]): boolean {
  const [first, ...rest] = parts;
  if (first === undefined) return text === '';
  if (first !== null) return text.startsWith(first) && isLike(text.slice(first.length), rest);
  if (rest.length === 0) return true;
  for (let i = 0; i <= text.length; i++) if (isLike(text.slice(i), rest)) return true;
  return false;
}

/** Makes random queries about a directory. */
export class Asker {
  readonly #random: Random;
  readonly #users: readonly Shown[];
  readonly #words: readonly string[];

  constructor(random: Random, users: readonly Shown[], words: readonly string[]) {
    this.#random = random;
    this.#users = users;
    this.#words = words;
  }

  ask(depth = 3): Asked {
    const random = this.#random;
    if (depth === 0 || random.chance(0.3)) return this.#clause();
    return random.one([
      () => this.#joined('AND', depth),
      () => this.#joined('OR', depth),
      () => this.#beside(depth),
      () => this.#negated(depth),
    ])();
  }

  #joined(word: 'AND' | 'OR', depth: number): Asked {
    const parts = Array.from({ length: 2 + this.#random.upTo(2) }, () => this.ask(depth - 1));
    const q = parts.map((part) => `(${part.q})`).join(` ${word} `);
    return { q, means: (user) => parts[word === 'AND' ? 'every' : 'some'](({ means }) => means(user)) };
  }

  #negated(depth: number): Asked {
    const { q, means } = this.ask(depth - 1);
    return { q: this.#random.one([`NOT (${q})`, `-(${q})`, `!(${q})`]), means: (user) => !means(user) };
  }

  /** Alternatives side by side, some of them excluded. */
  #beside(depth: number): Asked {
    const wanted = Array.from({ length: 1 + this.#random.upTo(3) }, () => this.ask(depth - 1));
    const unwanted = Array.from({ length: this.#random.upTo(3) }, () => this.ask(depth - 1));
    const q = [...wanted.map((part) => `(${part.q})`), ...unwanted.map((part) => `-(${part.q})`)].join('  ');
    return {
      q,
      means: (user) => wanted.some(({ means }) => means(user)) && !unwanted.some(({ means }) => means(user)),
    };
  }

  #clause(): Asked {
    return this.#random.one([
      () => this.#equality(),
      () => this.#equality(),
      () => this.#wildcard(),
      () => this.#flag(),
      () => this.#count(),
      () => this.#instant(),
      () => this.#leaf(),
      () => this.#exists(),
      () => this.#bare(),
    ])();
  }

  #someText(name: TextName): string {
    const texts = textsOf(this.#random.one(this.#users), name);
    if (texts.length === 0 || this.#random.chance(0.1)) return this.#random.one(this.#words);
    const text = this.#random.one(texts);
    return this.#random.chance(0.3) ? this.#random.one([text.toUpperCase(), text.toLowerCase()]) : text;
  }

  /** Quoted, or as a term; with the escapes that either needs. */
  #spelled(text: string): string {
    if (text === '' || this.#random.chance(0.5)) return `"${text.replace(/["\\]/g, '\\$&')}"`;
    return this.#escaped(text);
  }

  #escaped(text: string): string {
    const escaped = text.replace(/[\s()"[\]{}:*?\\^~/!<>+-]/g, '\\$&');
    return /^(AND|OR|NOT|&&|\|\|)/.test(escaped) ? `\\${escaped}` : escaped;
  }

  #equality(): Asked {
    const name = this.#random.one(TEXTS);
    const text = this.#someText(name);
    const key = FOLDED.has(name) ? fold : (value: string) => value;
    return {
      q: `${name}:${this.#spelled(text)}`,
      means: (user) => textsOf(user, name).some((value) => key(value) === key(text)),
    };
  }

  #wildcard(): Asked {
    const name = this.#random.one(TEXTS);
    const points = [...this.#someText(name)];
    const start = this.#random.upTo(Math.max(1, points.length - 3));
    const piece = points.slice(start, start + 3 + this.#random.upTo(6)).join('');
    if ([...piece].length < 3) return this.#equality();
    const parts = this.#random.one([
      [piece, null],
      [null, piece],
      [null, piece, null],
      [points.slice(0, 3).join(''), null, points.slice(-1).join('')],
    ]);
    if (parts.every((part) => part === null || [...part].length < 3)) return this.#equality();
    const key = FOLDED.has(name) ? fold : (value: string) => value;
    const pattern = parts.map((part) => (part === null ? null : key(part)));
    return {
      q: `${name}:${parts.map((part) => (part === null ? '*' : this.#escaped(part))).join('')}`,
      means: (user) => textsOf(user, name).some((value) => isLike(key(value), pattern)),
    };
  }

  #flag(): Asked {
    const [name, value] = [this.#random.one(['email_verified', 'blocked'] as const), this.#random.chance(0.5)];
    return {
      q: `${name}:${value}`,
      means: (user) => (name === 'blocked' ? (user.blocked ?? false) === value : user.email_verified === value),
    };
  }

  #count(): Asked {
    const [low, high] = [this.#random.upTo(6), this.#random.upTo(6)];
    if (this.#random.chance(0.3)) return { q: `logins_count:${low}`, means: (user) => user.logins_count === low };
    return this.#range(
      'logins_count',
      [String(low), low, low],
      [String(high), high, high],
      (user) => user.logins_count,
    );
  }

  #instant(): Asked {
    const name = this.#random.one(INSTANTS);
    const [early, late] = [this.#moment(name), this.#moment(name)];
    const of = (user: Shown) => (user[name] === undefined ? undefined : Date.parse(user[name]));
    if (this.#random.chance(0.3)) {
      const [spelled, first, last] = early;
      return {
        q: `${name}:"${spelled}"`,
        means: (user) => (of(user) ?? -1) >= first && (of(user) ?? -1) <= last,
      };
    }
    return this.#range(name, early, late, of);
  }

  /** About when something happened: as text, with its first and last millisecond. */
  #moment(name: (typeof INSTANTS)[number]): readonly [string, number, number] {
    const user = this.#random.one(this.#users);
    const text = new Date(Date.parse(user[name] ?? user.created_at) + this.#random.upTo(3) - 1).toISOString();
    return this.#random.one([
      [text, Date.parse(text), Date.parse(text)] as const,
      [
        `${text.slice(0, 19)}Z`,
        Date.parse(`${text.slice(0, 19)}.000Z`),
        Date.parse(`${text.slice(0, 19)}.999Z`),
      ] as const,
      [text.slice(0, 10), Date.parse(text.slice(0, 10)), Date.parse(`${text.slice(0, 10)}T23:59:59.999Z`)] as const,
    ]);
  }

  #range(
    name: string,
    [low, lowFirst, lowLast]: readonly [string, number, number],
    [high, highFirst, highLast]: readonly [string, number, number],
    of: (user: Shown) => number | undefined,
  ): Asked {
    const [open, close] = [this.#random.one(['[', '{']), this.#random.one([']', '}'])];
    const [isFrom, isTo] = [this.#random.chance(0.8), this.#random.chance(0.8)];
    return {
      q: `${name}:${open}${isFrom ? low : '*'} TO ${isTo ? high : '*'}${close}`,
      means: (user) => {
        const value = of(user);
        if (value === undefined) return false;
        if (isFrom && !(open === '[' ? value >= lowFirst : value > lowLast)) return false;
        return !isTo || (close === ']' ? value <= highLast : value < highFirst);
      },
    };
  }

  #someLeaf(bag: BagName): Leaf {
    const leaves = this.#users.flatMap((user) => bagOf(user, bag));
    return leaves.length === 0 || this.#random.chance(0.1) ? ['none', 'x'] : this.#random.one(leaves);
  }

  #leaf(): Asked {
    const bag = this.#random.one(BAGS);
    const [path, value] = this.#someLeaf(bag);
    const text = this.#random.chance(0.15) ? String(value).toUpperCase() : String(value);
    return {
      q: `${bag}.${this.#escaped(path)}:${this.#spelled(text)}`,
      means: (user) => bagOf(user, bag).some(([at, leaf]) => at === path && String(leaf) === text),
    };
  }

  #exists(): Asked {
    if (this.#random.chance(0.5)) {
      const name = this.#random.one(TEXTS);
      return { q: `_exists_:${name}`, means: (user) => textsOf(user, name).length > 0 };
    }
    if (this.#random.chance(0.3)) return { q: '_exists_:last_login', means: (user) => user.last_login !== undefined };
    const bag = this.#random.one(BAGS);
    const [whole] = this.#someLeaf(bag);
    const path = this.#random.one([whole, whole.split('.')[0] as string]);
    return {
      q: `_exists_:${bag}.${this.#escaped(path)}`,
      means: (user) => bagOf(user, bag).some(([at]) => at === path || at.startsWith(`${path}.`)),
    };
  }

  #bare(): Asked {
    const text = this.#someText(this.#random.one(['name', 'given_name', 'nickname', 'email', 'username', 'user_id']));
    if (text.trim() === '') return this.#equality();
    const points = [...text.trim()];
    const piece = points
      .slice(0, 3 + this.#random.upTo(4))
      .join('')
      .trim();
    if (this.#random.chance(0.6) || [...piece].length < 3)
      return {
        q: this.#spelled(text),
        means: (user) => hasWords(user, text, false, false) || user.user_id === text,
      };
    const isOpenLeft = this.#random.chance(0.4);
    return {
      q: `${isOpenLeft ? '*' : ''}${this.#escaped(piece)}*`,
      means: (user) => hasWords(user, piece, isOpenLeft, true),
    };
  }
}
