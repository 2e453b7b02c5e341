/**
 * The OAuth and OpenID Connect endpoints at the root of every origin. Bodies are read here, as forms or as JSON, under
 * the same bounds as everywhere; an `audience` becomes the API that it names; then oidc-provider takes over. Nothing
 * that a proxy or a stranger puts into forwarded headers reaches it.
 */
import type { IncomingMessage } from 'node:http';
import { findTokenAudience, Problem, type Services, type TenantContext } from '@reeve/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { checkStorable, parseJson, readText } from '../body.ts';
import { challengeOf } from '../challenge.ts';
import { callerOf, type Entered, enterTenant, type Rooms, strangerAt, witnessRefusal } from '../entry.ts';
import { schemeOf } from '../proxies.ts';
import type { PlacedTenant } from '../tenancy.ts';
import { apiOfAudience, findDefaultAudience, resourceOf } from './apis.ts';
import { createClients } from './clients.ts';
import { bindExchange, type Exchange, newJournal } from './exchange.ts';
import { forwarded } from './forwarded.ts';
import { oauthErrorOf } from './oauth-error.ts';
import type { Providers } from './providers.ts';
import { createUserinfo } from './userinfo.ts';

const FORM = 'application/x-www-form-urlencoded';
const BODY_LIMIT = 65_536;
/** Stands in for an access token: the provider authenticates the client, the token is judged in `conclude.ts`. */
const STAND_IN = 'structured';
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export interface Oidc {
  /** Applications or users changed: nothing that is kept of them is trusted any more. */
  revalidate(): void;
  forgetKeys(): void;
}

export function installOidc(http: FastifyInstance, rooms: Rooms): Oidc {
  const { services, guard } = rooms;
  const clients = createClients(services);
  const log = (error: unknown) => http.log.error({ err: error }, 'an OAuth request failed');
  let providers: Promise<Providers> | undefined;
  // Loaded at the first request: a server that starts does not wait for it.
  const load = async (): Promise<Providers> => {
    const [{ createProviders }, { createConclude }] = await Promise.all([
      import('./providers.ts'),
      import('./conclude.ts'),
    ]);
    return createProviders(services, clients, createConclude({ services, clients, guard, log }));
  };
  void http.register(async (scope) => {
    installFormBodies(scope);
    scope.setErrorHandler((error, request, reply) => refuse(services, request, reply, error));
    const shared = {
      // Before the body is read, as on the API. In a count of its own: refused calls of the API must not keep an
      // address from fetching the token that it needs.
      onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
        const tenant = await enterTenant(rooms, request, reply);
        rooms.rateLimit.count(`${tenant.id} oauth ${strangerAt(request)}`, reply);
      },
      handler: createForward(rooms, () => (providers ??= load())),
    };
    for (const url of ['/oauth/token', '/oauth/revoke', '/oauth/introspect'])
      scope.route({ ...shared, method: ['POST', 'OPTIONS'], url });
    for (const url of [
      '/.well-known/jwks.json',
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
    ])
      scope.route({ ...shared, method: ['GET', 'OPTIONS'], url });
    scope.route({ method: ['GET', 'POST'], url: '/userinfo', handler: createUserinfo(rooms) });
  });
  return { revalidate: clients.forget, forgetKeys: () => void providers?.then((loaded) => loaded.forget()) };
}

/** Forms and JSON become the same: the parameters of a form. */
function installFormBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(FORM, async (_request: FastifyRequest, payload: IncomingMessage) => {
    const form = new URLSearchParams(await readText(payload, BODY_LIMIT));
    for (const [name, value] of form) checkStorable(value, name);
    return form;
  });
  scope.addContentTypeParser('application/json', async (_request: FastifyRequest, payload: IncomingMessage) =>
    formOf(parseJson(await readText(payload, BODY_LIMIT))),
  );
}

function formOf(value: unknown): URLSearchParams {
  if (value === undefined) return new URLSearchParams();
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Problem('invalid_request', 'The body must be a JSON object.');
  const form = new URLSearchParams();
  for (const [name, member] of Object.entries(value)) {
    if (member === null) continue;
    if (typeof member === 'object') throw new Problem('invalid_request', `${name.slice(0, 64)} must be a string.`);
    form.append(name, String(member));
  }
  return form;
}

