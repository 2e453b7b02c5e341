import type { Application, ClientGrant } from '@reeve/contract';
import { auth0Scopes } from '@reeve/contract/auth0-scopes';
import { bootServer, CLIENT_ID, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const IDENTIFIER = 'https://stock.example/';
const MANAGEMENT = 'urn:reeve:auth0:v2';

describe.each(databaseKinds)('client grants on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
    const scopes = ['read', 'write'].map((value) => ({ value }));
    expect((await server.api('POST', '/resource-servers', { identifier: IDENTIFIER, scopes })).status).toBe(201);
  });
  afterAll(() => server.stop());

  const makeApplication = async (scopes: readonly string[] = []): Promise<Application> =>
    (await server.api('POST', '/applications', { name: 'granted', type: 'machine_to_machine', scopes }))
      .body as Application;
  const tryGrant = (application: string, audience: string, scopes: readonly string[], headers = {}) =>
    server.api('POST', '/client-grants', { application, audience, scopes }, headers);
  const grant = async (application: string, audience: string, scopes: readonly string[]): Promise<ClientGrant> => {
    const answer = await tryGrant(application, audience, scopes);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body as ClientGrant;
  };
  const grantsOf = async (application: string, more = ''): Promise<ClientGrant[]> =>
    (
      (await server.api('GET', `/client-grants?application=${application}${more}`)).body as {
        client_grants: ClientGrant[];
      }
    ).client_grants;
  const eventsOf = async (target: string): Promise<string[]> =>
    (
      (await server.api('GET', `/audit?target=${target}&order=asc`)).body as { events: { event_type: string }[] }
    ).events.map(({ event_type }) => event_type);
  const bearing = async (...scopes: string[]) => ({ authorization: `Bearer ${await server.token(scopes)}` });

  it('are made for a resource server, one for each application', async () => {
    const { id, client_id } = await makeApplication();
    const made = await grant(client_id, IDENTIFIER, ['write']);
    expect(made).toMatchObject({
      id: expect.stringMatching(/^cgr_/),
      application_id: id,
      client_id,
      audience: IDENTIFIER,
      scopes: ['write'],
      is_implicit: false,
    });
    expect(await tryGrant(id, IDENTIFIER, [])).toMatchObject({ status: 409, body: { code: 'grant_exists' } });
    const changed = await server.api('PATCH', `/client-grants/${made.id}`, { scopes: ['read', 'write'] });
    expect(changed.body).toMatchObject({ id: made.id, scopes: ['read', 'write'] });
    expect((await server.api('PATCH', `/client-grants/${made.id}`, { scopes: ['read', 'write'] })).status).toBe(200);
    expect(await grantsOf(id, `&audience=${encodeURIComponent(IDENTIFIER)}`)).toEqual([changed.body]);
    expect(await grantsOf(id, `&audience=${MANAGEMENT}`)).toEqual([]);
    expect((await server.api('DELETE', `/client-grants/${made.id}`)).status).toBe(204);
    expect(await grantsOf(id)).toEqual([]);
    expect(await eventsOf(made.id)).toEqual(['client_grant.created', 'client_grant.updated', 'client_grant.deleted']);
    expect((await server.api('DELETE', `/client-grants/${made.id}`)).status).toBe(404);
  });

  it('name only what there is', async () => {
    const { id } = await makeApplication();
    const cases: [application: string, audience: string, scopes: string[], field: string][] = [
      ['nobody', IDENTIFIER, [], 'application'],
      [id, 'urn:nothing', [], 'audience'],
      [id, IDENTIFIER, ['read', 'fly'], 'scopes.1'],
      [id, MANAGEMENT, ['read:users', 'users:read'], 'scopes.1'],
    ];
    for (const [application, audience, scopes, field] of cases)
      expect(await tryGrant(application, audience, scopes)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ field, code: 'exists' }] },
      });
    const made = await grant(id, IDENTIFIER, ['read']);
    expect(await server.api('PATCH', `/client-grants/${made.id}`, { scopes: ['fly'] })).toMatchObject({ status: 400 });
    expect(await grantsOf(id)).toEqual([made]);
    expect(await grantsOf('nobody')).toEqual([]);
  });

  it('take every spelling of the Auth0 Management API as one', async () => {
    const { id } = await makeApplication();
    const made = await grant(id, 'https://tenant.example/api/v2/', ['read:users']);
    expect(made.audience).toBe(MANAGEMENT);
    for (const audience of [MANAGEMENT, 'https://localhost:8787/api/v2/', 'https://other.example/api/v2']) {
      expect(await tryGrant(id, audience, [])).toMatchObject({ status: 409, body: { code: 'grant_exists' } });
      expect(await grantsOf(id, `&audience=${encodeURIComponent(audience)}`)).toEqual([made]);
    }
  });

  it('hand out no management permission that the caller lacks', async () => {
    const { id, client_id } = await makeApplication();
    const narrow = await bearing('applications:read', 'applications:write', 'users:read');
    const refused = { status: 403, body: { code: 'insufficient_scope' } };
    expect(await tryGrant(id, MANAGEMENT, ['read:users', 'create:users'], narrow)).toMatchObject(refused);
    const made = (await tryGrant(id, MANAGEMENT, ['read:users', 'read:clients'], narrow)).body as ClientGrant;
    const path = `/client-grants/${made.id}`;
    expect(await server.api('PATCH', path, { scopes: ['update:roles'] }, narrow)).toMatchObject(refused);
    // What is granted already may stay, whoever changes the rest.
    expect((await server.api('PATCH', path, { scopes: ['read:users', 'delete:users'] })).status).toBe(200);
    const narrowed = await server.api('PATCH', path, { scopes: ['delete:users', 'read:clients'] }, narrow);
    expect(narrowed.body).toMatchObject({ scopes: ['delete:users', 'read:clients'] });
    // Nor is a stronger application's secret renewed by a weaker one.
    expect(await server.api('POST', `/applications/${client_id}/rotate-secret`, {}, narrow)).toMatchObject(refused);
    expect((await server.api('POST', `/applications/${client_id}/rotate-secret`, {})).status).toBe(200);
  });

  it('follow from an application’s own scopes until one is set', async () => {
    const { id, client_id } = await makeApplication(['users:read', 'audit:read']);
    const [implicit, ...others] = (await grantsOf(client_id)) as [ClientGrant];
    const spelled = [...auth0Scopes].flatMap(([scope, permission]) =>
      permission === 'users:read' || permission === 'audit:read' ? [scope] : [],
    );
    expect(implicit).toMatchObject({ audience: MANAGEMENT, client_id, is_implicit: true });
    expect([others, [...implicit.scopes].sort()]).toEqual([[], spelled.sort()]);
    expect(await tryGrant(id, MANAGEMENT, [])).toMatchObject({ status: 409, body: { code: 'grant_exists' } });
    const explicit = await server.api('PATCH', `/client-grants/${implicit.id}`, { scopes: ['read:users'] });
    expect(explicit.body).toMatchObject({ id: implicit.id, is_implicit: false, scopes: ['read:users'] });
    expect(await grantsOf(id)).toEqual([explicit.body]);
    expect((await server.api('GET', `/applications/${id}`)).body).toMatchObject({
      scopes: ['users:read', 'audit:read'],
    });
    expect(await eventsOf(implicit.id)).toEqual(['client_grant.updated']);
  });

  it.each(['implicit', 'explicit'])(
    'for management that are %s leave no management access when they go',
    async (what) => {
      const { id } = await makeApplication(['users:read']);
      const [{ id: grantId }] = (await grantsOf(id)) as [ClientGrant];
      if (what === 'explicit') await server.api('PATCH', `/client-grants/${grantId}`, { scopes: ['read:users'] });
      expect((await server.api('DELETE', `/client-grants/${grantId}`)).status).toBe(204);
      expect(await grantsOf(id)).toEqual([]);
      const application = await server.api('GET', `/applications/${id}`);
      expect([application.body, application.headers.get('etag')]).toEqual([
        expect.objectContaining({ scopes: [] }),
        '"v2"',
      ]);
      expect(await eventsOf(id)).toEqual(['application.created', 'application.updated']);
      expect((await server.api('DELETE', `/client-grants/${grantId}`)).status).toBe(404);
      // And from there it may be given another one.
      expect((await grant(id, MANAGEMENT, ['read:roles'])).is_implicit).toBe(false);
    },
  );

  it('for management are not taken away by the application itself', async () => {
    const [own] = (await grantsOf(CLIENT_ID)) as [ClientGrant];
    expect(own.is_implicit).toBe(true);
    expect(await server.api('DELETE', `/client-grants/${own.id}`)).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
  });

  it('go with the application, each with its event', async () => {
    const { id } = await makeApplication();
    const made = [await grant(id, IDENTIFIER, ['read']), await grant(id, MANAGEMENT, ['read:users'])];
    expect((await server.api('DELETE', `/applications/${id}`)).status).toBe(204);
    for (const { id: grantId } of made) {
      expect(await eventsOf(grantId)).toEqual(['client_grant.created', 'client_grant.deleted']);
      expect((await server.api('PATCH', `/client-grants/${grantId}`, { scopes: [] })).status).toBe(404);
    }
  });

  it('are listed in pages, implicit ones among the others, none twice', async () => {
    for (let i = 0; i < 4; i++) {
      const { id } = await makeApplication(i % 2 === 0 ? ['users:read'] : []);
      await grant(id, IDENTIFIER, ['read']);
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    let total: number | undefined;
    do {
      const query: string = cursor === null ? '&include_total=true' : `&cursor=${cursor}`;
      const { body } = await server.api('GET', `/client-grants?limit=3${query}`);
      const page = body as { client_grants: ClientGrant[]; next_cursor: string | null; total?: number };
      total ??= page.total;
      seen.push(...page.client_grants.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
    expect(seen.length).toBe(total);
    expect(seen.length).toBeGreaterThan(6);
  });

  it('are made once by many at the same time', async () => {
    const { id } = await makeApplication();
    const answers = await Promise.all(Array.from({ length: 6 }, () => tryGrant(id, IDENTIFIER, ['read'])));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    expect(await grantsOf(id)).toHaveLength(1);
  });
});
