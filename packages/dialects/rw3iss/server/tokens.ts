/**
 * The token pair of a session (contract `token`). The access token is an RS256 JWT like every other door's, with the
 * vendor's claims beside those that the guard reads; its roles are told for the client, what counts is what is held.
 */
import {
  codesOfUser,
  type DialectCall,
  memberRoles,
  type RefreshToken,
  type RuleClaims,
  type User,
  uuidOf,
} from '@reeve/core';
import { DEFAULT_POOL, homePoolOf } from './pool.ts';
import { providerOf } from './user.ts';
import { present } from './value.ts';

/** Contract `token.access.ttl_seconds`. */
const ACCESS_SECONDS = 900;
/** Contract `token.refresh`. */
export const REFRESH_SECONDS = { short: 604_800, long: 2_592_000 } as const;

export interface TokenSubject {
  readonly user: User;
  readonly userNum: number;
  readonly tokenVersion: number;
  readonly sessionId: string;
  readonly application: { readonly id: string; readonly clientId: string; readonly code: string };
  /** The organization that the session acts in. */
  readonly organization?: OrganizationContext | undefined;
  /** Who acts as the user. */
  readonly impersonator?: User | undefined;
  readonly isRemembered: boolean;
  readonly claims?: RuleClaims | undefined;
  readonly refresh: RefreshToken;
}

export interface OrganizationContext {
  readonly id: string;
  readonly name: string;
  readonly display_name: string | null;
}

export interface TokenPair {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in: number;
  /** RFC 3339. */
  readonly expires_at: string;
}

/** Roles that count in a session: those of the platform, and inside an organization the member's, too. */
async function rolesIn(
  { work }: Pick<DialectCall, 'work'>,
  { userNum, organization }: Pick<TokenSubject, 'userNum' | 'organization'>,
): Promise<string[]> {
  return work.read(async (db) => {
    const codes = await codesOfUser(db, work.tenant.id, userNum);
    if (!organization) return [...codes];
    const held = await memberRoles(db, work.tenant.id, organization.id, [userNum]);
    return [...new Set([...codes, ...(held.get(userNum) ?? []).map(({ code }) => code)])];
  });
}

/** The vendor's claims: what a rule puts under one of these names would say what the session is not. */
const VENDOR_CLAIMS: ReadonlySet<string> = new Set(
  (
    'sub uid azp email first_name last_name display_name org_id org_slug org_name roles permissions token_type sid ' +
    'session_id remember_me auth_provider tv app_id app_code namespace imp imp_uid imp_email'
  ).split(' '),
);

const ruledClaims = (claims: RuleClaims | undefined): Record<string, unknown> =>
  Object.fromEntries(Object.entries(claims?.accessToken ?? {}).filter(([name]) => !VENDOR_CLAIMS.has(name)));

/** Makes the pair. The session and its refresh token are stored already. */
export async function pairOf(
  call: Pick<DialectCall, 'work' | 'sign'>,
  subject: TokenSubject,
): Promise<{ readonly pair: TokenPair; readonly roles: string[] }> {
  const { work, sign } = call;
  const roles = await rolesIn(call, subject);
  const home = await homePoolOf(work, subject.user);
  const left = Math.max(1, Math.floor((subject.refresh.expiresAt - work.now) / 1000));
  const { token, expiresAt } = await sign({
    ...ruledClaims(subject.claims),
    ...claimsOf(subject, roles, home),
    lifetime: Math.min(ACCESS_SECONDS, left),
  });
  const pair: TokenPair = {
    access_token: token,
    refresh_token: subject.refresh.token,
    token_type: 'Bearer',
    expires_in: Math.min(ACCESS_SECONDS, left),
    expires_at: new Date(expiresAt * 1000).toISOString().replace('.000Z', 'Z'),
  };
  return { pair, roles };
}

function claimsOf(subject: TokenSubject, roles: readonly string[], namespace: string) {
  const { user, application, organization, impersonator } = subject;
  const uid = uuidOf(user.id);
  return {
    sub: uid,
    uid,
    azp: application.clientId,
    email: user.email ?? '',
    ...present({ first_name: user.given_name, last_name: user.family_name, display_name: user.name }),
    ...(organization
      ? {
          org_id: uuidOf(organization.id),
          org_slug: organization.name,
          org_name: organization.display_name ?? organization.name,
        }
      : {}),
    roles,
    permissions: [],
    token_type: 'access',
    sid: subject.sessionId,
    session_id: uuidOf(subject.sessionId),
    ...(subject.isRemembered ? { remember_me: true } : {}),
    auth_provider: providerOf(user),
    ...(subject.tokenVersion === 0 ? {} : { tv: subject.tokenVersion }),
    // Of an impersonation's session the application is the caller's own, and no context of the target's.
    ...(impersonator ? {} : { app_id: uuidOf(application.id), app_code: application.code }),
    ...(namespace === DEFAULT_POOL ? {} : { namespace }),
    ...(impersonator
      ? { imp: impersonator.id, imp_uid: uuidOf(impersonator.id), imp_email: impersonator.email ?? '' }
      : {}),
  };
}
