/**
 * Makes examples/people.csv and examples/people.expected.json: ten thousand made-up people and some wrong rows, the
 * same at every run. `node scripts/make-examples.ts` writes the files; a test holds them to this source.
 */
import { writeFileSync } from 'node:fs';
import { type Culture, cultures } from './example-names.ts';
import { type Cells, type Fault, LATIN1_E, wrongRows } from './example-wrong-rows.ts';

const SEED = 1086;
const PEOPLE = 10_000;
const HASHED = 400;
const PLAIN = 6;

const columns = [
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
  'profile.locale',
  'profile.zoneinfo',
  'profile.company',
  'profile.birthdate',
  'profile.street_address',
  'profile.locality',
  'profile.country',
  'user_metadata.theme',
  'user_metadata.newsletter',
  'app_metadata.plan',
  'app_metadata.department',
  'app_metadata.employee_number',
  'password',
  'password_hash.algorithm',
  'password_hash.value',
] as const;

/** bcrypt, cost 10, in the three spellings that are about. */
const hashes: readonly { readonly password: string; readonly value: string }[] = [
  { password: 'winter-harbour-42', value: '$2b$10$lTNJgj/1W2R.gVimB5bDwO2X2/7kthejsCiXPX4/LRWPPgNgmkIXC' },
  { password: 'papiers-peints 1900', value: '$2a$10$0b9wEKNd6Q.c1mFhDSg/1.BtccrGH7R5b2jMUsN8XNMBBJXMuw1Jq' },
  { password: 'Обычный пароль 7', value: '$2b$10$s1wxK5ZRbUQeGrZySrXo1eV02ArzB12x9FGiE0rhOpIRWvHdDSm1y' },
  { password: 'tulips&turnips', value: '$2y$10$YhG90eoBHLGDgY2VyrFPxuKCOfXQ8mAYMtPeM2heC6Tft/yePW3J2' },
];

/** What an import of the file must come to. */
export interface Expected {
  readonly rows: number;
  readonly inserted: number;
  /** In the order of the file; `line` counts from 1, the header's. */
  readonly failed: readonly ({ readonly line: number } & Fault)[];
  /** People who sign in with the password that they had before the import. */
  readonly sign_in: readonly { readonly email: string; readonly password: string; readonly stored: string }[];
}

/** A generator of numbers in [0, 1): mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Name {
  readonly native: string;
  readonly latin: string;
}

const specialLetters: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  æ: 'ae',
  œ: 'oe',
  ı: 'i',
};

const latinOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[ßøłđðþæœı]/g, (letter) => specialLetters[letter] as string)
    .normalize('NFD')
    .replace(/[^a-z0-9]/g, '');

const nameOf = (entry: string): Name => {
  const [native = '', latin = latinOf(native)] = entry.split('=');
  return { native: native.replaceAll('_', ' '), latin };
};

interface Names {
  readonly culture: Culture;
  readonly cities: readonly string[];
  readonly women: readonly Name[];
  readonly men: readonly Name[];
  /** Feminine form, masculine form. */
  readonly families: readonly (readonly [Name, Name])[];
}

const poolOf = (culture: Culture): Names => ({
  culture,
  cities: culture.cities.split(' ').map((city) => city.replaceAll('_', ' ')),
  women: culture.women.split(' ').map(nameOf),
  men: culture.men.split(' ').map(nameOf),
  families: culture.families.split(' ').map((entry) => {
    const [man = '', woman = man] = entry.split('/');
    return [nameOf(woman), nameOf(man)];
  }),
});

const firstWords =
  'Aurora Bellwether Cobalt Dovetail Ember Fathom Gable Harlow Inkwell Juniper Kestrel Lantern Meridian Nettle Osprey Pilchard Quarry Rowan Saffron Tidewater'.split(
    ' ',
  );
const lastWords = [
  'Mills',
  'Logistics',
  'Finch & Sons',
  'Instruments',
  'Press',
  'Foods, Ltd.',
  'Shipping',
  '"Die Werkstatt"',
];
const departments = ['Engineering', 'Sales', 'Support', 'Finance', 'People', 'Legal', 'Warehouse', 'Research'];
const plans = ['free', 'free', 'free', 'team', 'team', 'enterprise'];
const themes = ['light', 'dark', 'system'];
const nicknames = ['Bibi', 'Coco', 'Max, the elder', '"Red"', 'Зая', 'たま', '小虎', 'Nono', 'Ζουζού', 'Doc'];
const streets = [
  'Harbour Row',
  'Lindenallee',
  'rue du Puits',
  'Ulica Polna',
  'Calle Mayor',
  'улица Садовая',
  'İnönü Caddesi',
];

