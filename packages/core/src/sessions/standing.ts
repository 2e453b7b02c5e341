/**
 * Whether what an access token rests on still stands: its application, its user, its session, the key that signed it,
 * and the rights of both. Asked again and again while a token is in use, so by prepared statements.
 */
import { scopes } from '@reeve/contract';
import { findGrantedScopes } from '../client-grants/client-grants.store.ts';
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { isId } from '../id.ts';
import { permissionsOn } from '../permissions/permissions.store.ts';
import { MANAGEMENT_AUDIENCE } from '../resource-servers/audiences.ts';
import { findTokenAudience } from '../resource-servers/resource-servers.store.ts';

type ApplicationStanding = {
  id: string;
  client_id: string;
  enabled: 0 | 1;
  is_public: 0 | 1;
  token_version: number;
  scopes: string;
  created_at: number;
};
const applicationOf = statement<{ tenant_id: number; client_id: string }, ApplicationStanding>((db, slot) =>
  db
    .selectFrom('applications')
    .select(['id', 'client_id', 'enabled', 'is_public', 'token_version', 'scopes', 'created_at'])
    .where('tenant_id', '=', slot('tenant_id'))
    .where('client_id', '=', slot('client_id')),
);
const revokedOf = statement<{ tenant_id: number; jti: string }, { aud: string }>((db, slot) =>
  db
    .selectFrom('revoked_tokens')
    .select('aud')
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
type UserStanding = { num: number; state: 'active' | 'disabled'; token_version: number; access_ends_at: number };
const userOf = statement<{ tenant_id: number; id: string }, UserStanding>((db, slot) =>
  db
    .selectFrom('users')
    .select(['num', 'state', 'token_version', 'access_ends_at'])
    .where('id', '=', slot('id'))
    .where('tenant_id', '=', slot('tenant_id')),
);
const sessionOf = statement<{ tenant_id: number; id: string; now: number }, { user_id: string; created_at: number }>(
  (db, slot) =>
    db
      .selectFrom('sessions')
      .select(['user_id', 'created_at'])
      .where('tenant_id', '=', slot('tenant_id'))
      .where('id', '=', slot('id'))
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', slot('now')),
);
/** The built-in roles whose holders administer the tenant. */
export const ADMINISTRATOR_CODES = ['system_admin', 'super_admin'] as const;

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
    .where('roles.code', 'in', [...ADMINISTRATOR_CODES]),
);

/** The management scopes that a signed-in user has: all of an administrator, none of anybody else. */
export async function scopesOfUser(db: Db, tenantId: number, userNum: number): Promise<ReadonlySet<string>> {
  const roles = await administrationOf(db, { tenant_id: tenantId, user_num: userNum });
  return new Set(roles.length > 0 ? scopes : []);
}

/** The level of a user's most powerful administrator role; less is more. Undefined of everybody else. */
export async function administratorLevel(db: Db, tenantId: number, userNum: number): Promise<number | undefined> {
  const roles = await administrationOf(db, { tenant_id: tenantId, user_num: userNum });
  return roles.length === 0 ? undefined : Math.min(...roles.map(({ level }) => level));
}

const codesOf = statement<{ tenant_id: number; user_num: number }, { code: string }>((db, slot) =>
  db
    .selectFrom('role_members')
    .innerJoin('roles', (join) =>
      join.onRef('roles.tenant_id', '=', 'role_members.tenant_id').onRef('roles.id', '=', 'role_members.role_id'),
    )
    .select('roles.code')
    .where('role_members.user_num', '=', slot('user_num'))
    .where('role_members.tenant_id', '=', slot('tenant_id'))
    .where('roles.namespace', '=', 'default')
    .orderBy('roles.level')
    .orderBy('roles.code_key'),
);

/** The codes of the roles that a user holds in the namespace `default`, the most powerful first. */
export async function codesOfUser(db: Db, tenantId: number, userNum: number): Promise<ReadonlySet<string>> {
  const roles = await codesOf(db, { tenant_id: tenantId, user_num: userNum });
  return new Set(roles.map(({ code }) => code));
}

