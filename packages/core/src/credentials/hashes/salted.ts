/** One round of a digest with a salt before or after the password, plain or as an HMAC. */
import type { PasswordHash } from '@reeve/contract';
import { DIGEST_BYTES, type Digest, digestOf, hmacOf } from './digests.ts';
import { type Check, type Refuse, readBytes, readDigestBytes, sameBytes } from './reading.ts';

type Salting = (password: Buffer) => Buffer;

function readSalting(hash: PasswordHash, refuse: Refuse): Salting | undefined {
  if (hash.salt === undefined) return (password) => password;
  const salt = readBytes(refuse, 'salt', hash.salt, hash.salt_encoding ?? 'utf8');
  if (!salt) return undefined;
  const isSuffix = hash.salt_position === 'suffix';
  return (password) => Buffer.concat(isSuffix ? [password, salt] : [salt, password]);
}

/** The expected digest, of exactly the algorithm's length. */
function readExpected(hash: PasswordHash, digest: Digest, refuse: Refuse): Buffer | undefined {
  const expected = readDigestBytes(refuse, hash.value, hash.encoding);
  if (!expected) return undefined;
  const length = DIGEST_BYTES[digest];
  if (expected.length !== length) return refuse('value', 'length', `value must hold the ${length} bytes of ${digest}`);
  return expected;
}

export function readDigest(hash: PasswordHash, refuse: Refuse): Check | undefined {
  const digest = hash.algorithm as Digest;
  const salted = readSalting(hash, refuse);
  const expected = readExpected(hash, digest, refuse);
  if (!salted || !expected) return undefined;
  return async (password) => sameBytes(await digestOf(digest, salted(password)), expected);
}

export function readHmac(hash: PasswordHash, refuse: Refuse): Check | undefined {
  const { digest } = hash;
  if (digest === undefined) return refuse('digest', 'required', 'digest is needed for hmac');
  const key = readBytes(refuse, 'key', hash.key, hash.key_encoding ?? 'utf8');
  const salted = readSalting(hash, refuse);
  const expected = readExpected(hash, digest, refuse);
  if (!key || !salted || !expected) return undefined;
  return async (password) => sameBytes(await hmacOf(digest, key, salted(password)), expected);
}
