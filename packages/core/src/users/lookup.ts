/** Resolving many users at once: two statements, however many keys. */
import type { users as contract, User } from '@reeve/contract';
import { type Db, padded } from '../database/database.ts';
import { unindexed } from '../database/document.ts';
import { isId } from '../id.ts';
import { type Operation, Rendered } from '../operation.ts';
import { fieldProblem } from '../problem.ts';
import { keyOf } from './document.ts';

const MAX_KEYS = 200;

/** Public JSON of the users with these ids, by id. */
async function documentsById(db: Db, tenantId: number, ids: readonly string[]): Promise<Map<string, string>> {
  const [first, ...rest] = ids.filter((id) => isId('usr', id));
  if (first === undefined) return new Map();
  const rows = await db
    .selectFrom('users')
    .select(['id', 'doc'])
    .where(unindexed(db, 'tenant_id'), '=', tenantId)
    .where('id', 'in', padded([first, ...rest]))
    .execute();
  return new Map(rows.map(({ id, doc }) => [id, doc]));
}

interface Found {
  readonly id: string;
  readonly doc: string;
}

/** The users with these addresses, by the address's key; each connection may have one, the oldest comes first. */
async function usersByEmail(db: Db, tenantId: number, keys: readonly string[]): Promise<Map<string, Found[]>> {
  const [first, ...rest] = keys;
  if (first === undefined) return new Map();
  const rows = await db
    .selectFrom('identities')
    .innerJoin('users', 'users.num', 'identities.user_num')
    .select(['identities.email_key', 'users.id', 'users.doc'])
    .where('identities.tenant_id', '=', tenantId)
    .where('identities.position', '=', 0)
    .where('identities.email_key', 'in', padded([first, ...rest]))
    .orderBy('users.num')
    .execute();
  return Map.groupBy(rows, ({ email_key }) => email_key);
}

export const lookup: Operation<typeof contract.lookup> = async (work, { body }) => {
  const ids = [...new Set(body.ids)];
  const emails = [...new Set(body.emails)];
  if (ids.length + emails.length > MAX_KEYS)
    throw fieldProblem('', 'maxItems', `ids and emails may name at most ${MAX_KEYS} users together.`);
  const [byId, byEmail] = await work.read((db) =>
    Promise.all([
      documentsById(db, work.tenant.id, ids),
      usersByEmail(db, work.tenant.id, [...new Set(emails.map(keyOf))]),
    ]),
  );
  const found = new Map<string, string>();
  for (const id of ids) {
    const doc = byId.get(id);
    if (doc !== undefined) found.set(id, doc);
  }
  for (const email of emails) for (const { id, doc } of byEmail.get(keyOf(email)) ?? []) found.set(id, doc);
  const missing = {
    ids: ids.filter((id) => !byId.has(id)),
    emails: emails.filter((email) => !byEmail.has(keyOf(email))),
  };
  return new Rendered<{ users: User[]; missing: { ids: string[]; emails: string[] } }>(
    `{"users":[${[...found.values()].join(',')}],"missing":${JSON.stringify(missing)}}`,
  );
};
