/** A tenant as a walker of the rw3iss dialect sees it: who is signed in there, and a valid call of every row. */
import { rw3iss } from '@reeve/auth-client/server';
import { type DialectRow, idOfUuid, totpCodeAt, uuidOf } from '@reeve/core';
import { expect } from 'vitest';
import type { TestServer } from '../server.ts';
import type { Estate } from './estate.ts';
import { parametersIn, targetOf, type VendorAnswer, type VendorCall, vendorAsk, vendorPath } from './vendor.ts';

const PASSWORD = 'Correct-horse-1';
const STEP = 30_000;

export interface Rw3issUser {
  readonly id: string;
  readonly email: string;
  readonly token: string;
  readonly refreshToken: string;
}

export interface Rw3issEstate {
  readonly native: Estate;
  /** Calls a row; by default as the administrator, or as nobody where the row asks for no token. */
  call(target: string, call?: VendorCall): Promise<VendorAnswer>;
  /** The same, with the path as it is. */
  ask(target: string, path: string, call?: Pick<VendorCall, 'body' | 'raw' | 'bearer'>): Promise<VendorAnswer>;
  /** The administrator's access token. */
  admin(): Promise<string>;
  /** A new user. */
  user(more?: object): Promise<{ readonly id: string; readonly email: string }>;
  /** A new user, signed in. */
  person(): Promise<Rw3issUser>;
  signIn(email: string): Promise<Rw3issUser>;
  /** A call of the row that succeeds and, where it is a change, changes something. */
  valid(row: DialectRow): Promise<VendorCall>;
}

const rowOf = (target: string): DialectRow => {
  const found = rw3iss.rows.find((row) => targetOf(row) === target);
  if (!found) throw new Error(`The dialect has no row ${target}.`);
  return found;
};

export function createRw3issEstate(server: TestServer, native: Estate, host?: string): Rw3issEstate {
  let admin: Rw3issUser | undefined;
  const ask: Rw3issEstate['ask'] = async (target, path, { bearer, body, raw } = {}) => {
    const row = rowOf(target);
    const send = async (token: string | null) =>
      vendorAsk(server.url, row, path, { ...(host ? { host } : {}), ...(raw ? { raw } : {}), bearer: token, body });
    if (bearer !== undefined || row.scopes.length === 0) return send(bearer ?? null);
    const answer = await send(await estate.admin());
    if (answer.status !== 401) return answer;
    // A call before this one may have ended the administrator's session.
    admin = undefined;
    return send(await estate.admin());
  };
  const estate: Rw3issEstate = {
    native,
    ask,
    call: (target, call = {}) => ask(target, vendorPath(rw3iss.prefix, rowOf(target), call), call),
    async admin() {
      admin ??= await newAdmin();
      return admin.token;
    },
    async user(more = {}) {
      const email = `${native.unique()}@example.com`;
      const id = await native.user({ email, email_verified: true, ...more });
      return { id: uuidOf(id), email };
    },
    person: async () => estate.signIn((await estate.user({ password: PASSWORD })).email),
    async signIn(email) {
      const { status, body, text } = await estate.call('POST /auth/login', { body: { email, password: PASSWORD } });
      expect(status, text).toBe(200);
      const { user, tokens } = body as { user: { id: string }; tokens: Record<string, string> };
      return {
        id: user.id,
        email,
        token: tokens.access_token as string,
        refreshToken: tokens.refresh_token as string,
      };
    },
    async valid(row) {
      const target = targetOf(row);
      const made = await makers[target]?.(estate, server);
      const params: Record<string, string> = { ...made?.params };
      for (const name of parametersIn(row))
        if (params[name] === undefined) params[name] = await (fillers[name] as Filler)(estate);
      return { ...made, params };
    },
  };
  async function newAdmin(): Promise<Rw3issUser> {
    const { id, email } = await estate.user({ password: PASSWORD });
    const params = { user_id: idOfUuid('usr', id) };
    const given = await native.call('users.setRoles', { params, body: { roles: ['system_admin'] } });
    expect(given.status, given.text).toBe(200);
    return estate.signIn(email);
  }
  return estate;
}

type Filler = (estate: Rw3issEstate) => Promise<string>;
type Maker = (estate: Rw3issEstate, server: TestServer) => Promise<VendorCall> | VendorCall;

const made = async (estate: Rw3issEstate, target: string, call: VendorCall): Promise<Record<string, unknown>> => {
  const { status, body, text } = await estate.call(target, call);
  expect(status, `${target}: ${text}`).toBeLessThan(300);
  return (body ?? {}) as Record<string, unknown>;
};

