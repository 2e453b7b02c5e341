import type { ClientGrant, Permission, ResourceServer } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extensionsOf, setExtension } from '../extensions/extensions.ts';
import { resourceServerSubjects } from './resource-servers.store.ts';

interface Refusal {
  readonly code: string;
  readonly errors: readonly { readonly field: string; readonly code: string }[];
}

describe.each(databaseKinds)('resource servers on %s', (kind) => {
  let server: TestServer;
  let made = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const make = async (body: object = {}): Promise<ResourceServer & { etag: string }> => {
    const answer = await server.api('POST', '/resource-servers', { identifier: `https://${++made}.example/`, ...body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return { ...(answer.body as ResourceServer), etag: answer.headers.get('etag') as string };
  };
  const expectRefused = async (
    verb: string,
    path: string,
    body: object,
    status: number,
    field: string,
    code: string,
  ) => {
    const answer = await server.api(verb, path, body);
    expect([answer.status, (answer.body as Refusal).errors[0]], JSON.stringify(answer.body)).toEqual([
      status,
      expect.objectContaining({ field, code }),
    ]);
  };
  const eventsOf = async (target: string) => {
    const { body } = await server.api('GET', `/audit?target=${target}&order=asc`);
    return (body as { events: { event_type: string; data: Record<string, unknown> }[] }).events;
  };
  const subjectOf = async (id: string): Promise<string> =>
    (await server.work().read((db) => resourceServerSubjects(db, server.tenant.id, [id]))).get(id) as string;

  it('are made with defaults, and found by id, by 24 hex digits, and by identifier', async () => {
    const { etag, ...api } = await make({ identifier: 'urn:orders', scopes: [{ value: 'read:orders' }] });
    expect(api).toMatchObject({
      id: expect.stringMatching(/^api_/),
      identifier: 'urn:orders',
      name: 'urn:orders',
      scopes: [{ value: 'read:orders', description: null }],
      signing_alg: 'RS256',
      token_lifetime: 86_400,
      token_lifetime_for_web: 7200,
      allow_offline_access: false,
      enforce_policies: false,
      token_dialect: 'access_token',
      skip_consent: true,
    });
    const subject = await subjectOf(api.id);
    expect(subject).toMatch(/^[0-9a-f]{24}$/);
    for (const name of [api.id, subject, 'urn:orders']) {
      const read = await server.api('GET', `/resource-servers/${encodeURIComponent(name)}`);
      expect([read.body, read.headers.get('etag')]).toEqual([api, etag]);
    }
    const listed = await server.api('GET', `/resource-servers?identifiers=urn:orders&include_total=true`);
    expect(listed.body).toEqual({ resource_servers: [api], next_cursor: null, total: 1 });
    expect(JSON.stringify(api)).not.toContain(subject);
  });

  it('take an identifier once, and none of the server’s own audiences', async () => {
    await make({ identifier: 'urn:once' });
    await expectRefused('POST', '/resource-servers', { identifier: 'urn:once' }, 409, 'identifier', 'unique');
    const { host } = new URL(server.url);
    for (const identifier of [
      `http://${host}/api`,
      'https://localhost/api/v1/',
      'https://anywhere.example/api/v2/',
      'https://anywhere.example/api/v2',
      'urn:reeve:auth0:v2',
    ])
      await expectRefused('POST', '/resource-servers', { identifier }, 400, 'identifier', 'reserved');
    // Another host's API may well be called so.
    expect((await make({ identifier: 'https://shop.example/api' })).identifier).toBe('https://shop.example/api');
    expect((await server.api('PATCH', '/resource-servers/urn:once', { identifier: 'urn:twice' })).status).toBe(400);
    await expectRefused('POST', '/resource-servers', { identifier: ' urn:space' }, 400, 'identifier', 'pattern');
  });

  it('refuse the audience of a tenant’s own domain, of that tenant alone', async () => {
    const domains = (await server.api('GET', '/tenant')).body as { domains: string[] };
    const changed = await server.api('PATCH', '/tenant', { domains: [...domains.domains, 'own.example:8080'] });
    expect(changed.status, JSON.stringify(changed.body)).toBe(200);
    const identifier = 'https://own.example/api/v1';
    await expectRefused('POST', '/resource-servers', { identifier }, 400, 'identifier', 'reserved');
  });

  it('take each scope once, and none of OpenID Connect', async () => {
    const body = (...values: string[]) => ({ identifier: 'urn:scopes', scopes: values.map((value) => ({ value })) });
    await expectRefused('POST', '/resource-servers', body('a', 'b', 'a'), 400, 'scopes.2.value', 'unique');
    await expectRefused('POST', '/resource-servers', body('a', 'openid'), 400, 'scopes.1.value', 'reserved');
    await expectRefused('POST', '/resource-servers', body('with space'), 400, 'scopes.0.value', 'pattern');
    const many = Array.from({ length: 1000 }, (_, i) => `scope:${i}`);
    expect((await make(body(...many))).scopes.map(({ value }) => value)).toEqual(many);
    const { scopes } = body(...many, 'one-more');
    await expectRefused('PATCH', '/resource-servers/urn:scopes', { scopes }, 400, 'scopes', 'maxItems');
  });

  it('hold the lifetime for the web to the other one', async () => {
    const over = { identifier: 'urn:lifetimes', token_lifetime: 60, token_lifetime_for_web: 61 };
    await expectRefused('POST', '/resource-servers', over, 400, 'token_lifetime_for_web', 'maximum');
    const { id } = await make({ identifier: 'urn:lifetimes', token_lifetime: 3600 });
    const path = `/resource-servers/${id}`;
    expect((await server.api('GET', path)).body).toMatchObject({ token_lifetime: 3600, token_lifetime_for_web: 3600 });
    const lowered = await server.api('PATCH', path, { token_lifetime: 1 });
    expect(lowered.body).toMatchObject({ token_lifetime: 1, token_lifetime_for_web: 1 });
    for (const token_lifetime of [0, 2_592_001, 1.5])
      expect((await server.api('PATCH', path, { token_lifetime })).status).toBe(400);
    // Nothing about them is secret: the audit log tells them.
    const { data } = (await eventsOf(id)).at(-1) as { data: unknown };
    expect(data).toMatchObject({ before: { token_lifetime: 3600 }, after: { token_lifetime: 1 } });
  });

  it('tell of a change once, and honour the version', async () => {
    const { id, etag } = await make({ name: 'Before' });
    const path = `/resource-servers/${id}`;
    const flags = { allow_offline_access: true, enforce_policies: true, skip_consent: false };
    const change = { name: 'After', token_dialect: 'access_token_authz', ...flags };
    const changed = await server.api('PATCH', path, change, { 'if-match': etag });
    expect(changed).toMatchObject({ status: 200, body: change });
    expect(changed.headers.get('etag')).toBe('"v2"');
    expect((await server.api('PATCH', path, change)).headers.get('etag')).toBe('"v2"');
    expect(await server.api('DELETE', path, undefined, { 'if-match': etag })).toMatchObject({ status: 412 });
    expect((await server.api('DELETE', path)).status).toBe(204);
    const types = (await eventsOf(id)).map(({ event_type }) => event_type);
    expect(types).toEqual(['resource_server.created', 'resource_server.updated', 'resource_server.deleted']);
    expect((await server.api('GET', path)).status).toBe(404);
  });

  it('take permissions and grants along with a scope that goes, and leave the others', async () => {
    const { id, identifier } = await make({ scopes: [{ value: 'stays' }, { value: 'goes' }] });
    const { id: role } = (await server.api('POST', '/roles', { code: `narrowed-${kind}` })).body as { id: string };
    const { id: user } = (await server.api('POST', '/users', { username: `narrowed-${kind}` })).body as { id: string };
    const { id: application } = (await server.api('POST', '/applications', { name: 'n', type: 'machine_to_machine' }))
      .body as { id: string };
    const permissions = ['stays', 'goes'].map((permission) => ({ resource_server: id, permission }));
    for (const holder of [`/roles/${role}`, `/users/${user}`])
      expect((await server.api('POST', `${holder}/permissions`, { permissions })).status).toBe(204);
    const granted = await server.api('POST', '/client-grants', {
      application,
      audience: identifier,
      scopes: ['goes', 'stays'],
    });
    const grant = granted.body as ClientGrant;
    const held = async (holder: string) =>
      ((await server.api('GET', `${holder}/permissions`)).body as { permissions: Permission[] }).permissions.map(
        ({ permission }) => permission,
      );
    const grants = async () =>
      ((await server.api('GET', `/client-grants?application=${application}`)).body as { client_grants: ClientGrant[] })
        .client_grants;
    const scopes = [{ value: 'new' }, { value: 'stays', description: 'Described now' }];
    const changed = await server.api('PATCH', `/resource-servers/${id}`, { scopes });
    expect(changed.body).toMatchObject({ scopes: [{ value: 'new', description: null }, scopes[1]] });
    expect([await held(`/roles/${role}`), await held(`/users/${user}`)]).toEqual([['stays'], ['stays']]);
    expect((await grants()).map((one) => one.scopes)).toEqual([['stays']]);
    expect((await server.api('DELETE', `/resource-servers/${id}`)).status).toBe(204);
    expect([await held(`/roles/${role}`), await held(`/users/${user}`), await grants()]).toEqual([[], [], []]);
    const types = (await eventsOf(grant.id)).map(({ event_type }) => event_type);
    expect(types).toEqual(['client_grant.created', 'client_grant.updated', 'client_grant.deleted']);
  });

  it('leave nothing that names a scope which goes, whoever comes first', async () => {
    const { id, identifier } = await make({ scopes: [{ value: 'goes' }] });
    const { id: role } = (await server.api('POST', '/roles', { code: `racing-${kind}` })).body as { id: string };
    const { id: application } = (await server.api('POST', '/applications', { name: 'r', type: 'machine_to_machine' }))
      .body as { id: string };
    const permissions = [{ resource_server: id, permission: 'goes' }];
    const granted = await server.api('POST', '/client-grants', { application, audience: identifier, scopes: [] });
    const path = `/client-grants/${(granted.body as ClientGrant).id}`;
    for (let round = 0; round < 5; round++) {
      const [gone, ...others] = await Promise.all([
        server.api('PATCH', `/resource-servers/${id}`, { scopes: [] }),
        server.api('POST', `/roles/${role}/permissions`, { permissions }),
        server.api('PATCH', path, { scopes: ['goes'] }),
        server.api('POST', `/roles/${role}/permissions`, { permissions }),
      ]);
      expect(gone.status, JSON.stringify(gone.body)).toBe(200);
      for (const { status, body } of others) expect([200, 204, 400], JSON.stringify(body)).toContain(status);
      expect((await server.api('GET', `/roles/${role}/permissions`)).body).toMatchObject({ permissions: [] });
      const { client_grants } = (await server.api('GET', `/client-grants?application=${application}`)).body as {
        client_grants: ClientGrant[];
      };
      expect(client_grants.map(({ scopes }) => scopes)).toEqual([[]]);
      expect((await server.api('PATCH', `/resource-servers/${id}`, { scopes: [{ value: 'goes' }] })).status).toBe(200);
    }
  });

  it('keep what a dialect knows of them', async () => {
    const { id } = await make();
    await server.work().write((unit) => setExtension(unit, 'resource_servers', id, 'auth0', { signing_alg: 'HS256' }));
    const kept = await server.work().read((db) => extensionsOf(db, server.work(), 'resource_servers', 'auth0', [id]));
    expect(kept.get(id)).toEqual({ signing_alg: 'HS256' });
    expect((await eventsOf(id)).at(-1)).toMatchObject({ event_type: 'resource_server.updated' });
  });
});
