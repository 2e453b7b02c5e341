/** Checks a password against what is stored of it, and says when the stored hash should be made anew. */
import { Problem } from '../problem.ts';
import type { Vault } from '../secret.ts';
import type { PasswordHasher } from './hasher.ts';
import { importedHashOf, openHashKey, verifyImported } from './imported-hash.ts';

/** An argon2id hash of a random password, in the parameters of new hashes: what strangers are checked against. */
const NOBODY = '$argon2id$v=19$m=19456,t=2,p=1$5YpLWjTm8LszL547Itk3Xw$8YGDp9Tg1XgtV11uN8mbTUCdKP3ZpXHSlaya9V4BNtM';

const NATIVE = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),/;

/** Whether the stored hash is argon2id of at least the strength that new hashes have. */
export function isNative(stored: string): boolean {
  const [, memory, passes] = NATIVE.exec(stored) ?? [];
  return Number(memory) >= 19_456 && Number(passes) >= 2;
}

/** A stored hash that can't be read matches nothing; too much work at once is the caller's to hear of. */
const unlessReadable = (error: unknown): false => {
  if (error instanceof Problem) throw error;
  return false;
};

/**
 * Whether `password` matches. Without a stored hash the answer is no, after the work of a new hash, so that its time
 * does not tell who exists. An imported hash is checked beside that same work: it never answers faster than a native one.
 */
export async function matchesPassword(
  { hasher, vault }: { readonly hasher: PasswordHasher; readonly vault: Vault },
  stored: string | undefined,
  password: string,
): Promise<boolean> {
  if (stored === undefined) {
    await hasher.verify(NOBODY, password);
    return false;
  }
  if (isNative(stored)) return hasher.verify(stored, password).catch(unlessReadable);
  const imported = importedHashOf(stored);
  const [isRight] = await Promise.all([
    imported
      ? hasher.bounded(async () => verifyImported(openHashKey(vault, imported), password)).catch(unlessReadable)
      : false,
    hasher.verify(NOBODY, password),
  ]);
  return isRight;
}
