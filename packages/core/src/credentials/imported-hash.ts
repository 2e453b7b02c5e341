/**
 * Password hashes made by other systems. Each algorithm is one row of `readers`: it reads a hash and either says what
 * is wrong with it, or returns the check of a password against it. Owns the invariant that no hash is accepted whose
 * check would cost seconds or more than 128 MiB, because anybody can cause that check by trying to sign in.
 */
import type { FieldError, PasswordHash } from '@reeve/contract';
import type { Vault } from '../secret.ts';
import { readLdap } from './hashes/ldap.ts';
import { readArgon2, readBcrypt } from './hashes/modular.ts';
import { readPbkdf2 } from './hashes/pbkdf2.ts';
import { readPhpass } from './hashes/phpass.ts';
import type { Check, Refuse } from './hashes/reading.ts';
import { readDigest, readHmac } from './hashes/salted.ts';
import { readFirebaseScrypt, readScrypt } from './hashes/scrypt.ts';

type Reader = (hash: PasswordHash, refuse: Refuse) => Check | undefined;

const readers: Readonly<Record<PasswordHash['algorithm'], Reader>> = {
  bcrypt: readBcrypt,
  argon2: readArgon2,
  pbkdf2: readPbkdf2,
  scrypt: readScrypt,
  firebase_scrypt: readFirebaseScrypt,
  ldap: readLdap,
  phpass: readPhpass,
  hmac: readHmac,
  md4: readDigest,
  md5: readDigest,
  sha1: readDigest,
  sha256: readDigest,
  sha512: readDigest,
};

/** What is wrong with an imported hash, by field below `password_hash`; empty when it can be stored. */
export function judgePasswordHash(hash: PasswordHash): FieldError[] {
  const errors: FieldError[] = [];
  readers[hash.algorithm](hash, (field, code, message) => {
    errors.push({ field: `password_hash.${field}`, code, message });
    return undefined;
  });
  return errors;
}

/** What `credentials.password_hash` keeps: an argon2 PHC string as it is, any other hash as JSON. Judge it first. */
export const storedHashOf = (hash: PasswordHash): string =>
  hash.algorithm === 'argon2' ? hash.value : JSON.stringify(hash);

/** Bound to the hash that the key is for: it opens beside no other one. */
const sealContext = (hash: Pick<PasswordHash, 'value'>): string => `imported hash ${hash.value}`;

/** A stored hash with its key sealed, where it has one: an HMAC's key is the secret of another system. */
export function sealHashKey(vault: Vault, stored: string): string {
  if (!stored.startsWith('{')) return stored;
  const { key, ...hash } = JSON.parse(stored) as PasswordHash;
  return key === undefined ? stored : JSON.stringify({ ...hash, sealed_key: vault.seal(key, sealContext(hash)) });
}

/** The hash with its key as `verifyImported` takes it. */
export function openHashKey(vault: Vault, hash: PasswordHash & { readonly sealed_key?: string }): PasswordHash {
  const { sealed_key: sealed, ...opened } = hash;
  return sealed === undefined ? opened : { ...opened, key: vault.open(sealed, sealContext(hash)) };
}

/** The hash as it was imported, its key still sealed; undefined where what is stored is none. */
export function importedHashOf(stored: string): PasswordHash | undefined {
  if (stored.startsWith('$')) return { algorithm: 'argon2', value: stored };
  try {
    const hash = JSON.parse(stored) as PasswordHash;
    return Object.hasOwn(readers, hash.algorithm) ? hash : undefined;
  } catch {
    // The parser's message would repeat a part of the hash.
    return undefined;
  }
}

/** Whether `password` matches an imported hash. Costly: call it under the hasher's bound. */
export async function verifyImported(hash: PasswordHash, password: string): Promise<boolean> {
  const check = readers[hash.algorithm](hash, () => undefined);
  return check === undefined ? false : check(Buffer.from(password, hash.password_encoding ?? 'utf8'));
}
