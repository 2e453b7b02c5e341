/**
 * Several operations as one change: all of them, their events and totals become true in one transaction, or none does.
 * A dialect needs it where one call of the vendor is two of ours.
 */
import type { PasswordHasher } from './credentials/hasher.ts';
import type { Unit, Work } from './work.ts';

/** A hasher that has done its work already: nothing but the database may be awaited inside a unit. */
async function prehashed(hasher: PasswordHasher, passwords: readonly string[]): Promise<PasswordHasher> {
  const hashes = new Map<string, string>();
  for (const password of passwords) hashes.set(password, await hasher.hash(password));
  return {
    ...hasher,
    hash: async (password) => {
      const hash = hashes.get(password);
      if (hash === undefined) throw new Error('A password that was not announced is to be hashed inside a unit.');
      return hash;
    },
  };
}

/**
 * Runs operations on one unit of work. `passwords`: those that the operations will hash, hashed before the unit begins.
 * `run` may be run twice, as any unit.
 */
export async function together<T>(
  work: Work,
  run: (work: Work, unit: Unit) => Promise<T>,
  passwords: readonly string[] = [],
): Promise<T> {
  const hasher = await prehashed(work.services.hasher, passwords);
  return work.write((unit) => {
    const services = { ...unit.services, hasher };
    const inner: Unit = { ...unit, services };
    const joined: Work = {
      ...work,
      services,
      read: (read) => read(unit.db),
      write: (change) => change(inner),
      witness: (type, event) => inner.emit(type, event),
    };
    return run(joined, inner);
  });
}
