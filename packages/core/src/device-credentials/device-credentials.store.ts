/**
 * The rows of device credentials, and the sessions that are shown among them: a live refresh token belongs to one, and
 * carries its number. So an entry of either kind has an id that stays, and one order holds for both: newest first.
 */
import type { DeviceCredential } from '@reeve/contract';
import { toWire } from '../clock.ts';
import type { Db } from '../database/database.ts';
import { DOOR_REFRESH_KIND } from '../sessions/refresh-tokens.ts';

export interface Filter {
  readonly tenantId: number;
  readonly now: number;
  readonly userId?: string | undefined;
  readonly applicationId?: string | undefined;
}

const PUBLIC_KEY = 'dcr_';
const SESSION = 'ses_';

/** The session that a credential's id would show. */
export const sessionIdOf = (credentialId: string): string => SESSION + credentialId.slice(PUBLIC_KEY.length);

const publicKeys = (db: Db, { tenantId, userId, applicationId }: Filter) =>
  db
    .selectFrom('device_credentials')
    .where('tenant_id', '=', tenantId)
    .$if(userId !== undefined, (query) => query.where('user_id', '=', userId as string))
    .$if(applicationId !== undefined, (query) => query.where('application_id', '=', applicationId as string));

/** Whatever door a session came by. */
const REFRESH_KINDS = ['RefreshToken', DOOR_REFRESH_KIND];

/** The live sessions that have a refresh token which was not used yet. */
const refreshing = (db: Db, { tenantId, now, userId, applicationId }: Filter) =>
  db
    .selectFrom('oidc_artifacts')
    .innerJoin('sessions', (join) =>
      join
        .onRef('sessions.tenant_id', '=', 'oidc_artifacts.tenant_id')
        .onRef('sessions.id', '=', 'oidc_artifacts.session_id'),
    )
    .where('oidc_artifacts.tenant_id', '=', tenantId)
    .where('oidc_artifacts.kind', 'in', REFRESH_KINDS)
    .where('oidc_artifacts.consumed_at', 'is', null)
    .where('oidc_artifacts.expires_at', '>', now)
    .where('sessions.revoked_at', 'is', null)
    .where('sessions.expires_at', '>', now)
    .$if(userId !== undefined, (query) => query.where('sessions.user_id', '=', userId as string))
    .$if(applicationId !== undefined, (query) => query.where('sessions.application_id', '=', applicationId as string));

interface Portion {
  readonly limit: number;
  /** What follows the prefix of the last id before; undefined: from the beginning. */
  readonly before?: string | undefined;
}

/** Public keys, newest first. */
export async function findPublicKeys(db: Db, filter: Filter, { limit, before }: Portion): Promise<DeviceCredential[]> {
  const rows = await publicKeys(db, filter)
    .select(['id', 'type', 'user_id', 'application_id', 'device_id', 'device_name', 'created_at'])
    .$if(before !== undefined, (query) => query.where('id', '<', `${PUBLIC_KEY}${before}`))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, created_at: toWire(row.created_at), expires_at: null }));
}

/** Sessions with a live refresh token, as credentials, newest first. */
export async function findRefreshing(db: Db, filter: Filter, { limit, before }: Portion): Promise<DeviceCredential[]> {
  const rows = await refreshing(db, filter)
    .select([
      'oidc_artifacts.session_id as id',
      'sessions.user_id',
      'sessions.application_id',
      'sessions.user_agent',
      'sessions.created_at',
      'sessions.expires_at',
    ])
    .distinct()
    .$if(before !== undefined, (query) => query.where('oidc_artifacts.session_id', '<', `${SESSION}${before}`))
    .orderBy('oidc_artifacts.session_id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ id, user_agent, created_at, expires_at, ...row }) => ({
    ...row,
    id: PUBLIC_KEY + (id as string).slice(SESSION.length),
    type: 'rotating_refresh_token',
    device_id: null,
    device_name: user_agent,
    created_at: toWire(created_at),
    expires_at: toWire(expires_at),
  }));
}

export async function countPublicKeys(db: Db, filter: Filter): Promise<number> {
  const { n } = await publicKeys(db, filter)
    .select((e) => e.fn.countAll().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
}

export async function countRefreshing(db: Db, filter: Filter): Promise<number> {
  const { n } = await refreshing(db, filter)
    .select((e) => e.fn.count('oidc_artifacts.session_id').distinct().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
}

/** Whose session it is, where it has a live refresh token. */
export async function findRefreshingUser(db: Db, filter: Filter, sessionId: string): Promise<string | undefined> {
  const row = await refreshing(db, filter)
    .select('sessions.user_id')
    .where('sessions.id', '=', sessionId)
    .limit(1)
    .executeTakeFirst();
  return row?.user_id;
}