/** Ranges that the numbering authorities keep for fiction. */
const phoneRanges: readonly ((random: (below: number) => number) => string)[] = [
  (random) => `+1${[202, 212, 303, 312, 404, 415, 503, 512, 602, 615, 617, 702][random(12)]}55501${two(random(100))}`,
  (random) => `+447700900${three(random(1000))}`,
  (random) => `+441632960${three(random(1000))}`,
  (random) =>
    `+${['44113', '44114', '44115', '44117', '44131', '44141', '44151', '44161'][random(8)]}4960${three(random(1000))}`,
  (random) => `+3363998${four(random(10_000))}`,
  (random) => `+33${['19900', '26191', '35301', '46571', '53649'][random(5)]}${four(random(10_000))}`,
  (random) => `+61${[2, 3, 7, 8][random(4)]}5550${four(random(10_000))}`,
  (random) => `+493023125${three(random(1000))}`,
  (random) => `+498999998${three(random(1000))}`,
];
const two = (number: number) => String(number).padStart(2, '0');
const three = (number: number) => String(number).padStart(3, '0');
const four = (number: number) => String(number).padStart(4, '0');

/** Draws people one after another; no e-mail address, username or phone number comes twice. */
class Population {
  readonly #random = randomFrom(SEED);
  readonly #pools = cultures.map(poolOf);
  readonly #taken = new Set<string>();
  #count = 0;

  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  home(): Names {
    return this.pick(this.#pools);
  }

  /** Someone who works at `company`, whose people mostly speak the language of `home`. */
  person(company: { readonly name: string; readonly domain: string }, home: Names): Cells {
    const number = ++this.#count;
    const pool = this.chance(0.65) ? home : this.home();
    const { culture } = pool;
    const isWoman = this.chance(0.5);
    const given = this.pick(isWoman ? pool.women : pool.men);
    const family = (this.pick(pool.families) as readonly [Name, Name])[isWoman ? 0 : 1];
    const order = culture.isFamilyFirst ? [family.native, given.native] : [given.native, family.native];
    const cells: Cells = {
      name: order.join(culture.isJoined ? '' : ' '),
      given_name: given.native,
      family_name: family.native,
      'profile.locale': culture.locale,
      'profile.zoneinfo': culture.zone,
      'profile.company': company.name,
      'profile.locality': this.pick(pool.cities),
      'profile.country': culture.country,
      'app_metadata.plan': this.pick(plans),
      'app_metadata.department': this.pick(departments),
      'app_metadata.employee_number': String(number).padStart(6, '0'),
    };
    this.#identify(cells, given, family, company.domain);
    this.#adorn(cells, number);
    return cells;
  }

  #identify(cells: Cells, given: Name, family: Name, domain: string): void {
    const kind = this.#random();
    if (kind < 0.95) {
      const host = this.chance(0.72) ? domain : this.pick(['example.com', 'example.org', 'example.net']);
      const local = this.#free(`${given.latin}.${family.latin}`, (name) => `${name}@${host}`);
      cells.email = `${this.chance(0.03) ? local.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()) : local}@${host}`;
      if (this.chance(0.8)) cells.email_verified = this.chance(0.9) ? 'true' : 'false';
    }
    if (kind >= 0.97 || this.chance(0.3))
      cells.username = this.#free(`${given.latin.slice(0, 1)}${family.latin}`, (name) => `@${name}`);
    if ((kind >= 0.95 && kind < 0.97) || this.chance(0.55)) {
      cells.phone_number = this.#phone();
      if (this.chance(0.5)) cells.phone_verified = this.chance(0.8) ? 'true' : 'false';
    }
  }

