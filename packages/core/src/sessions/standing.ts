/**
 * Whether what an access token rests on still stands: its application, its user, its session, the key that signed it,
 * and the rights of both. Asked again and again while a token is in use, so by prepared statements.
 */
import { scopes } from '@reeve/contract';
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';

type ApplicationStanding = { id: string; client_id: string; enabled: 0 | 1; scopes: string; created_at: number };
const applicationOf = statement<{ tenant_id: number; client_id: string }, ApplicationStanding>((db, slot) =>
  db
    .selectFrom('applications')
    .select(['id', 'client_id', 'enabled', 'scopes', 'created_at'])
    .where('tenant_id', '=', slot('tenant_id'))
    .where('client_id', '=', slot('client_id')),
);
const revokedOf = statement<{ tenant_id: number; jti: string }, { jti: string }>((db, slot) =>
  db
    .selectFrom('revoked_tokens')
    .select('jti')
    .where('tenant_id', '=', slot('tenant_id'))
    .where('jti', '=', slot('jti')),
);
const keyOf = statement<{ tenant_id: number; id: string; now: number }, { id: string }>((db, slot) =>
  db
    .selectFrom('signing_keys')
    .select('id')
    .where('tenant_id', '=', slot('tenant_id'))
    .where('id', '=', slot('id'))
    .where((e) => e.or([e('retires_at', 'is', null), e('retires_at', '>', slot('now'))])),
);
type UserStanding = { num: number; state: 'active' | 'disabled'; token_version: number };
const userOf = statement<{ tenant_id: number; id: string }, UserStanding>((db, slot) =>
  db
    .selectFrom('users')
    .select(['num', 'state', 'token_version'])
    .where('id', '=', slot('id'))
    .where('tenant_id', '=', slot('tenant_id')),
);
const sessionOf = statement<{ tenant_id: number; id: string; now: number }, { user_id: string }>((db, slot) =>
  db
    .selectFrom('sessions')
    .select('user_id')
    .where('tenant_id', '=', slot('tenant_id'))
    .where('id', '=', slot('id'))
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', slot('now')),
);
const administrationOf = statement<{ tenant_id: number; user_num: number }, { level: number }>((db, slot) =>
  db
    .selectFrom('role_members')
    .innerJoin('roles', (join) =>
      join.onRef('roles.tenant_id', '=', 'role_members.tenant_id').onRef('roles.id', '=', 'role_members.role_id'),
    )
    .select('roles.level')
    .where('role_members.user_num', '=', slot('user_num'))
    .where('role_members.tenant_id', '=', slot('tenant_id'))
    .where('roles.is_built_in', '=', 1)
    .where('roles.code', 'in', ['system_admin', 'super_admin']),
);

/** The management scopes that a signed-in user has: all of an administrator, none of anybody else. */
export async function scopesOfUser(db: Db, tenantId: number, userNum: number): Promise<ReadonlySet<string>> {
  const roles = await administrationOf(db, { tenant_id: tenantId, user_num: userNum });
  return new Set(roles.length > 0 ? scopes : []);
}

/** What a token claims to rest on. */
export interface TokenGround {
  readonly keyId: string;
  readonly jti: string;
  readonly clientId: string;
  /** Epoch seconds, as `iat` has them. */
  readonly issuedAt: number;
  /** `usr_…`; absent for an application's own token. */
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly tokenVersion: number;
}

export type Fallen = 'key' | 'application' | 'token' | 'user' | 'version' | 'session';

export interface Standing {
  readonly application: { readonly id: string; readonly clientId: string };
  /** Management scopes that the token's subject has now. */
  readonly scopes: ReadonlySet<string>;
}

/** What a token rests on as it stands at `now`, or the first part of it that has fallen. */
export async function findStanding(
  db: Db,
  tenantId: number,
  ground: TokenGround,
  now: number,
): Promise<Standing | { readonly fallen: Fallen }> {
  const inTenant = { tenant_id: tenantId };
  const [key] = await keyOf(db, { ...inTenant, id: ground.keyId, now });
  if (!key) return { fallen: 'key' };
  const [row] = await applicationOf(db, { ...inTenant, client_id: ground.clientId });
  // A client id can be deleted and made again: the tokens of the earlier application are not the later one's.
  if (row?.enabled !== 1 || ground.issuedAt < Math.floor(row.created_at / 1000)) return { fallen: 'application' };
  const application = { id: row.id, clientId: row.client_id };
  const [ended] = await revokedOf(db, { ...inTenant, jti: ground.jti });
  if (ended) return { fallen: 'token' };
  if (ground.userId === undefined) return { application, scopes: new Set(JSON.parse(row.scopes) as string[]) };
  const [user] = await userOf(db, { ...inTenant, id: ground.userId });
  if (user?.state !== 'active') return { fallen: 'user' };
  if (ground.tokenVersion < user.token_version) return { fallen: 'version' };
  if (ground.sessionId !== undefined) {
    const [session] = await sessionOf(db, { ...inTenant, id: ground.sessionId, now });
    if (session?.user_id !== ground.userId) return { fallen: 'session' };
  }
  return { application, scopes: await scopesOfUser(db, tenantId, user.num) };
}
