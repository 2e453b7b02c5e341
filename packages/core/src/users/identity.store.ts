/** Finds the user whose identity a `provider|subject` names: how vendors spell a user's id. */
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import type { Work } from '../work.ts';

const byIdentity = statement<
  { tenant_id: number; provider: string; subject: string },
  { id: string; position: number; connection_num: number; connection_id: string }
>((db, slot) =>
  db
    .selectFrom('connections')
    .innerJoin('identities', 'identities.connection_num', 'connections.num')
    .innerJoin('users', 'users.num', 'identities.user_num')
    .select(['users.id', 'identities.position', 'identities.connection_num', 'connections.id as connection_id'])
    .where('connections.tenant_id', '=', slot('tenant_id'))
    .where('identities.subject', '=', slot('subject'))
    .where('identities.provider', '=', slot('provider')),
);

export interface FoundIdentity {
  /** `usr_…` */
  readonly id: string;
  readonly isPrimary: boolean;
}

/** The user who has this identity, as primary one or linked, in one connection or in any: there the primary one goes first. */
export async function findByIdentity(
  db: Db,
  tenantId: number,
  provider: string,
  subject: string,
  connectionId?: string,
): Promise<FoundIdentity | undefined> {
  const all = await byIdentity(db, { tenant_id: tenantId, provider, subject });
  const found = connectionId === undefined ? all : all.filter(({ connection_id: id }) => id === connectionId);
  const [first] = found.toSorted((a, b) => a.position - b.position || a.connection_num - b.connection_num);
  return first && { id: first.id, isPrimary: first.position === 0 };
}

/** The user whose primary identity `provider|subject` is; undefined where there is none. */
export async function findUserIdBySpelling(work: Work, spelling: string): Promise<string | undefined> {
  const bar = spelling.indexOf('|');
  if (bar < 1) return undefined;
  const [provider, subject] = [spelling.slice(0, bar), spelling.slice(bar + 1)];
  const found = await work.read((db) => findByIdentity(db, work.tenant.id, provider, subject));
  return found?.isPrimary ? found.id : undefined;
}
