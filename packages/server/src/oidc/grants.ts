/**
 * The grants that are Reeve's own: `client_credentials` with everything granted as the default scope, and the password
 * grants, plain and with a realm. `refresh_token` is oidc-provider's; `authorization_code` is in `code-grant.ts`.
 */
import { anonymousActor, type ClientRecord, createWork, type Services, scopesOfUser, signIn } from '@reeve/core';
import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import { accountOf } from './accounts.ts';
import type { Api } from './apis.ts';
import { type Exchange, exchangeOf, type TokenUser } from './exchange.ts';
import { checkKnown, scopesOfApplication, scopesOfPerson } from './scopes.ts';
import { SignInError } from './sign-in-error.ts';
import { grantedToApplication, heldByPerson, resolveApi, tellsPermissions } from './targets.ts';

export const PASSWORD_REALM = 'http://auth0.com/oauth/grant-type/password-realm';

interface PasswordParameters {
  readonly username?: string;
  readonly password?: string;
  readonly realm?: string;
}
type GrantContext = TokenEndpointGrantContext<PasswordParameters>;

const requireParameter = (name: string, value: string | undefined): string => {
  if (!value) throw new errors.InvalidRequest(`missing required parameter: ${name}`);
  return value;
};

/** Registers the grants with a provider. */
export function registerGrants(provider: Provider, services: Services): void {
  provider.registerGrantType('client_credentials', (ctx) => grantToApplication(provider, services, ctx), [
    'scope',
    'resource',
  ]);
  const parameters = ['username', 'password', 'scope', 'resource'];
  provider.registerGrantType<PasswordParameters>(
    'password',
    (ctx) => grantToPerson(provider, services, ctx, undefined),
    parameters,
  );
  provider.registerGrantType<PasswordParameters>(
    PASSWORD_REALM,
    (ctx) => grantToPerson(provider, services, ctx, requireParameter('realm', ctx.oidc.params.realm)),
    [...parameters, 'realm'],
  );
}

async function grantToApplication(
  provider: Provider,
  services: Services,
  ctx: TokenEndpointGrantContext,
): Promise<void> {
  const exchange = exchangeOf(ctx);
  const record = exchange.client as ClientRecord;
  const { client, params } = ctx.oidc;
  if (record.isPublic) {
    throw new errors.UnauthorizedClient('an application that keeps no secret has no token of its own');
  }
  const api = await resolveApi(services, exchange, params.resource);
  const granted = await grantedToApplication(services, exchange, api, record);
  const scopes = scopesOfApplication(api, granted, params.scope);
  if (tellsPermissions(api)) exchange.toldPermissions = scopes;
  const scope = scopes.join(' ');
  const token = new provider.ClientCredentials({
    client,
    resourceServer: resourceServerOf(provider, exchange, api, scope),
    scope: scope || undefined,
  });
  ctx.oidc.entity('ClientCredentials', token);
  const value = await token.save();
  ctx.body = { access_token: value, token_type: 'Bearer', expires_in: token.expiration, ...(scope ? { scope } : {}) };
}

/** What the provider needs to know of the API that a token is for. */
export const resourceInfoOf = (exchange: Exchange, api: Api, scope: string) => ({
  audience: exchange.audience ?? api.audience(exchange.tenant.origin),
  scope,
  ...(api.server ? { accessTokenTTL: api.server.tokenLifetime } : {}),
  accessTokenFormat: 'jwt' as const,
  jwt: { sign: { alg: 'RS256' as const } },
});

const resourceServerOf = (provider: Provider, exchange: Exchange, api: Api, scope: string) =>
  new provider.ResourceServer(api.resource, resourceInfoOf(exchange, api, scope));

