/**
 * The end of every request to an OAuth endpoint: what was issued, ended or refused is written, events included, in one
 * unit of work, before the answer leaves. Owns two invariants: a refresh token is used once, and using one again ends
 * the session it belongs to. Which of two uses was the thief's can't be told (RFC 9700 §4.14.2), so a race of two
 * refreshes ends the session too: one of them is answered, and what it was given is dead at once.
 */
import {
  anonymousActor,
  consumeArtifact,
  createWork,
  deleteGrant,
  endSession,
  findUser,
  Problem,
  parseUser,
  revokeToken,
  type Services,
  touchSession,
  type Unit,
  upsertArtifact,
  type Work,
} from '@reeve/core';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { type AccessClaims, type Guard, userIdOf } from '../guard.ts';
import { isOidcScope } from './apis.ts';
import { subjectOf as subjectOfUser } from './claims.ts';
import type { Clients } from './clients.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import { oauthErrorOf } from './oauth-error.ts';
import type { Conclude } from './providers.ts';
import { SignInError } from './sign-in-error.ts';
import { inAuth0Words } from './targets.ts';

interface Parts {
  readonly services: Services;
  readonly clients: Clients;
  readonly guard: Guard;
  readonly log: (error: unknown) => void;
}

type Body = Record<string, unknown>;

const REFRESH_REFUSED = {
  true: 'the refresh token was used before; its session has been ended, sign in again',
  false: 'the refresh token is not valid: expired, revoked, or given to another application; sign in again',
} as const;

/** Thrown in a unit to take all of it back. */
class Refusal extends Error {
  readonly isReuse: boolean;
  constructor(isReuse: boolean) {
    super('refused');
    this.isReuse = isReuse;
  }
}

export function createConclude(parts: Parts): Conclude {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.method !== 'OPTIONS' && ctx.oidc) await conclude(parts, ctx);
    } catch (error) {
      answerFault(parts, ctx, error);
    }
  };
}

/** A fault of the server or its storage, told without its particulars. */
function answerFault({ log }: Parts, ctx: KoaContextWithOIDC, error: unknown): void {
  if (!(error instanceof Problem)) log(error);
  const problem = error instanceof Problem ? error : new Problem('internal', 'The server failed.');
  const { status, body, retryAfter } = oauthErrorOf(problem);
  ctx.status = status;
  ctx.body = body;
  if (retryAfter !== undefined) ctx.set('retry-after', String(retryAfter));
}

async function conclude(parts: Parts, ctx: KoaContextWithOIDC): Promise<void> {
  const exchange = exchangeOf(ctx);
  if (exchange.failure !== undefined) return refused(parts, ctx, exchange);
  switch (ctx.oidc.route) {
    case 'token':
      return issued(parts, ctx, exchange);
    case 'revocation':
      return revoked(parts, ctx, exchange);
    case 'introspection':
      return introspected(parts, ctx, exchange);
    case 'discovery':
      return described(ctx);
    default:
      return undefined;
  }
}

/** Work as whoever the request turned out to be. */
function workOf({ services }: Parts, { tenant, caller, client, tokenUser, secretId }: Exchange): Work {
  const applicationId = client?.id ?? null;
  const isProven = secretId !== undefined;
  const actor = tokenUser
    ? {
        type: 'user' as const,
        id: tokenUser.user.id,
        applicationId,
        impersonatorId: tokenUser.impersonatorId ?? null,
      }
    : isProven
      ? { ...anonymousActor, type: 'application' as const, id: applicationId, applicationId }
      : { ...anonymousActor, applicationId };
  return createWork({ services, tenant, caller, actor });
}

const sessionIdOf = (ctx: KoaContextWithOIDC, { tokenUser }: Exchange): string | undefined =>
  tokenUser?.sessionId ?? ctx.oidc.entities.RefreshToken?.sid;

