/**
 * The wrong rows of the example people: what goes wrong in files that people really have, one row for each, and the
 * code and field by which an import must refuse it. Each is an otherwise blameless new person.
 */

/** One row by column; an absent cell is empty. */
export type Cells = Record<string, string>;

/** How a row must be refused. */
export interface Fault {
  readonly key: string | null;
  readonly code: string;
  readonly field: string | null;
}

export interface WrongRow {
  readonly cells: Cells;
  readonly fault: Fault;
  /** Stands in the file before this good row. */
  readonly before: number;
  /** Makes the line out of the quoted cells, where it is not the ordinary one. */
  readonly text?: (cells: readonly string[]) => string;
}

interface Source {
  readonly people: readonly Cells[];
  draw(): Cells;
  below(bound: number): number;
}

interface Kind extends Omit<Fault, 'key'>, Pick<WrongRow, 'text'> {
  readonly isLast?: true;
  change(cells: Cells, earlier: Cells): Cells;
}

const INVALID = 'invalid_request';
const TAKEN = ['email_taken', 'username_taken', 'phone_taken'] as const;

const set = (field: string, value: string, code: string = INVALID): Kind => ({
  code,
  field,
  change: (cells) => ({ ...cells, [field]: value }),
});

/** Has an identifier of an earlier row. */
const again = (
  field: 'email' | 'username' | 'phone_number',
  code: (typeof TAKEN)[number],
  spell = (text: string) => text,
): Kind => ({
  code,
  field,
  change: (cells, earlier) => ({ ...cells, [field]: spell(earlier[field] as string) }),
});

const hash = (algorithm: string, value: string, field: string): Kind => ({
  code: INVALID,
  field,
  change: (cells) => ({ ...cells, 'password_hash.algorithm': algorithm, 'password_hash.value': value }),
});

/** The reader can make no cells of it, so it has no key either. */
const unreadable = (text: WrongRow['text'] & {}): Kind => ({
  code: INVALID,
  field: null,
  change: (cells) => cells,
  text,
});

const NICKNAME = 8;
/** Stands for the byte E9, which is an é in Latin-1 and nothing in UTF-8. */
export const LATIN1_E = '\uD800';

const kinds: readonly Kind[] = [
  set('email', 'no-at-sign.example.com'),
  set('email', 'two@@example.com'),
  set('email', 'spaced out@example.org'),
  set('email', '@example.net'),
  set('email', `${'long'.repeat(64)}@example.com`),
  again('email', 'email_taken'),
  again('email', 'email_taken'),
  again('email', 'email_taken', (text) => text.toUpperCase()),
  again('username', 'username_taken'),
  again('username', 'username_taken'),
  again('username', 'username_taken', (text) => text.toUpperCase()),
  again('phone_number', 'phone_taken'),
  again('phone_number', 'phone_taken'),
  set('username', 'two words'),
  set('username', 'u'.repeat(129)),
  set('phone_number', '+0123456789'),
  set('phone_number', '+44 7700 900 001'),
  set('phone_number', '12'),
  set('email_verified', 'maybe'),
  set('email_verified', 'ja'),
  set('phone_verified', 'x'),
  { code: INVALID, field: 'email', change: ({ email, username, phone_number, ...rest }) => rest },
  set('name', 'Wolfeschlegelsteinhausenbergerdorff '.repeat(9).trim()),
  set('given_name', 'Ж'.repeat(151)),
  set('family_name', '龍'.repeat(151)),
  set('nickname', '😀'.repeat(151)),
  set('picture', 'ftp://pictures.example/old.gif'),
  set('picture', 'portrait.png'),
  set('profile.locale', 'not-a-language-tag-but-a-whole-sentence'),
  set('profile.country', 'x'.repeat(101)),
  set('password', 'short', 'weak_password'),
  set('password', 'p'.repeat(129), 'weak_password'),
  hash('rot13', 'cnffjbeq', 'password_hash.algorithm'),
  hash('bcrypt', '$2b$10$tooshort', 'password_hash.value'),
  hash('argon2', 'not a PHC string', 'password_hash.value'),
  hash('bcrypt', '', 'password_hash.value'),
  hash('bcrypt', `$2b$20$${'x'.repeat(53)}`, 'password_hash.value'),
  {
    ...hash('bcrypt', `$2b$10$${'x'.repeat(53)}`, 'password_hash'),
    change: (cells) => ({
      ...cells,
      password: 'one-of-the-two-is-enough',
      'password_hash.algorithm': 'bcrypt',
      'password_hash.value': `$2b$10$${'x'.repeat(53)}`,
    }),
  },
  // A row that lost its end, and one with a stray separator.
  unreadable((cells) => cells.slice(0, 9).join(',')),
  unreadable((cells) => [...cells, 'stray', ''].join(',')),
  // Quotes that are not doubled, and text behind a closing quote.
  unreadable((cells) => cells.with(NICKNAME, 'Ed "Red"').join(',')),
  unreadable((cells) => cells.with(NICKNAME, '"Red" Ed').join(',')),
  // One name in another encoding than the rest.
  unreadable((cells) => cells.with(NICKNAME, `Zo${LATIN1_E}`).join(',')),
  // The file ends inside a cell.
  { ...unreadable((cells) => `${cells.slice(0, NICKNAME).join(',')},"The end`), isLast: true },
];

const KEY_LENGTH = 254;
const keyOf = ({ email, username, phone_number }: Cells): string | null =>
  (email ?? username ?? phone_number ?? null)?.slice(0, KEY_LENGTH) ?? null;

/** One row of each kind, at random places; a double stands behind what it doubles. */
export function wrongRows({ people, draw, below }: Source): WrongRow[] {
  return kinds.map(({ change, code, field, text, isLast }) => {
    const half = people.length / 2;
    const isDouble = (TAKEN as readonly string[]).includes(code);
    const place = isDouble ? half + below(half) : below(people.length);
    const earlier = people.slice(below(half - 200)).find((cells) => field !== null && cells[field] !== undefined);
    const { 'profile.street_address': _lines, ...drawn } = draw();
    drawn.email ??= `someone.${place}@example.org`;
    const cells = change(drawn, earlier ?? {});
    const key = text ? null : keyOf(cells);
    return { cells, fault: { key, code, field }, before: isLast ? people.length : place, ...(text ? { text } : {}) };
  });
}
