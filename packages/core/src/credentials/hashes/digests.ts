/**
 * The digests that imported hashes may rest on. OpenSSL 3 keeps MD4 and Whirlpool in a provider that Node does not load;
 * those two are hash-wasm's, loaded when the first of them is met.
 */
import { createHmac, hash } from 'node:crypto';

/** Lengths in bytes. */
export const DIGEST_BYTES = {
  md4: 16,
  md5: 16,
  ripemd160: 20,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  whirlpool: 64,
} as const;
export type Digest = keyof typeof DIGEST_BYTES;

type Foreign = 'md4' | 'whirlpool';
const isForeign = (digest: Digest): digest is Foreign => digest === 'md4' || digest === 'whirlpool';

async function makers() {
  const { createHMAC, createMD4, createWhirlpool } = await import('hash-wasm');
  return { createHMAC, make: (digest: Foreign) => (digest === 'md4' ? createMD4() : createWhirlpool()) };
}

export async function digestOf(digest: Digest, bytes: Uint8Array): Promise<Uint8Array> {
  if (!isForeign(digest)) return hash(digest, bytes, 'buffer');
  const { make } = await makers();
  return (await make(digest)).init().update(bytes).digest('binary');
}

export async function hmacOf(digest: Digest, key: Uint8Array, bytes: Uint8Array): Promise<Uint8Array> {
  if (!isForeign(digest)) return createHmac(digest, key).update(bytes).digest();
  const { createHMAC, make } = await makers();
  const keyed = await createHMAC(make(digest), key);
  return keyed.init().update(bytes).digest('binary');
}
