/** Acting as another user: the link, the code, the tokens, and what the audit log says of all of them. */
import { createHash } from 'node:crypto';
import type { Event, User } from '@reeve/contract';
import {
  bootServer,
  claimsIn,
  databaseKinds,
  type OAuthResponse,
  postForm,
  refreshWith,
  signInWith,
  type TestServer,
  withBearer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'a long enough one';
const REDIRECT = 'https://app.example/cb?kept=1';

interface App {
  readonly id: string;
  readonly client_id: string;
  readonly client_secret: string;
}

describe.each(databaseKinds)('impersonation on %s', (kind) => {
  let server: TestServer;
  let app: App;
  beforeAll(async () => {
    server = await bootServer(kind);
    app = await makeApp();
  });
  afterAll(() => server.stop());

  let count = 0;
  const makeApp = async (more: object = {}): Promise<App> => {
    const grant_types = ['authorization_code', 'refresh_token', 'password'];
    const body = { name: `app${++count}`, type: 'web', redirect_uris: [REDIRECT], grant_types, ...more };
    const answer = await server.api('POST', '/applications', body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const makeUser = async (...roles: string[]): Promise<User & { email: string }> => {
    const body = { email: `imp${++count}@example.com`, email_verified: true, password: PASSWORD };
    const answer = await server.api('POST', '/users', body);
    const user = answer.body as User & { email: string };
    if (roles.length > 0) await server.api('PUT', `/users/${user.id}/roles`, { roles });
    return user;
  };
  const ask = (target: string, more: object = {}, headers = {}) =>
    server.api(
      'POST',
      `/users/${target}/impersonate`,
      { application: app.id, redirect_uri: REDIRECT, ...more },
      headers,
    );
  const linkOf = async (target: string, more: object = {}): Promise<string> => {
    const answer = await ask(target, more);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return (answer.body as { url: string }).url;
  };
  const follow = (url: string) => fetch(url, { redirect: 'manual' });
  const codeOf = async (target: string, more: object = {}): Promise<string> => {
    const answer = await follow(await linkOf(target, more));
    expect(answer.status, await answer.text()).toBe(302);
    return new URL(answer.headers.get('location') as string).searchParams.get('code') as string;
  };
  const exchange = (code: string, more: Record<string, string> = {}): Promise<OAuthResponse> =>
    postForm(server, '/oauth/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT,
      client_id: app.client_id,
      client_secret: app.client_secret,
      ...more,
    });
  const eventsOf = async (query: string): Promise<Event[]> =>
    ((await server.api('GET', `/audit?limit=100&${query}`)).body as { events: Event[] }).events;
  const bearer = async (user: { email: string }) =>
    (await signInWith(server, { username: user.email, password: PASSWORD })).body.access_token;
  const as = async (user: { email: string }, target: string, more: object = {}) =>
    withBearer(server, await bearer(user), `/api/v1/users/${target}/impersonate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ application: app.id, redirect_uri: REDIRECT, ...more }),
    });

  it('ends at the application with a code that gives tokens of the user', async () => {
    const [agent, target] = [await makeUser(), await makeUser()];
    const url = await linkOf(target.id, {
      scope: 'openid email',
      state: 'st/ate&1',
      reason: 'ticket 4711',
      impersonator_id: agent.id,
    });
    expect(url.startsWith(`${server.url}/impersonate?ticket=`)).toBe(true);
    const answer = await follow(url);
    expect(answer.status).toBe(302);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const away = new URL(answer.headers.get('location') as string);
    expect([away.origin, away.searchParams.get('kept'), away.searchParams.get('state')]).toEqual([
      'https://app.example',
      '1',
      'st/ate&1',
    ]);
    const { status, body } = await exchange(away.searchParams.get('code') as string);
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.refresh_token).toBeUndefined();
    expect(claimsIn(body.access_token)).toMatchObject({
      uid: target.id,
      imp: agent.id,
      act: { sub: agent.id },
      azp: app.client_id,
      aud: `${server.url}/api`,
    });
    expect(claimsIn(body.id_token)).toMatchObject({ uid: target.id, email: target.email });
    const info = await withBearer(server, body.access_token, '/userinfo');
    expect(info.body).toMatchObject({ uid: target.id, email: target.email });
    const sessions = await server.api('GET', `/users/${target.id}/sessions`);
    expect(sessions.body).toMatchObject({ sessions: [{ impersonator_id: agent.id, application_id: app.id }] });
  });

  it('tells the audit log who acts, from the request to what is done with the tokens', async () => {
    const [agent, target] = [await makeUser('system_admin'), await makeUser('system_admin')];
    const code = await codeOf(target.id, { reason: 'ticket 42', impersonator_id: agent.id, scope: 'users:write' });
    const { body } = await exchange(code);
    const made = await withBearer(server, body.access_token, '/api/v1/users', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: `made${kind}` }),
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const [requested] = await eventsOf(`event_types=user.impersonation_requested&target=${target.id}`);
    expect(requested).toMatchObject({
      actor: { type: 'application', impersonator_id: null },
      data: { impersonator_id: agent.id, reason: 'ticket 42', application_id: app.id },
    });
    const actor = { type: 'user', id: target.id, application_id: app.id, impersonator_id: agent.id };
    for (const query of [
      `event_types=user.impersonation_started&target=${target.id}`,
      `event_types=session.created&actor=${target.id}`,
      `event_types=token.issued&target=${target.id}`,
      `event_types=user.created&target=${made.body.id}`,
    ])
      expect(await eventsOf(query), query).toMatchObject([{ actor }]);
    const [started] = await eventsOf(`event_types=user.impersonation_started&target=${target.id}`);
    expect(started?.data).toMatchObject({ reason: 'ticket 42' });
    const told = JSON.stringify(await eventsOf(`target=${target.id}`));
    expect(told).not.toContain(code);
  });

  it('names the application where it acts for nobody, and goes on naming it after a refresh', async () => {
    const target = await makeUser();
    const code = await codeOf(target.id, { scope: 'openid offline_access' });
    const first = await exchange(code);
    const { body: management } = await server.api('GET', '/applications/test-management');
    const { id } = management as { id: string };
    expect(claimsIn(first.body.access_token).imp).toBe(id);
    const secret = { client_id: app.client_id, client_secret: app.client_secret };
    const second = await refreshWith(server, first.body.refresh_token, secret);
    expect(second.status, JSON.stringify(second.body)).toBe(200);
    expect(claimsIn(second.body.access_token)).toMatchObject({ imp: id, act: { sub: id }, uid: target.id });
  });

  it('keeps to the audience and the scopes that were asked for', async () => {
    const target = await makeUser('system_admin');
    const audience = `https://${new URL(server.url).host}/api/v2/`;
    const spelled = await exchange(await codeOf(target.id, { audience, scope: 'read:users' }));
    expect(claimsIn(spelled.body.access_token)).toMatchObject({ aud: audience, scope: 'read:users' });
    const code = await codeOf(target.id, { audience: 'https://elsewhere.example/api/v2/' });
    expect((await exchange(code)).body).toMatchObject({ error: 'invalid_target' });
    const unknown = await codeOf(target.id, { scope: 'no:such' });
    expect((await exchange(unknown)).body).toMatchObject({ error: 'invalid_scope' });
  });

  it('takes a link once, however many follow it at the same moment', async () => {
    const target = await makeUser();
    const url = await linkOf(target.id);
    const answers = await Promise.all([follow(url), follow(url), follow(url)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([302, 410, 410]);
    expect((await follow(url)).status).toBe(410);
    expect((await follow(`${server.url}/impersonate?ticket=x`)).status).toBe(404);
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(404);
    const late = await linkOf(target.id);
    server.clock.advance(301_000);
    expect((await follow(late)).status).toBe(410);
    expect(await eventsOf(`event_types=user.impersonation_started&target=${target.id}`)).toHaveLength(1);
  });

  it('takes a code once; a second use ends what came of the first', async () => {
    const target = await makeUser();
    const code = await codeOf(target.id, { scope: 'openid offline_access' });
    const first = await exchange(code);
    expect((await withBearer(server, first.body.access_token, '/userinfo')).status).toBe(200);
    server.clock.advance(120_000);
    const second = await exchange(code);
    expect(second).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(second.body.error_description).toContain('used before');
    expect((await withBearer(server, first.body.access_token, '/userinfo')).status).toBe(401);
    const secret = { client_id: app.client_id, client_secret: app.client_secret };
    expect((await refreshWith(server, first.body.refresh_token, secret)).body.error).toBe('invalid_grant');
    expect(await eventsOf(`event_types=token.reuse_detected&actor=${target.id}`)).toHaveLength(1);
    expect((await exchange(code)).body.error).toBe('invalid_grant');
  });

  it('answers one of several exchanges of a code at most, and what that was given is dead', async () => {
    const target = await makeUser();
    const code = await codeOf(target.id, { scope: 'openid' });
    const answers = await Promise.all([exchange(code), exchange(code), exchange(code)]);
    const good = answers.filter(({ status }) => status === 200);
    expect(good).toHaveLength(1);
    for (const { status, body } of answers.filter((answer) => !good.includes(answer)))
      expect([status, body.error]).toEqual([400, 'invalid_grant']);
    expect((await withBearer(server, good[0]?.body.access_token, '/userinfo')).status).toBe(401);
    expect((await server.api('GET', `/users/${target.id}/sessions`)).body).toMatchObject({ sessions: [] });
  });

  it('gives a code to its application alone, at its redirect_uri, within a minute', async () => {
    const target = await makeUser();
    const stranger = await makeApp();
    const code = await codeOf(target.id, { scope: 'openid' });
    const foreign = { client_id: stranger.client_id, client_secret: stranger.client_secret };
    for (const more of [foreign, { redirect_uri: 'https://app.example/cb' }, { code_verifier: 'x'.repeat(43) }])
      expect((await exchange(code, more)).body, JSON.stringify(more)).toMatchObject({ error: 'invalid_grant' });
    expect((await exchange(code, { client_secret: 'wrong' })).body.error).toBe('invalid_client');
    expect((await exchange('no such code')).body.error).toBe('invalid_grant');
    expect((await exchange(code)).status).toBe(200);
    const late = await codeOf(target.id);
    server.clock.advance(60_001);
    expect((await exchange(late)).body).toMatchObject({ error: 'invalid_grant' });
    const held = await codeOf(target.id);
    await server.api('POST', `/users/${target.id}/disable`);
    expect((await exchange(held)).body).toMatchObject({ error: 'invalid_grant' });
  });

  it('holds an application that keeps no secret to PKCE', async () => {
    const target = await makeUser();
    const spa = await makeApp({ type: 'spa' });
    const refused = await ask(target.id, { application: spa.client_id });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'code_challenge' }] } });
    const verifier = 'v'.repeat(50);
    const code_challenge = createHash('sha256').update(verifier).digest('base64url');
    const code = await codeOf(target.id, { application: spa.client_id, code_challenge });
    const asSpa = (more: Record<string, string>) =>
      postForm(server, '/oauth/token', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: REDIRECT,
        client_id: spa.client_id,
        ...more,
      });
    for (const more of [{}, { code_verifier: 'w'.repeat(50) }] as Record<string, string>[])
      expect((await asSpa(more)).body.error).toBe('invalid_grant');
    expect((await asSpa({ code_verifier: verifier })).status).toBe(200);
  });

  it('refuses whom it must not give', async () => {
    const [system, lesser, target] = [await makeUser('system_admin'), await makeUser('super_admin'), await makeUser()];
    const code = { status: 403, body: { code: 'impersonation_refused' } };
    expect(await as(lesser, lesser.id)).toMatchObject(code);
    expect(await as(lesser, system.id)).toMatchObject(code);
    expect(await as(lesser, target.id)).toMatchObject({ status: 201 });
    expect(await as(system, lesser.id)).toMatchObject({ status: 201 });
    expect(await ask(system.id)).toMatchObject({ status: 201 });
    expect(await ask(target.id, { impersonator_id: target.id })).toMatchObject(code);
    expect((await as(target, lesser.id)).status).toBe(403);
    expect((await as(system, target.id, { impersonator_id: lesser.id })).body).toMatchObject({
      errors: [{ field: 'impersonator_id' }],
    });
    const field = (name: string) => ({ status: 400, body: { errors: [{ field: name }] } });
    expect(await ask(target.id, { impersonator_id: 'usr_nobody' })).toMatchObject(field('impersonator_id'));
    expect(await ask(target.id, { application: 'nobody' })).toMatchObject(field('application'));
    expect(await ask(target.id, { redirect_uri: `${REDIRECT}&` })).toMatchObject(field('redirect_uri'));
    const without = await makeApp({ grant_types: ['password'] });
    expect(await ask(target.id, { application: without.id })).toMatchObject(field('application'));
    await server.api('POST', `/users/${target.id}/disable`);
    expect(await ask(target.id)).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(await ask('usr_nobody')).toMatchObject({ status: 404 });
    const weak = await server.token(['users:read', 'users:write']);
    const answer = await withBearer(server, weak, `/api/v1/users/${system.id}/impersonate`, { method: 'POST' });
    expect(answer).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
  });

  it('makes nobody more powerful: neither an application nor whom it names', async () => {
    const [system, lesser, plain] = [await makeUser('system_admin'), await makeUser('super_admin'), await makeUser()];
    const bearing = async (...scopes: string[]) => ({ authorization: `Bearer ${await server.token(scopes)}` });
    const refused = { status: 403, body: { code: 'insufficient_scope' } };
    for (const { id } of [system, lesser])
      expect(await ask(id, {}, await bearing('users:impersonate', 'users:write'))).toMatchObject(refused);
    expect((await ask(plain.id, {}, await bearing('users:impersonate'))).status).toBe(201);
    expect((await ask(system.id, {}, await bearing('users:impersonate', 'roles:write'))).status).toBe(201);
    const weaker = { status: 403, body: { code: 'impersonation_refused' } };
    expect(await ask(lesser.id, { impersonator_id: plain.id })).toMatchObject(weaker);
    expect(await ask(system.id, { impersonator_id: lesser.id })).toMatchObject(weaker);
    expect(await ask(lesser.id, { impersonator_id: system.id })).toMatchObject({ status: 201 });
    expect(await ask(plain.id, { impersonator_id: plain.id })).toMatchObject(weaker);
  });

  it('ends with the one who acts: nobody acts on from an impersonated token, or through a link of who is disabled', async () => {
    const [agent, admin, target] = [await makeUser('super_admin'), await makeUser('super_admin'), await makeUser()];
    const { body } = await exchange(await codeOf(admin.id, { impersonator_id: agent.id }));
    const again = await withBearer(server, body.access_token, `/api/v1/users/${target.id}/impersonate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ application: app.id, redirect_uri: REDIRECT }),
    });
    expect(again).toMatchObject({ status: 403, body: { code: 'impersonation_refused' } });
    const url = await linkOf(target.id, { impersonator_id: agent.id });
    expect((await withBearer(server, body.access_token, '/api/v1/tenant')).status).toBe(200);
    await server.api('POST', `/users/${agent.id}/disable`);
    expect((await follow(url)).status).toBe(410);
    expect((await withBearer(server, body.access_token, '/api/v1/tenant')).status).toBe(401);
  });

  it('is off where the tenant says so, for links that are out, too', async () => {
    const target = await makeUser();
    const url = await linkOf(target.id);
    await server.api('PATCH', '/tenant', { settings: { allow_impersonation: false } });
    try {
      expect(await ask(target.id)).toMatchObject({ status: 403, body: { code: 'impersonation_disabled' } });
      expect((await follow(url)).status).toBe(403);
    } finally {
      await server.api('PATCH', '/tenant', { settings: { allow_impersonation: true } });
    }
    expect((await follow(url)).status).toBe(302);
  });

  it('is told by discovery', async () => {
    const answer = await fetch(`${server.url}/.well-known/openid-configuration`);
    const body = (await answer.json()) as { grant_types_supported: string[] };
    expect(body.grant_types_supported).toContain('authorization_code');
    expect(body).not.toHaveProperty('authorization_endpoint');
  });
});
