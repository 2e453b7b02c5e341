/** phpass's portable hash: MD5 over salt and password, then 2^7 to 2^16 times over itself and the password. */
import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { PasswordHash } from '@reeve/contract';
import { type Check, type Refuse, sameBytes } from './reading.ts';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SHAPE = /^\$[PH]\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22})$/;
const MIN_LOG = 7;
const MAX_LOG = 16;
/** Rounds between two turns of the event loop: well under a millisecond. */
const SLICE = 512;

const md5 = (data: Buffer): Buffer => hash('md5', data, 'buffer');

/** phpass's own base 64: little-endian groups of three bytes. */
function encode(bytes: Buffer): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16);
    const characters = Math.min(3, bytes.length - i) + 1;
    for (let j = 0; j < characters; j++) text += ALPHABET[(group >> (6 * j)) & 63];
  }
  return text;
}

export function readPhpass({ value }: PasswordHash, refuse: Refuse): Check | undefined {
  const [, log = '', salt, digest] = SHAPE.exec(value) ?? [];
  if (salt === undefined || digest === undefined) {
    return refuse(
      'value',
      'pattern',
      'value must be a portable phpass hash of 34 characters that begins with $P$ or $H$',
    );
  }
  const rounds = ALPHABET.indexOf(log);
  if (rounds < MIN_LOG || rounds > MAX_LOG) {
    return refuse('value', 'cost', `value must ask for 2^${MIN_LOG} to 2^${MAX_LOG} rounds`);
  }
  return async (secret) => {
    let state = md5(Buffer.concat([Buffer.from(salt), secret]));
    // MD5 has no asynchronous form; in slices it holds up nobody.
    for (let round = 0; round < 2 ** rounds; round++) {
      state = md5(Buffer.concat([state, secret]));
      if (round % SLICE === SLICE - 1) await setImmediate();
    }
    return sameBytes(Buffer.from(encode(state)), Buffer.from(digest));
  };
}
