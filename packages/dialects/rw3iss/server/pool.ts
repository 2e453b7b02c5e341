/** Pools: the vendor's names of database connections. The tenant's default one is called `default`. */
import { fieldProblem, findConnection, type User, type Work } from '@reeve/core';

export const DEFAULT_POOL = 'default';
const NAME = /^[a-z0-9_-]{1,100}$/;

export const poolName = ({ name, is_default }: { readonly name: string; readonly is_default: boolean }): string =>
  is_default ? DEFAULT_POOL : name;

/** The name as it counts; empty text is left to the caller. Throws `INVALID_INPUT` where it can be no name. */
export function poolFrom(text: string): string {
  const name = text.trim().toLowerCase();
  if (name !== '' && !NAME.test(name))
    throw fieldProblem('namespace', 'pattern', 'namespace must be 1 to 100 of a-z, 0-9, - and _.');
  return name;
}

/** The name of a user's home pool. */
export const homePoolOf = (work: Work, { connection_id }: User): Promise<string> =>
  work.read(async (db) => {
    const home = await findConnection(db, work.tenant.id, connection_id);
    const standard = await findConnection(db, work.tenant.id);
    if (!home) throw new Error('A user without a home.');
    return home.id === standard?.id ? DEFAULT_POOL : home.name;
  });

/** The tenant's default connection. */
export async function defaultConnectionOf(work: Work): Promise<{ readonly id: string; readonly name: string }> {
  const found = await work.read((db) => findConnection(db, work.tenant.id));
  if (!found) throw new Error('A tenant without a default connection.');
  return found;
}

/** The directory's name of a pool. */
export const connectionNameOf = async (work: Work, pool: string): Promise<string> =>
  pool === '' || pool === DEFAULT_POOL ? (await defaultConnectionOf(work)).name : pool;