const app = (e: Rw3issEstate) =>
  made(e, 'POST /admin/apps', { body: { code: e.native.unique(), name: 'App' } }) as Promise<{
    id: string;
    code: string;
  }>;
const organization = async (e: Rw3issEstate): Promise<string> =>
  (await made(e, 'POST /admin/organizations', { body: { name: e.native.unique() } })).id as string;
const user = async (e: Rw3issEstate): Promise<string> => (await e.user()).id;

const fillers: Readonly<Record<string, Filler>> = {
  user_id: user,
  app_id: async (e) => (await app(e)).id,
  code: async (e) => (await app(e)).code,
  org_id: organization,
};

/** A user with a session. */
async function session(e: Rw3issEstate): Promise<VendorCall> {
  const user_id = await user(e);
  const session_id = uuidOf(await e.native.session(idOfUuid('usr', user_id)));
  return { params: { user_id, session_id } };
}

/** An organization and a member of it. */
async function membership(e: Rw3issEstate): Promise<VendorCall> {
  const params = { org_id: await organization(e), user_id: await user(e) };
  await made(e, 'POST /admin/organizations/{org_id}/members', { params, body: { user_id: params.user_id } });
  return { params };
}

async function granted(e: Rw3issEstate): Promise<VendorCall> {
  const params = { user_id: await user(e), app_id: (await app(e)).id };
  await made(e, 'POST /admin/users/{user_id}/apps/{app_id}', { params });
  return { params };
}

async function service(e: Rw3issEstate): Promise<VendorCall> {
  const body = { client_id: e.native.unique(), name: 'Service' };
  const { client } = (await made(e, 'POST /admin/m2m-clients', { body })) as { client: { id: string } };
  return { params: { id: client.id } };
}

/** An invitation of somebody who is signed in. */
async function invited(e: Rw3issEstate): Promise<VendorCall> {
  const { email, token } = await e.person();
  const params = { org_id: await organization(e) };
  const { id } = await made(e, 'POST /orgs/{org_id}/invitations', { params, body: { email } });
  return { params: { id: id as string }, bearer: token };
}

/** Somebody signed in who has begun to set up a second factor, and its code. */
async function setUp(e: Rw3issEstate, server: TestServer) {
  const { token } = await e.person();
  const { secret } = await made(e, 'POST /auth/2fa/setup', { bearer: token });
  return { bearer: token, codeIn: (steps: number) => totpCodeAt(secret as string, server.clock.now() + steps * STEP) };
}

/** The token of a link that the caller of the native API brings to a user. */
async function ticket(e: Rw3issEstate, operation: string, user_id: string): Promise<string> {
  const { status, body, text } = await e.native.call(operation, { params: { user_id }, body: {} });
  expect(status, text).toBe(201);
  const link = new URL((body as { ticket: string }).ticket);
  return link.searchParams.get('ticket') ?? (link.pathname.split('/').at(-1) as string);
}

const asPerson: Maker = async (e) => ({ bearer: (await e.person()).token });
const named: Maker = (e) => ({ body: { name: e.native.unique() } });
const pool = (e: Rw3issEstate) => ({ namespace: e.native.unique() });

