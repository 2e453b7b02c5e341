/** Finds the user whose identity a `provider|subject` names: how vendors spell a user's id. */
import { type Db, padded } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { Problem } from '../problem.ts';
import type { Work } from '../work.ts';
import { keyOf, type User } from './document.ts';

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

/** `usr_…` of those whose primary identities in a connection these are, by subject; who is not there has no entry. */
export async function findIdsBySubject(
  db: Db,
  tenantId: number,
  { connectionId, provider }: { readonly connectionId: string; readonly provider: string },
  subjects: readonly string[],
): Promise<Map<string, string>> {
  const [first, ...rest] = subjects;
  if (first === undefined) return new Map();
  const rows = await db
    .selectFrom('connections')
    .innerJoin('identities', 'identities.connection_num', 'connections.num')
    .innerJoin('users', 'users.num', 'identities.user_num')
    .select(['users.id', 'identities.subject'])
    .where('connections.tenant_id', '=', tenantId)
    .where('connections.id', '=', connectionId)
    .where('identities.provider', '=', provider)
    .where('identities.subject', 'in', padded([first, ...rest]))
    .where('identities.position', '=', 0)
    .execute();
  return new Map(rows.map(({ subject, id }) => [subject, id]));
}

/** `provider|subject` in its parts; undefined where it is none. */
export function partsOf(spelling: string): readonly [provider: string, subject: string] | undefined {
  const bar = spelling.indexOf('|');
  return bar < 1 ? undefined : [spelling.slice(0, bar), spelling.slice(bar + 1)];
}

/** The user whose primary identity `provider|subject` is; undefined where there is none. */
export async function findUserIdBySpelling(work: Work, spelling: string): Promise<string | undefined> {
  const parts = partsOf(spelling);
  if (!parts) return undefined;
  const [provider, subject] = parts;
  const found = await work.read((db) => findByIdentity(db, work.tenant.id, provider, subject));
  return found?.isPrimary ? found.id : undefined;
}

/** Users who were spelled alike, one after the other. */
const MOST_ALIKE = 1000;

/**
 * Everybody who is or was spelled so: who has it as the primary identity, whose account was linked under it, who was deleted.
 *
 * @throws Problem `limit_reached` over 1,000 of them.
 */
export async function findUserIdsEverSpelled(work: Work, spelling: string): Promise<string[]> {
  const parts = partsOf(spelling);
  if (!parts) return [];
  const [provider, subject] = parts;
  const tenantId = work.tenant.id;
  const own = await findUserIdBySpelling(work, spelling);
  const others = await work.read((db) =>
    linkedAccounts(db, tenantId)
      .where('identities.provider', '=', provider)
      .where('identities.subject', '=', subject)
      .select('linked_accounts.user_id')
      .unionAll(
        db
          .selectFrom('deleted_identities')
          .where('tenant_id', '=', tenantId)
          .where('provider', '=', provider)
          .where('subject', '=', subject)
          .select('user_id'),
      )
      .limit(MOST_ALIKE)
      .execute(),
  );
  if (others.length >= MOST_ALIKE)
    throw new Problem('limit_reached', `More than ${MOST_ALIKE - 1} users had the id ${spelling}.`);
  return [...(own === undefined ? [] : [own]), ...others.map(({ user_id }) => user_id)];
}

/** The identities that are accounts linked to a user. */
const linkedAccounts = (db: Db, tenantId: number) =>
  db
    .selectFrom('linked_accounts')
    .innerJoin('identities', (join) =>
      join
        .onRef('identities.connection_num', '=', 'linked_accounts.connection_num')
        .onRef('identities.subject', '=', 'linked_accounts.subject'),
    )
    .where('linked_accounts.tenant_id', '=', tenantId);

/** How users who are none any more were spelled, by their ids: linked to another, or deleted. */
export async function findFormerSpellings(
  db: Db,
  tenantId: number,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const [first, ...rest] = ids;
  if (first === undefined) return new Map();
  const wanted = padded([first, ...rest]);
  const rows = await linkedAccounts(db, tenantId)
    .where('linked_accounts.user_id', 'in', wanted)
    .select(['linked_accounts.user_id', 'identities.provider', 'identities.subject'])
    .unionAll(
      db
        .selectFrom('deleted_identities')
        .where('tenant_id', '=', tenantId)
        .where('user_id', 'in', wanted)
        .select(['user_id', 'provider', 'subject']),
    )
    .execute();
  return new Map(rows.map(({ user_id, provider, subject }) => [user_id, `${provider}|${subject}`]));
}

/**
 * Keeps how users who are being deleted were spelled: the subject is an id, and events keep ids. One that the user was
 * known by goes with the person.
 */
export async function keepSpellings(db: Db, tenantId: number, users: readonly User[]): Promise<void> {
  const rows = users.flatMap(({ id, identities, email, username, phone_number }) => {
    const { provider, subject } = identities.find(({ is_primary }) => is_primary) as User['identities'][number];
    const key = keyOf(subject);
    const isPersonal = [email, username, phone_number].some((text) => text !== null && key === keyOf(text));
    const isAddressed = email !== null && key.includes(keyOf(email));
    return isPersonal || isAddressed ? [] : [{ tenant_id: tenantId, provider, subject, user_id: id }];
  });
  if (rows.length > 0) await db.insertInto('deleted_identities').values(rows).execute();
}
