/** Users as OpenID Connect sees them: the subject, and the claims that each scope opens. */
import {
  createWork,
  findSession,
  findUser,
  judgeRefresh,
  parseUser,
  type RuleClaims,
  type Services,
  scopesOfUser,
  type User,
} from '@reeve/core';
import type { Account, FindAccount } from 'oidc-provider';
import { type Exchange, exchangeOf, type TokenUser } from './exchange.ts';
import { SignInError } from './sign-in-error.ts';

/** OIDC Core §5.4. */
export const claimsByScope: Readonly<Record<string, readonly string[]>> = {
  openid: ['sub', 'uid'],
  profile: [
    'name',
    'given_name',
    'family_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** `provider|subject` of the primary identity: how tokens name a user. */
export function subjectOf(user: User): string {
  const primary = user.identities.find(({ is_primary }) => is_primary);
  return primary ? `${primary.provider}|${primary.subject}` : user.id;
}

/** Every claim that can be made of a user; what is not known is left out. */
function claimsOf(user: User): Record<string, unknown> & { sub: string } {
  const { profile } = user;
  const claims = {
    sub: subjectOf(user),
    uid: user.id,
    name: user.name,
    given_name: user.given_name,
    family_name: user.family_name,
    middle_name: profile.middle_name,
    nickname: user.nickname,
    preferred_username: profile.preferred_username ?? user.username,
    profile: profile.profile,
    picture: user.picture,
    website: profile.website,
    gender: profile.gender,
    birthdate: profile.birthdate,
    zoneinfo: profile.zoneinfo,
    locale: profile.locale,
    updated_at: Math.floor(Date.parse(user.updated_at) / 1000),
    email: user.email,
    email_verified: user.email === null ? null : user.email_verified,
    phone_number: user.phone_number,
    phone_number_verified: user.phone_number === null ? null : user.phone_verified,
  };
  const known = Object.entries(claims).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(known) as Record<string, unknown> & { sub: string };
}

/** The claims that the scopes open. */
export function claimsFor(user: User, scopes: readonly string[]): Record<string, unknown> {
  const opened = new Set(scopes.flatMap((scope) => claimsByScope[scope] ?? []));
  return Object.fromEntries(Object.entries(claimsOf(user)).filter(([name]) => opened.has(name)));
}

/** The account that tokens are made for. Stored it is named by `usr_…`, in tokens by its subject. */
export const accountOf = ({ user }: TokenUser): Account => ({
  accountId: subjectOf(user),
  claims: () => claimsOf(user),
});

/** Finds who a refresh token was given to, as long as the user is active and the session live. */
export const createFindAccount =
  (services: Services): FindAccount =>
  async (ctx, userId, token) => {
    const { database, clock } = services;
    const exchange = exchangeOf(ctx);
    const sessionId = (token as { sid?: string } | undefined)?.sid;
    const applicationId = exchange.client?.id;
    if (sessionId === undefined || applicationId === undefined) return undefined;
    const found = await database.read(async (db) => {
      const row = await findUser(db, exchange.tenant.id, userId);
      if (row?.state !== 'active') return undefined;
      const session = await findSession(db, exchange.tenant.id, { id: sessionId, applicationId }, clock.now());
      if (!session) return undefined;
      return {
        user: parseUser(row.doc),
        userNum: row.num,
        tokenVersion: row.token_version,
        permissions: await scopesOfUser(db, exchange.tenant.id, row.num),
        sessionId,
        sessionExpiresAt: session.expiresAt,
        impersonatorId: session.impersonatorId,
      };
    });
    if (!found) return undefined;
    const isRefresh = ctx.oidc.route === 'token' && ctx.oidc.params?.grant_type === 'refresh_token';
    // A token that was used before is no sign-in: its session is about to be ended.
    const isUsed = (token as { consumed?: unknown } | undefined)?.consumed;
    const claims = isRefresh && !isUsed ? await claimsOfRules(services, exchange, found) : undefined;
    exchange.tokenUser = { ...found, claims };
    return accountOf(exchange.tokenUser);
  };

/** What the tenant's rules give to refreshed tokens; a rule that refuses ends the exchange. */
async function claimsOfRules(
  services: Services,
  { tenant, caller, client }: Exchange,
  { user, userNum, sessionId, impersonatorId }: TokenUser,
): Promise<RuleClaims | undefined> {
  const actor = {
    type: 'user',
    id: user.id,
    applicationId: client?.id ?? null,
    impersonatorId: impersonatorId ?? null,
  } as const;
  const verdict = await judgeRefresh(createWork({ services, tenant, caller, actor }), { user, userNum, sessionId });
  if ('denied' in verdict) throw new SignInError({ refused: 'rule_denied', message: verdict.denied });
  return verdict.claims;
}