const makers: Readonly<Record<string, Maker>> = {
  'POST /auth/login': async (e) => ({
    body: { email: (await e.user({ password: PASSWORD })).email, password: PASSWORD },
  }),
  'POST /auth/refresh': async (e) => ({ body: { refresh_token: (await e.person()).refreshToken } }),
  'POST /auth/logout': async (e) => ({ body: { refresh_token: (await e.person()).refreshToken } }),
  'POST /auth/logout/all': asPerson,
  'POST /auth/register': (e) => ({
    body: { email: `${e.native.unique()}@example.com`, password: PASSWORD, first_name: 'Ann', last_name: 'Lee' },
  }),
  'POST /auth/password/reset-request': async (e) => ({ body: { email: (await e.user()).email } }),
  'POST /auth/password/reset': async (e) => ({
    body: {
      token: await ticket(e, 'tickets.createPasswordChange', await e.native.user({ password: PASSWORD })),
      new_password: `${PASSWORD}2`,
    },
  }),
  'POST /auth/password/change': async (e) => ({
    bearer: (await e.person()).token,
    body: { current_password: PASSWORD, new_password: `${PASSWORD}2` },
  }),
  'POST /auth/verify-email': async (e) => ({
    body: { token: await ticket(e, 'tickets.createEmailVerification', await e.native.user()) },
  }),
  'POST /auth/verify-email/resend': async (e) => ({
    body: { email: (await e.user({ email_verified: false })).email },
  }),
  'POST /auth/2fa/setup': asPerson,
  'POST /auth/2fa/enable': async (e, server) => {
    const { bearer, codeIn } = await setUp(e, server);
    return { bearer, body: { code: codeIn(0) } };
  },
  'POST /auth/2fa/disable': async (e, server) => {
    const { bearer, codeIn } = await setUp(e, server);
    await made(e, 'POST /auth/2fa/enable', { bearer, body: { code: codeIn(0) } });
    return { bearer, body: { password: PASSWORD, code: codeIn(1) } };
  },
  'DELETE /me/account': async (e) => ({
    bearer: (await e.person()).token,
    body: { password: PASSWORD, confirmation: 'DELETE' },
  }),
  'DELETE /auth/sessions/{session_id}': async (e) => {
    const { id, token } = await e.person();
    return { bearer: token, params: { session_id: uuidOf(await e.native.session(idOfUuid('usr', id))) } };
  },
  'POST /admin/users/lookup': async (e) => ({ body: { ids: [await user(e)] } }),
  'PUT /admin/users/{user_id}/roles': () => ({ body: { role_codes: ['buyer'] } }),
  'DELETE /admin/users/{user_id}/sessions/{session_id}': session,
  'POST /admin/users/{user_id}/revoke-sessions': async (e) => {
    const { params } = await session(e);
    return { params: { user_id: params?.user_id as string } };
  },
  'POST /auth/admin/set-password': async (e) => ({ body: { user_id: await user(e), new_password: PASSWORD } }),
  'POST /admin/users/{user_id}/impersonate': () => ({ body: { reason: 'a call' } }),
  'DELETE /admin/users/{user_id}/hard': () => ({ body: { reason: 'asked to be forgotten' } }),
  'POST /admin/users/{user_id}/reset-lockout': async (e) => {
    const user_id = await user(e);
    await e.native.lock(idOfUuid('usr', user_id));
    return { params: { user_id } };
  },
  'POST /admin/apps': (e) => ({ body: { code: e.native.unique(), name: 'App' } }),
  'PATCH /admin/apps/{app_id}': named,
  'DELETE /admin/users/{user_id}/apps/{app_id}': granted,
  'PUT /admin/users/{user_id}/namespace': (e) => ({ body: pool(e) }),
  'POST /admin/users/{user_id}/namespaces': (e) => ({ body: pool(e) }),
  'DELETE /admin/users/{user_id}/namespaces/{namespace}': async (e) => {
    const params = { user_id: await user(e), ...pool(e) };
    await made(e, 'POST /admin/users/{user_id}/namespaces', { params, body: { namespace: params.namespace } });
    return { params };
  },
  'POST /admin/organizations': named,
  'PUT /admin/organizations/{org_id}': named,
  'PUT /orgs/{org_id}': named,
  'GET /orgs/{org_id}/roles/{role_id}': async (e) => {
    const params = { org_id: await organization(e) };
    const { roles } = (await made(e, 'GET /orgs/{org_id}/roles', { params })) as { roles: { id: string }[] };
    return { params: { ...params, role_id: roles[0]?.id as string } };
  },
  'POST /admin/organizations/{org_id}/members': async (e) => ({ body: { user_id: await user(e) } }),
  'DELETE /admin/organizations/{org_id}/members/{user_id}': membership,
  'DELETE /orgs/{org_id}/members/{user_id}': membership,
  'PUT /admin/organizations/{org_id}/members/{user_id}/roles': async (e) => ({
    ...(await membership(e)),
    body: { role_codes: ['org_manager'] },
  }),
  'POST /orgs/{org_id}/invitations': (e) => ({ body: { email: `${e.native.unique()}@example.com` } }),
  'DELETE /orgs/{org_id}/invitations/{invitation_id}': async (e) => {
    const params = { org_id: await organization(e) };
    const body = { email: `${e.native.unique()}@example.com` };
    const { id } = await made(e, 'POST /orgs/{org_id}/invitations', { params, body });
    return { params: { ...params, invitation_id: id as string } };
  },
  'POST /me/invitations/{id}/accept': invited,
  'POST /me/invitations/{id}/decline': invited,
  'GET /admin/m2m-clients/{id}': service,
  'POST /admin/m2m-clients': (e) => ({ body: { client_id: e.native.unique(), name: 'Service' } }),
  'DELETE /admin/m2m-clients/{id}': service,
};

for (const target of Object.keys(makers)) rowOf(target);
