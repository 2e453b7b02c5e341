/**
 * Ids: a prefix that names the kind, then a ULID (48 bits of milliseconds, 80 random bits, Crockford base 32).
 * Owns the invariant that ids made by one process increase, so that they order by creation and keyset pages rest on them.
 */
import { randomFillSync } from 'node:crypto';
import type { Instant } from './clock.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_LENGTH = 10;
/** Every pair of digits: half as many pieces to put together. */
const PAIRS: readonly string[] = Array.from(
  { length: 1024 },
  (_, i) => `${ALPHABET[i >> 5] as string}${ALPHABET[i & 31] as string}`,
);

export type Prefix =
  | 'ten'
  | 'usr'
  | 'con'
  | 'grp'
  | 'rol'
  | 'rul'
  | 'org'
  | 'api'
  | 'app'
  | 'cgr'
  | 'sec'
  | 'inv'
  | 'ses'
  | 'evt'
  | 'job'
  | 'mai'
  | 'tkt'
  | 'req'
  | 'fac'
  | 'dcr'
  | 'fld'
  | 'rns'
  | 'res'
  | 'key';

const pool = new Uint8Array(2048);
let poolUsed = pool.length;
const last = { time: -1, digits: new Uint8Array(16) };

function drawDigits(digits: Uint8Array): void {
  if (poolUsed + 16 > pool.length) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  for (let i = 0; i < 16; i++) digits[i] = (pool[poolUsed + i] as number) & 31;
  poolUsed += 16;
}

function increment(digits: Uint8Array): void {
  for (let i = 15; i >= 0; i--) {
    const digit = digits[i] as number;
    if (digit < 31) {
      digits[i] = digit + 1;
      return;
    }
    digits[i] = 0;
  }
}

const encodeTime = (time: Instant): string => {
  let text = '';
  for (let rest = time, i = 0; i < TIME_LENGTH; i++, rest = Math.floor(rest / 32)) text = ALPHABET[rest % 32] + text;
  return text;
};
const encodedTime = { time: -1, text: '' };

/** A new id. Ids made later by this process are greater, even when the clock stands still or runs back. */
export function newId(prefix: Prefix, now: Instant): string {
  if (now > last.time) {
    last.time = now;
    drawDigits(last.digits);
  } else {
    increment(last.digits);
  }
  if (encodedTime.time !== last.time) {
    encodedTime.time = last.time;
    encodedTime.text = encodeTime(last.time);
  }
  let text = `${prefix}_${encodedTime.text}`;
  const { digits } = last;
  for (let i = 0; i < 16; i += 2) text += PAIRS[((digits[i] as number) << 5) | (digits[i + 1] as number)];
  return text;
}

/** Forgets how late the last id was made: where one process is several in turn, each with a clock of its own. */
export function forgetLastId(): void {
  last.time = -1;
}

/** The smallest id of `prefix` that can be made at `instant`: turns a time range into an id range. */
export const firstIdAt = (prefix: Prefix, instant: Instant): string =>
  `${prefix}_${encodeTime(Math.max(0, Math.min(instant, 2 ** 48 - 1)))}${'0'.repeat(16)}`;

/** When the id was made. Ids made by one process rise, so that this may be later than the clock said, never earlier. */
export function timeOf(id: string): Instant {
  let time = 0;
  for (const digit of id.slice(4, 4 + TIME_LENGTH)) time = time * 32 + ALPHABET.indexOf(digit);
  return time;
}

const SHAPE = /^[a-z]{3}_[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Whether `text` could be an id of this kind. What could not be names nothing. */
export const isId = (prefix: Prefix, text: string): boolean => text.startsWith(`${prefix}_`) && SHAPE.test(text);

let subjectCount = Math.floor(Math.random() * 0xffffff);
const subjectProcess = randomFillSync(Buffer.alloc(5)).toString('hex');

/** A new subject of a database identity: 24 hex digits, increasing in time. */
export function newSubject(now: Instant): string {
  subjectCount = (subjectCount + 1) & 0xffffff;
  return (
    Math.floor(now / 1000)
      .toString(16)
      .padStart(8, '0') +
    subjectProcess +
    subjectCount.toString(16).padStart(6, '0')
  );
}
