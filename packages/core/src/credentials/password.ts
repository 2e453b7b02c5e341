/** Checks a password against what is stored of it, and says when the stored hash should be made anew. */
import { Problem } from '../problem.ts';
import type { Vault } from '../secret.ts';
import type { HashCost, PasswordHasher } from './hasher.ts';
import { importedHashOf, openHashKey, verifyImported } from './imported-hash.ts';

/** An argon2id hash that no password has, at the cost of new hashes: what strangers are checked against. */
const nobody = ({ memory, passes }: HashCost): string =>
  `$argon2id$v=19$m=${memory},t=${passes},p=1$5YpLWjTm8LszL547Itk3Xw$8YGDp9Tg1XgtV11uN8mbTUCdKP3ZpXHSlaya9V4BNtM`;

const NATIVE = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),/;

/** Whether the stored hash is argon2id that cost at least what new hashes do. */
export function isNative(stored: string, cost: HashCost): boolean {
  const [, memory, passes] = NATIVE.exec(stored) ?? [];
  return Number(memory) >= cost.memory && Number(passes) >= cost.passes;
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
    await hasher.verify(nobody(hasher.cost), password);
    return false;
  }
  if (isNative(stored, hasher.cost)) return hasher.verify(stored, password).catch(unlessReadable);
  const imported = importedHashOf(stored);
  const [isRight] = await Promise.all([
    imported
      ? hasher.bounded(async () => verifyImported(openHashKey(vault, imported), password)).catch(unlessReadable)
      : false,
    hasher.verify(nobody(hasher.cost), password),
  ]);
  return isRight;
}
