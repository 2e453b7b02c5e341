/** One round of md5, sha1, sha256 or sha512 with a salt before or after the password, plain or as an HMAC. */
import { createHmac, hash as digestOf } from 'node:crypto';
import type { PasswordHash } from '@reeve/contract';
import { type Check, type Refuse, readBytes, readDigestBytes, sameBytes } from './reading.ts';

const DIGEST_BYTES = { md5: 16, sha1: 20, sha256: 32, sha512: 64 } as const;

type Salting = (password: string) => Buffer;

function readSalting(hash: PasswordHash, refuse: Refuse): Salting | undefined {
  if (hash.salt === undefined) return (password) => Buffer.from(password);
  const salt = readBytes(refuse, 'salt', hash.salt, hash.salt_encoding ?? 'utf8');
  if (!salt) return undefined;
  const isSuffix = hash.salt_position === 'suffix';
  return (password) => Buffer.concat(isSuffix ? [Buffer.from(password), salt] : [salt, Buffer.from(password)]);
}

/** The expected digest, of exactly the algorithm's length. */
function readExpected(hash: PasswordHash, digest: keyof typeof DIGEST_BYTES, refuse: Refuse): Buffer | undefined {
  const expected = readDigestBytes(refuse, hash.value, hash.encoding);
  if (!expected) return undefined;
  const length = DIGEST_BYTES[digest];
  if (expected.length !== length) return refuse('value', 'length', `value must hold the ${length} bytes of ${digest}`);
  return expected;
}

export function readDigest(hash: PasswordHash, refuse: Refuse): Check | undefined {
  const digest = hash.algorithm as keyof typeof DIGEST_BYTES;
  const salted = readSalting(hash, refuse);
  const expected = readExpected(hash, digest, refuse);
  if (!salted || !expected) return undefined;
  return async (password) => sameBytes(digestOf(digest, salted(password), 'buffer'), expected);
}

export function readHmac(hash: PasswordHash, refuse: Refuse): Check | undefined {
  const { digest } = hash;
  if (digest === undefined) return refuse('digest', 'required', 'digest is needed for hmac');
  const key = readBytes(refuse, 'key', hash.key, hash.key_encoding ?? 'utf8');
  const salted = readSalting(hash, refuse);
  const expected = readExpected(hash, digest, refuse);
  if (!key || !salted || !expected) return undefined;
  return async (password) => sameBytes(createHmac(digest, key).update(salted(password)).digest(), expected);
}
