/** bcrypt and argon2: hashes whose one string says everything. */

import type { PasswordHash } from '@reeve/contract';
import type { Check, Refuse } from './reading.ts';

/** 2^14 rounds take about a second. */
const MAX_BCRYPT_COST = 14;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

export function readBcrypt({ value }: PasswordHash, refuse: Refuse): Check | undefined {
  const [, cost] = BCRYPT.exec(value) ?? [];
  if (cost === undefined) {
    return refuse(
      'value',
      'pattern',
      'value must be a bcrypt hash of 60 characters that begins with $2a$, $2b$ or $2y$',
    );
  }
  if (Number(cost) < 4 || Number(cost) > MAX_BCRYPT_COST) {
    return refuse('value', 'cost', `value must have a bcrypt cost of 4 to ${MAX_BCRYPT_COST}`);
  }
  return async (password) => (await import('@node-rs/bcrypt')).verify(password, value);
}

const MAX_ARGON2_KIBIBYTES = 131_072;
/** Kibibytes times passes: about a third of a second. */
const MAX_ARGON2_WORK = 1_048_576;
const MAX_ARGON2_LANES = 16;
const ARGON2 =
  /^\$argon2(?:id|i|d)(?:\$v=(\d+))?\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

export function readArgon2({ value }: PasswordHash, refuse: Refuse): Check | undefined {
  const [whole, version, memory, passes, lanes, salt = '', digest = ''] = ARGON2.exec(value) ?? [];
  if (whole === undefined) {
    return refuse('value', 'pattern', 'value must be a PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$hash');
  }
  if (version !== undefined && version !== '16' && version !== '19') {
    return refuse('value', 'version', 'value must be of argon2 version 16 or 19');
  }
  const [m, t, p] = [Number(memory), Number(passes), Number(lanes)];
  if (p < 1 || p > MAX_ARGON2_LANES || t < 1 || m < 8 * p) {
    return refuse('value', 'cost', `value must have p of 1 to ${MAX_ARGON2_LANES}, t of at least 1, m of at least 8p`);
  }
  if (m > MAX_ARGON2_KIBIBYTES || m * t > MAX_ARGON2_WORK) {
    return refuse(
      'value',
      'cost',
      `value must have m of at most ${MAX_ARGON2_KIBIBYTES} and m times t of at most ${MAX_ARGON2_WORK}`,
    );
  }
  // RFC 9106 §3.1, in characters of base64: a salt of 8 to 64 bytes, a tag of 16 to 64.
  if (salt.length < 11 || salt.length > 86 || digest.length < 22 || digest.length > 86) {
    return refuse('value', 'length', 'value must have a salt of 8 to 64 bytes and a hash of 16 to 64 bytes');
  }
  return async (password) => (await import('@node-rs/argon2')).verify(value, password);
}