function createForward({ services, tenancy }: Rooms, loaded: () => Promise<Providers>) {
  const { attempts } = services;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { tenant } = request.entered as Entered;
    const stranger = `${tenant.id} token ${strangerAt(request)}`;
    const isPost = request.method === 'POST';
    const retryAfter = isPost ? attempts.secondsUntilFree('client', stranger) : 0;
    if (retryAfter > 0)
      throw new Problem('rate_limited', `Too many failed requests; go on in ${retryAfter} seconds.`, { retryAfter });
    const form = isPost ? ((request.body as URLSearchParams | undefined) ?? new URLSearchParams()) : undefined;
    const exchange = await exchangeFor({ services, tenancy }, request, tenant, form).catch((error: unknown) => {
      // Refused as much as by the provider: the audit log grows by it.
      attempts.countFailure('client', stranger);
      throw error;
    });
    const raw = forwarded(request.raw, {
      method: request.method,
      path: request.url.split('?')[0] as string,
      headers: headersFor(request, tenant),
      body: form?.toString() ?? '',
    });
    bindExchange(raw, exchange);
    const handle = await (await loaded()).of(tenant, isSettled(tenant, request));
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value as string);
    await handle(raw, reply.raw);
    if (isPost && reply.raw.statusCode >= 400 && reply.raw.statusCode < 500) attempts.countFailure('client', stranger);
    return reply;
  };
}

/** Whether somebody set the origin up: in the settings, or by the port that this connection came in at. */
const isSettled = (tenant: PlacedTenant, { socket }: FastifyRequest): boolean =>
  tenant.isSettled || new URL(tenant.origin).port === String(socket.localPort);

/** What the provider is told of the request. Its scheme and host are the origin's. */
function headersFor(request: FastifyRequest, { origin }: TenantContext): Record<string, string> {
  const { protocol, host } = new URL(origin);
  const headers: Record<string, string> = {
    host,
    'x-forwarded-proto': protocol.slice(0, -1),
    accept: 'application/json',
    'content-type': FORM,
  };
  for (const name of ['authorization', 'origin', 'access-control-request-method', 'access-control-request-headers']) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

/** Reads out of the form what the provider does not know, and puts in what it does. */
async function exchangeFor(
  rooms: Pick<Rooms, 'services' | 'tenancy'>,
  request: FastifyRequest,
  tenant: TenantContext,
  form: URLSearchParams | undefined,
): Promise<Exchange> {
  const base = { tenant, caller: callerOf(request), journal: newJournal() };
  if (!form) return { ...base, audience: undefined, structured: undefined };
  // RFC 6749 §3.1: a parameter without a value is treated as if it were left out.
  for (const [name, value] of [...form]) if (value === '') form.delete(name, '');
  const token = form.get('token') ?? '';
  const structured = JWT.test(token) ? token : undefined;
  if (structured !== undefined) form.set('token', STAND_IN);
  return { ...base, structured, ...(await readAudience(rooms, form, tenant, schemeOf(request))) };
}

/** Turns `audience` (or `resource`, RFC 8707) into the API it names: the server's own at a host of the tenant, or a resource server. */
async function readAudience(
  { services, tenancy }: Pick<Rooms, 'services' | 'tenancy'>,
  form: URLSearchParams,
  tenant: TenantContext,
  scheme: 'http' | 'https',
): Promise<Pick<Exchange, 'audience' | 'unknownAudience' | 'server'>> {
  const asked = [...form.getAll('audience'), ...form.getAll('resource')];
  form.delete('audience');
  const [audience, another] = asked;
  if (audience === undefined) return { audience, ...(await readDefault(services, form, tenant)) };
  if (another !== undefined) throw new Problem('invalid_request', 'A token is for one audience; ask for one.');
  form.set('resource', 'urn:reeve:unknown');
  const found = apiOfAudience(audience);
  const owner = found && (await tenancy.tenantOf(scheme, found.host).catch(() => undefined));
  if (found && owner?.id === tenant.id) {
    form.set('resource', found.api.resource);
    return { audience };
  }
  const server = await services.database.read((db) => findTokenAudience(db, tenant.id, 'identifier', audience));
  if (!server) return { audience: undefined, unknownAudience: audience };
  form.set('resource', resourceOf(server));
  return { audience, server };
}

/** Grants that a request asks for anew: a refresh token and a code are for an API already. */
const isAnew = (grantType: string | null): boolean =>
  grantType !== null && !['refresh_token', 'authorization_code'].includes(grantType);

/** Turns a request without an audience into one for the tenant's `default_audience`. */
async function readDefault(
  services: Services,
  form: URLSearchParams,
  tenant: TenantContext,
): Promise<Pick<Exchange, 'server'>> {
  if (!isAnew(form.get('grant_type'))) return {};
  const server = await findDefaultAudience(services, tenant);
  if (!server) return {};
  form.set('resource', resourceOf(server));
  return { server };
}

/** What was refused before the provider was reached. */
async function refuse(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): Promise<FastifyReply> {
  const problem = await witnessRefusal(services, request, error);
  const { status, body, retryAfter } = oauthErrorOf(problem);
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  const challenge = challengeOf(problem);
  if (challenge !== undefined) reply.header('www-authenticate', challenge);
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}
