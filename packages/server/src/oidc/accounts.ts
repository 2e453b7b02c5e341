/** Users as the accounts of oidc-provider. */
import {
  createWork,
  findSession,
  findUser,
  judgeRefresh,
  parseUser,
  type RuleClaims,
  type Services,
  scopesOfUser,
} from '@reeve/core';
import type { Account, FindAccount } from 'oidc-provider';
import { claimsOf, subjectOf } from './claims.ts';
import { type Exchange, exchangeOf, type TokenUser } from './exchange.ts';
import { SignInError } from './sign-in-error.ts';

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
