/** The rows of sessions. A session that ends takes its refresh tokens with it; its access tokens name it and are refused. */
import type { Session } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type Db, padded } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { findUserToChange } from '../users/users.store.ts';
import type { Unit } from '../work.ts';

export interface SessionDraft {
  readonly userId: string;
  readonly applicationId: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** Who acts as the user in it: `usr_…` or `app_…`. */
  readonly impersonatorId?: string | null;
}

type Row = {
  id: string;
  tenant_id: number;
  user_id: string;
  application_id: string | null;
  impersonator_id: string | null;
  ip: string | null;
  user_agent: string | null;
  created_at: number;
  last_used_at: number;
  expires_at: number;
};
const insert = statement<Row, unknown>((db, slot) =>
  db.insertInto('sessions').values({
    id: slot('id'),
    tenant_id: slot('tenant_id'),
    user_id: slot('user_id'),
    application_id: slot('application_id'),
    impersonator_id: slot('impersonator_id'),
    ip: slot('ip'),
    user_agent: slot('user_agent'),
    created_at: slot('created_at'),
    last_used_at: slot('last_used_at'),
    expires_at: slot('expires_at'),
    revoked_at: null,
  }),
);

/** Writes a session that lasts as long as the tenant's settings say. */
export async function insertSession(
  unit: Unit,
  { userId, applicationId, ip, userAgent, impersonatorId = null }: SessionDraft,
): Promise<{ id: string; expiresAt: number }> {
  const id = unit.newId('ses');
  const expiresAt = unit.now + unit.tenant.settings.session_lifetime * 1000;
  await insert(unit.db, {
    id,
    tenant_id: unit.tenant.id,
    user_id: userId,
    application_id: applicationId,
    impersonator_id: impersonatorId,
    ip,
    user_agent: userAgent,
    created_at: unit.now,
    last_used_at: unit.now,
    expires_at: expiresAt,
  });
  return { id, expiresAt };
}

const touch = statement<{ tenant_id: number; id: string; last_used_at: number; now: number }, { id: string }>(
  (db, slot) =>
    db
      .updateTable('sessions')
      .set({ last_used_at: slot('last_used_at') })
      .where('tenant_id', '=', slot('tenant_id'))
      .where('id', '=', slot('id'))
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', slot('now'))
      .returning('id'),
);

/** Notes that the session was used now. False where it has ended. */
export async function touchSession({ db, tenant, now }: Unit, id: string): Promise<boolean> {
  return (await touch(db, { tenant_id: tenant.id, id, last_used_at: now, now })).length > 0;
}

const live = (db: Db, tenantId: number, now: number) =>
  db
    .selectFrom('sessions')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now);

/** A live session; undefined where it has ended, or where another application began it. */
export async function findSession(
  db: Db,
  tenantId: number,
  { id, applicationId }: { readonly id: string; readonly applicationId: string },
  now: number,
): Promise<{ readonly expiresAt: number; readonly impersonatorId: string | null } | undefined> {
  const row = await live(db, tenantId, now)
    .where('id', '=', id)
    .where('application_id', '=', applicationId)
    .executeTakeFirst();
  return row && { expiresAt: row.expires_at, impersonatorId: row.impersonator_id };
}

/** Whose session it is or was (`usr_…`); undefined where there is none of this id. */
export const findSessionOwner = async (db: Db, tenantId: number, id: string): Promise<string | undefined> =>
  (
    await db
      .selectFrom('sessions')
      .select('user_id')
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .executeTakeFirst()
  )?.user_id;

/** One more than `limit` live sessions of a user, newest first, after the session `before`. */
export async function findSessions(
  db: Db,
  {
    tenantId,
    userId,
    now,
    limit,
    before,
  }: {
    readonly tenantId: number;
    readonly userId: string;
    readonly now: number;
    readonly limit: number;
    readonly before: string | undefined;
  },
): Promise<Session[]> {
  const rows = await live(db, tenantId, now)
    .where('user_id', '=', userId)
    .$if(before !== undefined, (query) => query.where('id', '<', before as string))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    user_id: row.user_id,
    application_id: row.application_id,
    impersonator_id: row.impersonator_id,
    ip: row.ip,
    user_agent: row.user_agent,
    created_at: toWire(row.created_at),
    last_used_at: toWire(row.last_used_at),
    expires_at: toWire(row.expires_at),
  }));
}

const revoking = (unit: Unit) =>
  unit.db
    .updateTable('sessions')
    .set({ revoked_at: unit.now })
    .where('tenant_id', '=', unit.tenant.id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', unit.now)
    .returning(['id', 'user_id']);

const announce = async (unit: Unit, ended: readonly { id: string; user_id: string }[]): Promise<void> => {
  for (const { id, user_id } of ended)
    await unit.emit('session.revoked', { target: { type: 'session', id }, data: { user_id } });
  unit.afterCommit(unit.services.onAccessChange);
};

/** Ends one session with everything that hangs on it. False where it has ended already. Locks whose it is, before the session. */
export async function endSession(unit: Unit, id: string): Promise<boolean> {
  const owner = await findSessionOwner(unit.db, unit.tenant.id, id);
  if (owner !== undefined) await findUserToChange(unit.db, unit.tenant.id, owner);
  const ended = await revoking(unit).where('id', '=', id).execute();
  await unit.db
    .deleteFrom('oidc_artifacts')
    .where('tenant_id', '=', unit.tenant.id)
    .where('session_id', '=', id)
    .execute();
  await announce(unit, ended);
  return ended.length > 0;
}

/**
 * Ends the sessions in which others act as the user, and those in which the user acts as others: what the user may do has
 * changed, so that they rest on what is no more.
 */
export async function endImpersonations(unit: Unit, userId: string): Promise<void> {
  const ended = await revoking(unit)
    .where((e) =>
      e.or([
        e('impersonator_id', '=', userId),
        e.and([e('user_id', '=', userId), e('impersonator_id', 'is not', null)]),
      ]),
    )
    .execute();
  const [first, ...rest] = ended.map(({ id }) => id);
  if (first === undefined) return;
  await unit.db
    .deleteFrom('oidc_artifacts')
    .where('tenant_id', '=', unit.tenant.id)
    .where('session_id', 'in', padded([first, ...rest]))
    .execute();
  await announce(unit, ended);
}

/** Deletes the sessions in which a user acted as others, who is being erased: they tell where from. All have ended. */
export async function deleteImpersonations(db: Db, tenantId: number, userId: string): Promise<void> {
  await db.deleteFrom('sessions').where('tenant_id', '=', tenantId).where('impersonator_id', '=', userId).execute();
}

/** Ends every live session of a user, with an event for each. Returns how many ended. */
export async function endSessions(unit: Unit, userId: string): Promise<number> {
  const ended = await revoking(unit).where('user_id', '=', userId).execute();
  await unit.db
    .deleteFrom('oidc_artifacts')
    .where('tenant_id', '=', unit.tenant.id)
    .where('user_id', '=', userId)
    .execute();
  await announce(unit, ended);
  return ended.length;
}