async function grantToPerson(
  provider: Provider,
  services: Services,
  ctx: GrantContext,
  realm: string | undefined,
): Promise<void> {
  const exchange = exchangeOf(ctx);
  const record = exchange.client as ClientRecord;
  const { params } = ctx.oidc;
  const identifier = requireParameter('username', params.username);
  const password = requireParameter('password', params.password);
  // Whatever is wrong with the request is said before the password is tried: no session begins in vain.
  const api = await resolveApi(services, exchange, params.resource);
  checkKnown(api, params.scope);
  const actor = { ...anonymousActor, applicationId: record.id };
  const work = createWork({ services, tenant: exchange.tenant, caller: exchange.caller, actor });
  const outcome = await signIn(work, { identifier, password, connection: realm });
  if ('refused' in outcome) throw new SignInError(outcome);
  const permissions = await work.read((db) => scopesOfUser(db, exchange.tenant.id, outcome.userNum));
  const tokenUser: TokenUser = { ...outcome, permissions };
  exchange.tokenUser = tokenUser;
  await issueToPerson(provider, services, ctx, tokenUser, api);
}

/** Answers with tokens of a person who is signed in, for what `params.scope` asks. */
export async function issueToPerson(
  provider: Provider,
  services: Services,
  ctx: GrantContext,
  tokenUser: TokenUser,
  api: Api,
): Promise<void> {
  const exchange = exchangeOf(ctx);
  const held = await heldByPerson(services, exchange, api, tokenUser);
  if (tellsPermissions(api)) exchange.toldPermissions = api.spell(held);
  const { client, params } = ctx.oidc;
  const mayRefresh = client.grantTypeAllowed('refresh_token') && api.server?.allowsOfflineAccess !== false;
  const scopes = scopesOfPerson(api, held, { asked: params.scope, ruled: tokenUser.claims?.scopes, mayRefresh });
  const scope = [...scopes.oidc, ...scopes.api].join(' ');
  const account = accountOf(tokenUser);
  ctx.oidc.entity('Account', account);
  const grant = new provider.Grant({ accountId: tokenUser.user.id, clientId: client.clientId });
  grant.addOIDCScope(scopes.oidc.join(' '));
  grant.addResourceScope(api.resource, scope);
  const refresh = scopes.oidc.includes('offline_access')
    ? await issueRefreshToken(provider, ctx, { tokenUser, api, scope, grantId: await grant.save() })
    : undefined;
  const token = new provider.AccessToken({
    client,
    accountId: account.accountId,
    grantId: refresh?.grantId ?? '',
    gty: params.grant_type,
    sid: tokenUser.sessionId,
    scope: scope || undefined,
    resourceServer: resourceServerOf(provider, exchange, api, scope),
  });
  ctx.oidc.entity('AccessToken', token);
  const value = await token.save();
  const idToken = scopes.oidc.includes('openid')
    ? await issueIdToken(provider, ctx, tokenUser, scopes.oidc)
    : undefined;
  ctx.body = {
    access_token: value,
    token_type: 'Bearer',
    expires_in: token.expiration,
    ...(refresh ? { refresh_token: refresh.value } : {}),
    ...(idToken ? { id_token: idToken } : {}),
    ...(scope ? { scope } : {}),
  };
}

async function issueRefreshToken(
  provider: Provider,
  ctx: GrantContext,
  made: { tokenUser: TokenUser; api: Api; scope: string; grantId: string },
): Promise<{ value: string; grantId: string }> {
  const token = new provider.RefreshToken({
    client: ctx.oidc.client,
    accountId: made.tokenUser.user.id,
    grantId: made.grantId,
    gty: ctx.oidc.params.grant_type,
    sid: made.tokenUser.sessionId,
    scope: made.scope,
    resource: made.api.resource,
    rotations: 0,
    authTime: Math.floor(Date.now() / 1000),
  });
  ctx.oidc.entity('RefreshToken', token);
  return { value: await token.save(), grantId: made.grantId };
}

async function issueIdToken(
  provider: Provider,
  ctx: GrantContext,
  tokenUser: TokenUser,
  scopes: readonly string[],
): Promise<string> {
  const token = new provider.IdToken(await accountOf(tokenUser).claims('id_token', '', {}, []), { ctx });
  Object.assign(token, { scope: scopes.join(' '), mask: {}, rejected: [] });
  token.set('sid', tokenUser.sessionId);
  return token.issue({ use: 'idtoken' });
}