/** What a token claims to rest on. */
export interface TokenGround {
  readonly keyId: string;
  readonly jti: string;
  readonly clientId: string;
  /** Claim `aud`. */
  readonly audiences: readonly string[];
  /** Epoch seconds, as `iat` has them. */
  readonly issuedAt: number;
  /** `usr_…`; absent for an application's own token. */
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly tokenVersion: number;
  /** Claim `imp`: who acts as the user. */
  readonly impersonatorId?: string | undefined;
  /** What the token is for, where it is not the native API. */
  readonly api?: 'auth0' | 'rw3iss' | { readonly resourceServerId: string } | undefined;
}

export type Fallen = 'key' | 'application' | 'token' | 'user' | 'impersonator' | 'version' | 'session' | 'api';

export interface Standing {
  readonly application: { readonly id: string; readonly clientId: string };
  /** Management scopes that the token's subject has now. */
  readonly scopes: ReadonlySet<string>;
  /** The scopes of the token's API, in its spelling, that its subject has now; undefined where `scopes` spells them. */
  readonly granted?: ReadonlySet<string> | undefined;
}

/** What is granted of the token's API beside management permissions; undefined where nothing is but they. */
async function grantedNow(
  db: Db,
  tenantId: number,
  { api }: TokenGround,
  subject: { readonly applicationId: string } | { readonly userNum: number },
): Promise<ReadonlySet<string> | 'gone' | undefined> {
  if (api === undefined) return undefined;
  if (api === 'rw3iss') return 'userNum' in subject ? codesOfUser(db, tenantId, subject.userNum) : new Set();
  if (api === 'auth0') {
    if (!('applicationId' in subject)) return undefined;
    const granted = await findGrantedScopes(db, tenantId, subject.applicationId, MANAGEMENT_AUDIENCE);
    return granted && new Set(granted);
  }
  const server = await findTokenAudience(db, tenantId, 'id', api.resourceServerId);
  if (!server) return 'gone';
  if ('applicationId' in subject)
    return new Set(await findGrantedScopes(db, tenantId, subject.applicationId, server.identifier));
  return new Set(
    server.enforcesPolicies ? await permissionsOn(db, tenantId, subject.userNum, server.id) : server.scopes,
  );
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
  if (row?.enabled !== 1) return { fallen: 'application' };
  // A client id can be deleted and made again: the tokens of the earlier application are not the later one's. A clock that was
  // set back to before the later one was made can't tell them apart, and must not shut everybody out until it gets there.
  if (now >= row.created_at && ground.issuedAt < Math.floor(row.created_at / 1000)) return { fallen: 'application' };
  const application = { id: row.id, clientId: row.client_id };
  const ended = await revokedOf(db, { ...inTenant, jti: ground.jti });
  const isMeant = (aud: string) => aud === '' || aud === ground.clientId || ground.audiences.includes(aud);
  if (ended.some(({ aud }) => isMeant(aud))) return { fallen: 'token' };
  if (ground.userId === undefined) {
    if (row.is_public === 1 || ground.tokenVersion < row.token_version) return { fallen: 'application' };
    const granted = await grantedNow(db, tenantId, ground, { applicationId: row.id });
    if (granted === 'gone') return { fallen: 'api' };
    return { application, scopes: new Set(JSON.parse(row.scopes) as string[]), granted };
  }
  const [user] = await userOf(db, { ...inTenant, id: ground.userId });
  if (user?.state !== 'active') return { fallen: 'user' };
  if (ground.tokenVersion < user.token_version) return { fallen: 'version' };
  const endsAt = user.access_ends_at <= now ? user.access_ends_at : 0;
  if (ground.issuedAt * 1000 < endsAt) return { fallen: 'version' };
  if (ground.impersonatorId !== undefined && isId('usr', ground.impersonatorId)) {
    const [impersonator] = await userOf(db, { ...inTenant, id: ground.impersonatorId });
    if (impersonator?.state !== 'active') return { fallen: 'impersonator' };
  }
  if (ground.sessionId !== undefined) {
    const [session] = await sessionOf(db, { ...inTenant, id: ground.sessionId, now });
    if (session?.user_id !== ground.userId || session.created_at < endsAt) return { fallen: 'session' };
  }
  const granted = await grantedNow(db, tenantId, ground, { userNum: user.num });
  if (granted === 'gone') return { fallen: 'api' };
  return { application, scopes: await scopesOfUser(db, tenantId, user.num), granted };
}