  #adorn(cells: Cells, number: number): void {
    if (this.chance(0.08)) cells.nickname = this.pick(nicknames);
    if (this.chance(0.2)) cells.picture = `https://pictures.example/${number}.png`;
    if (this.chance(0.4))
      cells['profile.birthdate'] = `${1955 + this.below(50)}-${two(1 + this.below(12))}-${two(1 + this.below(28))}`;
    if (this.chance(0.1)) {
      const floor = this.chance(0.3) ? `\nFloor ${1 + this.below(9)}` : '';
      cells['profile.street_address'] = `${this.pick(streets)} ${1 + this.below(190)}${floor}`;
    }
    if (this.chance(0.5)) cells['user_metadata.theme'] = this.pick(themes);
    if (this.chance(0.4)) cells['user_metadata.newsletter'] = this.chance(0.5) ? 'true' : 'false';
  }

  /** `name`, with a number behind it where it is taken. */
  #free(name: string, keyOf: (name: string) => string): string {
    for (let number = 1; ; number++) {
      const free = number === 1 ? name : `${name}${number}`;
      if (this.#take(keyOf(free))) return free;
    }
  }

  #phone(): string {
    for (;;) {
      const phone = this.pick(phoneRanges)((bound) => this.below(bound));
      if (this.#take(phone)) return phone;
    }
  }

  #take(key: string): boolean {
    if (this.#taken.has(key)) return false;
    this.#taken.add(key);
    return true;
  }
}

const companies = firstWords.flatMap((first) =>
  lastWords.map((last) => {
    const name = `${first} ${last}`;
    return {
      name,
      domain: `${name
        .toLowerCase()
        .replace(/[^a-z]+/g, '-')
        .replace(/-$/, '')}.example`,
    };
  }),
);

/** The good rows, company by company. */
function drawPeople(population: Population): Cells[] {
  const people: Cells[] = [];
  for (const [at, company] of companies.entries()) {
    const left = companies.length - at;
    const fair = (PEOPLE - people.length) / left;
    const size = left === 1 ? PEOPLE - people.length : Math.round(fair * (0.4 + population.below(120) / 100));
    const home = population.home();
    for (let i = 0; i < size; i++) people.push(population.person(company, home));
  }
  return people;
}

/** Gives some people with an e-mail address the password they have had; returns one of each kind. */
function setPasswords(population: Population, people: readonly Cells[]): Expected['sign_in'] {
  const samples = new Map<string, Expected['sign_in'][number]>();
  const free = people.filter(({ email }) => email !== undefined);
  for (let i = 0; i < HASHED + PLAIN; i++) {
    const [cells] = free.splice(population.below(free.length), 1) as [Cells];
    const email = cells.email as string;
    if (i < HASHED) {
      const { password, value } = hashes[i % hashes.length] as (typeof hashes)[number];
      cells['password_hash.algorithm'] = 'bcrypt';
      cells['password_hash.value'] = value;
      samples.set(value, { email, password, stored: value.slice(0, 7) });
    } else {
      cells.password = `first-day-${10_000 + population.below(90_000)}`;
      samples.set('plain', { email, password: cells.password, stored: 'plain' });
    }
  }
  return [...samples.values()];
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** The text of one row, line end included. */
const lineOf = (cells: Cells): string => `${columns.map((column) => quoted(cells[column] ?? '')).join(',')}\n`;

/** Makes both files. */
export function makeExamples(): { readonly csv: Buffer; readonly expected: Expected } {
  const population = new Population();
  const people = drawPeople(population);
  const sign_in = setPasswords(population, people);
  const wrong = wrongRows({
    people,
    draw: () => population.person(population.pick(companies), population.home()),
    below: (bound) => population.below(bound),
  });
  const failed: Expected['failed'][number][] = [];
  let csv = `${columns.join(',')}\n`;
  let line = 2;
  const add = (row: string) => {
    csv += row;
    line += row.split('\n').length - 1;
  };
  for (let at = 0; at <= people.length; at++) {
    for (const { cells, fault, text } of wrong.filter(({ before }) => before === at)) {
      failed.push({ line, ...fault });
      add(text ? `${text(columns.map((column) => quoted(cells[column] ?? '')))}\n` : lineOf(cells));
    }
    const good = people[at];
    if (good) add(lineOf(good));
  }
  return { csv: bytesOf(csv), expected: { rows: PEOPLE + failed.length, inserted: PEOPLE, failed, sign_in } };
}

/** UTF-8, but for the one place that is meant to be none. */
const bytesOf = (text: string): Buffer =>
  Buffer.concat(
    text.split(LATIN1_E).flatMap((part, at) => [...(at > 0 ? [Buffer.from([0xe9])] : []), Buffer.from(part)]),
  );

if (import.meta.main) {
  const { csv, expected } = makeExamples();
  writeFileSync(new URL('../examples/people.csv', import.meta.url), csv);
  writeFileSync(new URL('../examples/people.expected.json', import.meta.url), `${JSON.stringify(expected, null, 2)}\n`);
  console.log(`${expected.rows} rows, ${expected.failed.length} of them wrong`);
}
