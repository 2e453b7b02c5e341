/**
 * What one request to an OAuth endpoint carries through oidc-provider, which knows nothing of tenants: who calls, what
 * is to be written when it succeeds, and why it failed. Owns the invariant that nothing is written before the answer is
 * sure: what the provider stores, consumes or destroys is noted here and done in one unit of work at the end.
 */
import type { Artifact, Caller, ClientRecord, RuleClaims, TenantContext, TokenAudience, User } from '@reeve/core';

/** What the provider wants written. */
export interface Journal {
  readonly upserts: Omit<Artifact, 'sessionId'>[];
  /** Ids of consumed artifacts, by kind. */
  readonly consumed: { readonly kind: string; readonly id: string }[];
  /** Digests of grants that end, with all that was issued on them. */
  readonly endedGrants: Set<string>;
}

/** The signed-in user that tokens are made for. */
export interface TokenUser {
  readonly user: User;
  readonly userNum: number;
  readonly tokenVersion: number;
  /** Management permissions that the user has. */
  readonly permissions: ReadonlySet<string>;
  readonly sessionId: string;
  readonly sessionExpiresAt: number;
  /** Who acts as the user. */
  readonly impersonatorId?: string | null;
  /** What the tenant's rules put into the tokens. */
  readonly claims?: RuleClaims | undefined;
}

export interface Exchange {
  readonly tenant: TenantContext;
  readonly caller: Caller;
  readonly journal: Journal;
  /** The audience as it was asked for, now or when the code was made, where it is one of the tenant's. */
  audience: string | undefined;
  /** The audience as it was asked for, where nobody knows it. */
  readonly unknownAudience?: string;
  /** The resource server of the tenant that the token is for. */
  server?: TokenAudience;
  /** What the token tells in its claim `permissions`. */
  toldPermissions?: readonly string[];
  /** The access token (a JWT) that a revocation or introspection is about. */
  readonly structured: string | undefined;
  /** The application, once its secret was right. */
  client?: ClientRecord;
  secretId?: string;
  tokenUser?: TokenUser;
  /** What the provider answered with an error for. */
  failure?: unknown;
}

export const newJournal = (): Journal => ({ upserts: [], consumed: [], endedGrants: new Set() });

const exchanges = new WeakMap<object, Exchange>();

/** Ties an exchange to the request object that the provider is given. */
export const bindExchange = (request: object, exchange: Exchange): void => void exchanges.set(request, exchange);

/** The exchange of the provider's context. */
export function exchangeOf(ctx: { readonly req: object } | undefined): Exchange {
  const exchange = ctx && exchanges.get(ctx.req);
  if (!exchange) throw new Error('The provider was called outside an exchange.');
  return exchange;
}
