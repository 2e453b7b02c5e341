/** An application that changes its kind: what becomes of its secrets, its grants and its tokens. */
import { bootServer, CLIENT_ID, databaseKinds, postForm, type TestServer, withBearer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Made {
  readonly id: string;
  readonly client_id: string;
  readonly client_secret: string | null;
  readonly is_public: boolean;
}

describe.each(databaseKinds)('the kind of an application on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const make = async (body: object): Promise<Made> => {
    const answer = await server.api('POST', '/applications', { name: 'app', ...body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body as Made;
  };
  const change = ({ id }: Made, body: object, headers = {}) =>
    server.api('PATCH', `/applications/${id}`, body, headers);
  const secretsOf = async ({ id }: Made) =>
    ((await server.api('GET', `/applications/${id}/secrets`)).body as { secrets: unknown[] }).secrets;
  const eventsOf = async ({ id }: Made) =>
    (
      (await server.api('GET', `/audit?target=${id}&order=asc`)).body as { events: { event_type: string }[] }
    ).events.map(({ event_type }) => event_type);
  const ask = ({ client_id }: Made, client_secret: string | null) =>
    postForm(server, '/oauth/token', {
      grant_type: 'client_credentials',
      client_id,
      ...(client_secret === null ? {} : { client_secret }),
    });

  it('is public by its type, unless it says otherwise', async () => {
    const shown: [object, boolean][] = [
      [{ type: 'machine_to_machine' }, false],
      [{ type: 'web' }, false],
      [{ type: 'spa' }, true],
      [{ type: 'native' }, true],
      [{ type: 'native', is_public: false, grant_types: ['client_credentials'] }, false],
      [{ type: 'web', is_public: true }, true],
      [{ type: 'machine_to_machine', is_public: true }, true],
    ];
    for (const [body, isPublic] of shown) {
      const made = await make(body);
      expect([made.is_public, made.client_secret === null], JSON.stringify(body)).toEqual([isPublic, isPublic]);
    }
    const refused = await server.api('POST', '/applications', {
      name: 'app',
      type: 'machine_to_machine',
      is_public: true,
      grant_types: ['password', 'client_credentials'],
    });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'grant_types.1', code: 'type' }] } });
  });

  it('that keeps a secret keeps it through a change of type', async () => {
    const app = await make({ type: 'web', grant_types: ['client_credentials'], scopes: ['users:read'] });
    expect((await change(app, { type: 'machine_to_machine' })).body).toMatchObject({
      type: 'machine_to_machine',
      is_public: false,
    });
    expect((await ask(app, app.client_secret)).status).toBe(200);
  });

  it('that becomes public loses its secrets, and its own tokens are refused', async () => {
    const app = await make({ type: 'machine_to_machine', scopes: ['users:read'] });
    const { body } = await ask(app, app.client_secret);
    const used = async () => (await withBearer(server, body.access_token, '/api/v1/users')).status;
    expect(await used()).toBe(200);
    const refused = await change(app, { type: 'spa' });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'grant_types.0', code: 'type' }] } });
    expect(await secretsOf(app)).toHaveLength(1);
    const changed = await change(app, { type: 'spa', grant_types: ['password', 'refresh_token'] });
    expect(changed, JSON.stringify(changed.body)).toMatchObject({
      status: 200,
      body: { type: 'spa', is_public: true },
    });
    expect(await secretsOf(app)).toEqual([]);
    expect(await used()).toBe(401);
    expect((await ask(app, app.client_secret)).status).toBe(401);
    expect((await ask(app, null)).body.error).toBe('unauthorized_client');
    expect((await server.api('POST', `/applications/${app.id}/rotate-secret`, {})).body).toMatchObject({
      code: 'conflict',
    });
    expect((await eventsOf(app)).filter((type) => type.startsWith('application.'))).toEqual([
      'application.created',
      'application.secret_revoked',
      'application.updated',
    ]);
  });

  it('that was public for a while never honours a token of its own from before', async () => {
    const app = await make({ type: 'machine_to_machine', scopes: ['users:read'] });
    const used = async (token: string) => (await withBearer(server, token, '/api/v1/users')).status;
    const tokenWith = async (secret: string | null) => (await ask(app, secret)).body.access_token as string;
    const first = await tokenWith(app.client_secret);
    expect(await used(first)).toBe(200);
    for (let turn = 0; turn < 2; turn++) {
      await change(app, { is_public: true, grant_types: [] });
      await change(app, { is_public: false, grant_types: ['client_credentials'] });
      const { body } = await server.api('POST', `/applications/${app.id}/rotate-secret`, {});
      // In the very same second: a token of the time since is as good as any.
      const next = await tokenWith((body as { client_secret: string }).client_secret);
      expect([await used(first), await used(next)]).toEqual([401, 200]);
      expect((await change(app, { name: `turn ${turn}` })).status).toBe(200);
      expect(await used(next)).toBe(200);
    }
  });

  it('that ceases to be public has no secret until one is made', async () => {
    const app = await make({ type: 'spa', scopes: ['users:read'] });
    expect((await change(app, { type: 'web', grant_types: ['client_credentials'] })).body).toMatchObject({
      is_public: false,
    });
    expect((await ask(app, null)).body.error).toBe('invalid_client');
    const rotated = await server.api('POST', `/applications/${app.id}/rotate-secret`, {});
    const { client_secret } = rotated.body as { client_secret: string };
    expect((await ask(app, client_secret)).body.scope).toBe('users:read');
    expect((await change(app, { is_public: true, grant_types: [] })).body).toMatchObject({
      type: 'web',
      is_public: true,
    });
    expect((await change(app, { name: 'new' })).body).toMatchObject({ type: 'web', is_public: true });
  });

  it('is not made stronger than who changes it', async () => {
    const app = await make({ type: 'spa', scopes: ['roles:write'] });
    const authorization = `Bearer ${await server.token(['applications:write'])}`;
    const refused = await change(app, { type: 'web' }, { authorization });
    expect(refused).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    expect((await change(app, { name: 'renamed' }, { authorization })).body).toMatchObject({ is_public: true });
  });

  it('stays where the application came with the tenant', async () => {
    const refused = await server.api('PATCH', `/applications/${CLIENT_ID}`, { type: 'spa', grant_types: [] });
    expect(refused).toMatchObject({ status: 409, body: { code: 'protected_resource' } });
    expect((await server.api('PATCH', `/applications/${CLIENT_ID}`, { type: 'machine_to_machine' })).status).toBe(200);
  });
});
