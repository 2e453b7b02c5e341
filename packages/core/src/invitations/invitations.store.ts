/** The rows of invitations, and what an invitation may name: a connection's users, an organization, roles, groups. */
import type { Invitation } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type Db, locked } from '../database/database.ts';
import { cut, decodeCursor, encodeCursor } from '../page.ts';
import type { InvitationTable } from '../tables.ts';
import { keyOf } from '../users/document.ts';

export type InvitationRow = InvitationTable;

/** `expired` is never stored: it is what a pending invitation becomes by itself. */
export const stateOf = (row: Pick<InvitationRow, 'state' | 'expires_at'>, now: number): Invitation['state'] =>
  row.state === 'pending' && row.expires_at <= now ? 'expired' : row.state;

export const invitationOf = (row: InvitationRow, now: number): Invitation => ({
  id: row.id,
  email: row.email,
  name: row.name,
  state: stateOf(row, now),
  connection_id: row.connection_id,
  organization_id: row.organization_id,
  roles: JSON.parse(row.roles) as string[],
  groups: JSON.parse(row.groups) as string[],
  invited_by: row.invited_by,
  user_id: row.user_id,
  sent_count: row.sent_count,
  created_at: toWire(row.created_at),
  expires_at: toWire(row.expires_at),
  accepted_at: row.accepted_at === null ? null : toWire(row.accepted_at),
});

const byId = (db: Db, tenantId: number, id: string) =>
  db.selectFrom('invitations').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id);

export const findInvitation = (db: Db, tenantId: number, id: string): Promise<InvitationRow | undefined> =>
  byId(db, tenantId, id).executeTakeFirst();
export const findInvitationToChange = (db: Db, tenantId: number, id: string): Promise<InvitationRow | undefined> =>
  locked(db, byId(db, tenantId, id)).executeTakeFirst();

export async function insertInvitation(db: Db, row: InvitationRow): Promise<void> {
  await db.insertInto('invitations').values(row).execute();
}

export async function updateInvitation(
  db: Db,
  row: InvitationRow,
  changes: Partial<Omit<InvitationRow, 'id' | 'tenant_id'>>,
): Promise<InvitationRow> {
  await db
    .updateTable('invitations')
    .set(changes)
    .where('tenant_id', '=', row.tenant_id)
    .where('id', '=', row.id)
    .execute();
  return { ...row, ...changes };
}

/** The place that an invitation holds while it can be accepted: one for each person, connection and organization. */
export const openKeyOf = (connectionId: string, organizationId: string | null, email: string): string =>
  `${connectionId} ${organizationId ?? '-'} ${keyOf(email)}`;

/** Takes the place away from an invitation that has expired. */
export async function releaseExpired(db: Db, tenantId: number, openKey: string, now: number): Promise<void> {
  await db
    .updateTable('invitations')
    .set({ open_key: null })
    .where('tenant_id', '=', tenantId)
    .where('open_key', '=', openKey)
    .where('expires_at', '<=', now)
    .execute();
}

export interface InvitationQuery {
  readonly state?: Invitation['state'];
  readonly email?: string;
  readonly organization?: string;
}

const SORT = '-id';

async function matching(db: Db, tenantId: number, query: InvitationQuery, now: number) {
  let rows = db.selectFrom('invitations').where('tenant_id', '=', tenantId);
  const { state, email, organization } = query;
  if (state === 'pending') rows = rows.where('state', '=', 'pending').where('expires_at', '>', now);
  else if (state === 'expired') rows = rows.where('state', '=', 'pending').where('expires_at', '<=', now);
  else if (state !== undefined) rows = rows.where('state', '=', state);
  if (email !== undefined) rows = rows.where('email_key', '=', keyOf(email));
  if (organization !== undefined) {
    const found = await findOrganization(db, tenantId, organization);
    // A deleted organization's invitations are found by its id still.
    rows = rows.where('organization_id', '=', found?.id ?? organization);
  }
  return rows;
}

/** One page, newest first. */
export async function findInvitations(
  db: Db,
  tenantId: number,
  query: InvitationQuery,
  { limit, cursor, now }: { limit: number; cursor: string | undefined; now: number },
): Promise<{ rows: InvitationRow[]; next_cursor: string | null }> {
  let rows = (await matching(db, tenantId, query, now))
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (cursor !== undefined) rows = rows.where('id', '<', decodeCursor(cursor, SORT, ['string'])[0] as string);
  return cut(await rows.execute(), limit, (row) => encodeCursor(SORT, [row.id]));
}

export async function countInvitations(db: Db, tenantId: number, query: InvitationQuery, now: number): Promise<number> {
  const counted = (await matching(db, tenantId, query, now)).select((e) => e.fn.countAll<number>().as('n'));
  return Number((await counted.executeTakeFirstOrThrow()).n);
}

/** An organization by id or name. */
export const findOrganization = (
  db: Db,
  tenantId: number,
  idOrName: string,
): Promise<{ id: string; name: string; display_name: string | null } | undefined> =>
  db
    .selectFrom('organizations')
    .select(['id', 'name', 'display_name'])
    .where('tenant_id', '=', tenantId)
    .where((e) => e.or([e('id', '=', idOrName), e('name_key', '=', keyOf(idOrName))]))
    .executeTakeFirst();

/** The id of a group by id or code. */
export async function findGroupId(db: Db, tenantId: number, idOrCode: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('groups')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where((e) => e.or([e('id', '=', idOrCode), e('code_key', '=', keyOf(idOrCode))]))
    .executeTakeFirst();
  return row?.id;
}

/** The user of a connection who has this address, be it of a linked account. */
export const findUserByEmail = (
  db: Db,
  tenantId: number,
  connectionNum: number,
  email: string,
): Promise<{ id: string; num: number } | undefined> =>
  db
    .selectFrom('identities')
    .innerJoin('users', 'users.num', 'identities.user_num')
    .select(['users.id', 'users.num'])
    .where('identities.tenant_id', '=', tenantId)
    .where('identities.email_key', '=', keyOf(email))
    .where('identities.connection_num', '=', connectionNum)
    .executeTakeFirst();
