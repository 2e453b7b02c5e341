/**
 * The grant `authorization_code` (RFC 6749 §4.1.3). Codes come from impersonation links; there is no authorization endpoint.
 * PKCE (RFC 7636) holds where the code was made with a challenge, and must where the application keeps no secret.
 */
import {
  anonymousActor,
  type ClientRecord,
  createWork,
  exchangeCode,
  findTokenAudience,
  readCode,
  type Services,
} from '@reeve/core';
import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import { type Api, apiOfAudience, DEFAULT_API, findDefaultAudience, resourceOf, unknownAudience } from './apis.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import { issueToPerson } from './grants.ts';
import { checkKnown } from './scopes.ts';
import { SignInError } from './sign-in-error.ts';
import { resolveApi } from './targets.ts';

interface CodeParameters {
  readonly code?: string;
  readonly redirect_uri?: string;
  readonly code_verifier?: string;
}

const DESCRIPTIONS = {
  invalid: 'the code is not valid: expired, unknown, or made for another application',
  used: 'the code was used before; what came of it has been ended',
  redirect_uri: 'redirect_uri is not the one that the code was made for',
  code_verifier: 'code_verifier does not match the challenge that the code was made with',
} as const;

class CodeError extends errors.InvalidGrant {
  declare error_description: string;
  constructor(refused: keyof typeof DESCRIPTIONS) {
    super(refused);
    this.error_description = DESCRIPTIONS[refused];
  }
}

const required = (name: string, value: string | undefined): string => {
  if (!value) throw new errors.InvalidRequest(`missing required parameter: ${name}`);
  return value;
};

/** The API that the code was made for, else the tenant's default. Notes in the exchange how it was spelled. */
async function apiOf(services: Services, exchange: Exchange, audience: string | undefined): Promise<Api> {
  exchange.audience = audience;
  if (audience === undefined) {
    const fallback = await findDefaultAudience(services, exchange.tenant);
    return fallback ? resolveApi(services, exchange, resourceOf(fallback)) : DEFAULT_API;
  }
  const { id, origin } = exchange.tenant;
  const own = apiOfAudience(audience);
  if (own?.host === new URL(origin).host) return own.api;
  const server = await services.database.read((db) => findTokenAudience(db, id, 'identifier', audience));
  if (!server) throw new errors.InvalidTarget(unknownAudience(origin));
  return resolveApi(services, exchange, resourceOf(server));
}

/** Registers the grant with a provider. */
export function registerCodeGrant(provider: Provider, services: Services): void {
  provider.registerGrantType<CodeParameters>('authorization_code', (ctx) => grantToCode(provider, services, ctx), [
    'code',
    'redirect_uri',
    'code_verifier',
  ]);
}

async function grantToCode(
  provider: Provider,
  services: Services,
  ctx: TokenEndpointGrantContext<CodeParameters>,
): Promise<void> {
  const exchange = exchangeOf(ctx);
  const record = exchange.client as ClientRecord;
  const { params } = ctx.oidc;
  const code = required('code', params.code);
  const redirectUri = required('redirect_uri', params.redirect_uri);
  const actor = { ...anonymousActor, applicationId: record.id };
  const work = createWork({ services, tenant: exchange.tenant, caller: exchange.caller, actor });
  const grant = await readCode(work, code, record.id);
  if (!grant) throw new CodeError('invalid');
  if (record.isPublic && grant.code_challenge === undefined) throw new CodeError('code_verifier');
  // Whatever is wrong with what was asked for is said before the code is used up.
  const api = await apiOf(services, exchange, grant.audience);
  checkKnown(api, grant.scope);
  const codeVerifier = params.code_verifier;
  const outcome = await exchangeCode(work, { code, applicationId: record.id, redirectUri, codeVerifier });
  if ('denied' in outcome) throw new SignInError({ refused: 'rule_denied', message: outcome.denied });
  if ('refused' in outcome) throw new CodeError(outcome.refused);
  exchange.tokenUser = outcome;
  ctx.oidc.params.scope = grant.scope;
  await issueToPerson(provider, services, ctx, outcome, api);
}