async function issued(parts: Parts, ctx: KoaContextWithOIDC, exchange: Exchange): Promise<void> {
  const { params } = ctx.oidc;
  const sessionId = sessionIdOf(ctx, exchange);
  const token = ctx.oidc.entities.AccessToken ?? ctx.oidc.entities.ClientCredentials;
  const { tokenUser, client } = exchange;
  try {
    await workOf(parts, exchange).write(async (unit) => {
      await writeJournal(unit, exchange, sessionId);
      if (exchange.secretId !== undefined) await parts.clients.noteUse(unit, exchange.secretId);
      await unit.emit('token.issued', {
        target: tokenUser ? { type: 'user', id: tokenUser.user.id } : { type: 'application', id: client?.id ?? null },
        data: {
          grant_type: params?.grant_type,
          client_id: client?.clientId,
          audience: token?.aud,
          scope: token?.scope ?? '',
          jti: token?.jti,
          ...(sessionId === undefined ? {} : { session_id: sessionId }),
        },
      });
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    ctx.status = 400;
    ctx.body = {
      error: 'invalid_grant',
      error_description:
        params?.grant_type === 'authorization_code'
          ? 'the session of this code has been ended meanwhile'
          : REFRESH_REFUSED[`${error.isReuse}`],
    };
    await witnessRefusal(parts, ctx, exchange, error.isReuse);
  }
}

async function writeJournal(unit: Unit, { journal }: Exchange, sessionId: string | undefined): Promise<void> {
  const { db, tenant, now } = unit;
  const { consumed, upserts } = journal;
  if (consumed.length + upserts.length === 0) return;
  // The session may have ended since it was read: nothing is added to it then. It goes before its tokens, as wherever both change.
  if (sessionId !== undefined && !(await touchSession(unit, sessionId))) throw new Refusal(false);
  for (const { kind, id } of consumed) {
    if (!(await consumeArtifact(db, tenant.id, kind, id, now))) throw new Refusal(true);
  }
  for (const artifact of upserts) await upsertArtifact(db, tenant.id, { ...artifact, sessionId: sessionId ?? null });
}

async function refused(parts: Parts, ctx: KoaContextWithOIDC, exchange: Exchange): Promise<void> {
  const { failure } = exchange;
  if (failure instanceof Problem) throw failure;
  if (ctx.status >= 500) {
    parts.log(failure);
    Object.assign(ctx.body as Body, {
      error_description: 'the server failed; the request id finds the cause in its log',
    });
    return;
  }
  const { client, params } = ctx.oidc;
  const body = ctx.body as Body;
  const grantType = params?.grant_type;
  if (
    body.error === 'invalid_request' &&
    typeof grantType === 'string' &&
    client?.grantTypeAllowed(grantType) === false
  ) {
    Object.assign(body, {
      error: 'unauthorized_client',
      error_description: 'the application may not use this grant type',
    });
  }
  const known = inAuth0Words(exchange, body.error, grantType);
  if (known) {
    ctx.status = known.status;
    Object.assign(body, known.body);
  }
  if (failure instanceof SignInError) {
    body.code = failure.code;
    if (failure.retryAfter !== undefined) ctx.set('retry-after', String(failure.retryAfter));
  }
  // The provider ends a grant of its own accord only where a refresh token came a second time.
  const isReuse = ctx.oidc.route === 'token' && exchange.journal.endedGrants.size > 0;
  if (grantType === 'refresh_token' && body.error === 'invalid_grant')
    body.error_description = REFRESH_REFUSED[`${isReuse}`];
  if (ctx.status !== 429) await witnessRefusal(parts, ctx, exchange, isReuse);
}

/** Records the refusal; where a token was used again, ends the session and all that came of it. */
async function witnessRefusal(
  parts: Parts,
  ctx: KoaContextWithOIDC,
  exchange: Exchange,
  isReuse: boolean,
): Promise<void> {
  const { params, entities } = ctx.oidc;
  const body = ctx.body as Body;
  const sessionId = sessionIdOf(ctx, exchange);
  await workOf(parts, exchange).write(async (unit) => {
    await unit.emit('token.refused', {
      target: { type: 'application', id: exchange.client?.id ?? null },
      data: {
        error: body.error,
        ...(body.code === undefined ? {} : { code: body.code }),
        endpoint: ctx.oidc.route,
        grant_type: textOf(params?.grant_type),
        client_id: textOf(params?.client_id) ?? exchange.client?.clientId ?? null,
      },
    });
    if (!isReuse) return;
    await unit.emit('token.reuse_detected', {
      target: { type: 'session', id: sessionId ?? null },
      data: { user_id: entities.RefreshToken?.accountId },
    });
    const grantId = entities.RefreshToken?.grantId;
    // The session before what hangs on it, as wherever both change.
    if (sessionId !== undefined) await endSession(unit, sessionId);
    if (grantId !== undefined) await deleteGrant(unit.db, unit.tenant.id, parts.services.vault.digest(grantId));
  });
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value.slice(0, 128) : null);

/** Ends the access token that was given, or the session of the refresh token (RFC 7009 §2.1: all on its grant). */
async function revoked(parts: Parts, ctx: KoaContextWithOIDC, exchange: Exchange): Promise<void> {
  const { client, structured, journal } = exchange;
  const refresh = ctx.oidc.entities.RefreshToken;
  const claims = structured === undefined ? undefined : await claimsOf(parts, exchange, structured);
  const isOwn = claims !== undefined && claims.azp === client?.clientId;
  if (!isOwn && journal.endedGrants.size === 0) return;
  await workOf(parts, exchange).write(async (unit) => {
    if (claims && isOwn) {
      const token = { jti: claims.jti ?? '', aud: claims.azp ?? '' };
      await revokeToken(unit.db, unit.tenant.id, token, (claims.exp ?? 0) * 1000);
      unit.afterCommit(unit.services.onAccessChange);
    }
    await unit.emit('token.revoked', {
      target: refresh ? { type: 'user', id: refresh.accountId ?? null } : targetOf(claims, client?.id),
      data: refresh ? { kind: 'refresh', session_id: refresh.sid } : { kind: 'access', jti: claims?.jti },
    });
    if (refresh?.sid !== undefined) await endSession(unit, refresh.sid);
    for (const grant of journal.endedGrants) await deleteGrant(unit.db, unit.tenant.id, grant);
  });
}

const targetOf = (claims: AccessClaims | undefined, applicationId: string | undefined) =>
  claims?.uid === undefined
    ? { type: 'application', id: applicationId ?? null }
    : { type: 'user', id: userIdOf(claims) ?? null };

/** The claims of an access token that stands; undefined of any other. */
async function claimsOf({ guard }: Parts, { tenant }: Exchange, token: string): Promise<AccessClaims | undefined> {
  try {
    return (await guard.inspect(tenant, token)).claims;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return undefined;
    throw error;
  }
}

/** RFC 7662, for applications that prove who they are. */
async function introspected(parts: Parts, ctx: KoaContextWithOIDC, exchange: Exchange): Promise<void> {
  const { client, structured } = exchange;
  if (client?.isPublic) {
    ctx.status = 401;
    ctx.body = { error: 'invalid_client', error_description: 'introspection is for applications that keep a secret' };
    return witnessRefusal(parts, ctx, exchange, false);
  }
  if (structured === undefined) {
    const body = ctx.body as Body;
    // The provider knows users by the name they are stored under.
    if (body.active === true && exchange.tokenUser === undefined) body.sub = await subjectOf(parts, exchange, body.sub);
    return undefined;
  }
  ctx.body = await describeToken(parts, exchange, structured);
  return undefined;
}

async function subjectOf({ services }: Parts, { tenant }: Exchange, userId: unknown): Promise<string | undefined> {
  if (typeof userId !== 'string') return undefined;
  const row = await services.database.read((db) => findUser(db, tenant.id, userId));
  return row && subjectOfUser(parseUser(row.doc));
}

async function describeToken({ guard }: Parts, { tenant }: Exchange, token: string): Promise<Body> {
  try {
    const { claims, principal } = await guard.inspect(tenant, token);
    const scope = (claims.scope ?? '').split(' ').filter((name) => isOidcScope(name) || principal.scopes.has(name));
    const told = claims.permissions?.filter((name) => principal.granted?.has(name));
    return {
      active: true,
      ...claims,
      ...(told ? { permissions: told } : {}),
      scope: scope.join(' '),
      token_type: 'Bearer',
    };
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return { active: false };
    throw error;
  }
}

/** Discovery tells what there is: no authorization endpoint yet. */
function described(ctx: KoaContextWithOIDC): void {
  const body = ctx.body as Body;
  for (const name of [
    'authorization_endpoint',
    'code_challenge_methods_supported',
    'response_modes_supported',
    'authorization_response_iss_parameter_supported',
    'claims_parameter_supported',
    'request_parameter_supported',
    'request_uri_parameter_supported',
    'token_endpoint_auth_signing_alg_values_supported',
  ])
    delete body[name];
}
