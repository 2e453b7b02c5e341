/** Clients of Auth0 that change their kind: `app_type` and `token_endpoint_auth_method` do what they say. */
import { type Auth0Call, auth0Caller, bootServer, databaseKinds, postForm, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Client {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly app_type: string;
  readonly token_endpoint_auth_method: string;
  readonly grant_types: string[];
}

describe.each(databaseKinds)('kinds of clients on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
  });
  afterAll(() => server.stop());

  const make = async (body: object): Promise<Client> => {
    const answer = await call('POST', '/clients', { name: 'app', ...body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const change = async ({ client_id }: Client, body: object): Promise<Client> => {
    const answer = await call('PATCH', `/clients/${client_id}`, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const { client_secret: _, ...kept } = answer.body as Client;
    expect((await call('GET', `/clients/${client_id}`)).body).toEqual(kept);
    return answer.body;
  };
  const kindOf = ({ app_type, token_endpoint_auth_method: method, grant_types }: Client) => [
    app_type,
    method,
    grant_types.includes('client_credentials'),
  ];
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });
  /** The error of a token of its own, asked for with the secret in each way, and without one. */
  const asked = async ({ client_id }: Client, secret = 'none') => {
    const grant_type = 'client_credentials';
    const answers = [
      await postForm(server, '/oauth/token', { grant_type, client_id, client_secret: secret }),
      await postForm(server, '/oauth/token', { grant_type }, basic(client_id, secret)),
      await postForm(server, '/oauth/token', { grant_type, client_id }),
    ];
    return answers.map(({ body }) => body.error);
  };
  const CONFIDENTIAL = [undefined, undefined, 'invalid_client'];
  const PUBLIC = ['invalid_client', 'invalid_client', 'unauthorized_client'];

  it('go from app_type to app_type, with a secret where one is kept', async () => {
    const app = await make({ app_type: 'spa' });
    expect(kindOf(app)).toEqual(['spa', 'none', false]);
    const web = await change(app, { app_type: 'regular_web' });
    expect(kindOf(web)).toEqual(['regular_web', 'client_secret_post', false]);
    expect(web.client_secret).toMatch(/^[\w-]{43}$/);
    const machine = await change(app, { app_type: 'non_interactive', grant_types: ['client_credentials'] });
    expect(kindOf(machine)).toEqual(['non_interactive', 'client_secret_post', true]);
    expect(machine).not.toHaveProperty('client_secret');
    expect(await asked(app, web.client_secret)).toEqual(CONFIDENTIAL);
    expect(kindOf(await change(app, { app_type: 'native' }))).toEqual(['native', 'none', false]);
    expect(await asked(app, web.client_secret)).toEqual(PUBLIC);
    expect(kindOf(await change(app, { app_type: 'rms' }))).toEqual(['rms', 'client_secret_post', false]);
    expect((await change(app, { description: 'said nothing' })).app_type).toBe('rms');
  });

  it('keep a secret or none as token_endpoint_auth_method says, whatever their type', async () => {
    const web = await make({ app_type: 'regular_web', token_endpoint_auth_method: 'none' });
    expect([kindOf(web), web.client_secret]).toEqual([['regular_web', 'none', false], undefined]);
    expect(await asked(web)).toEqual(PUBLIC);
    expect(kindOf(await make({ app_type: 'non_interactive', token_endpoint_auth_method: 'none' }))).toEqual([
      'non_interactive',
      'none',
      false,
    ]);
    const native = await make({
      app_type: 'native',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
    });
    expect(kindOf(native)).toEqual(['native', 'client_secret_basic', true]);
    // Which of the two ways a secret comes is not asked: genuine clients send it in the body, whatever is set.
    expect(await asked(native, native.client_secret)).toEqual(CONFIDENTIAL);
    expect(kindOf(await change(native, { app_type: 'spa' }))).toEqual(['spa', 'client_secret_basic', true]);
    expect(await asked(native, native.client_secret)).toEqual(CONFIDENTIAL);
    expect(kindOf(await change(native, { token_endpoint_auth_method: 'none' }))).toEqual(['spa', 'none', false]);
    expect(await asked(native, native.client_secret)).toEqual(PUBLIC);
    expect(kindOf(await change(native, { token_endpoint_auth_method: null, app_type: 'regular_web' }))).toEqual([
      'regular_web',
      'client_secret_post',
      false,
    ]);
  });

  it('show what was changed natively, and follow it', async () => {
    const app = await make({ app_type: 'regular_web', token_endpoint_auth_method: 'client_secret_basic' });
    const natively = { is_public: true, grant_types: ['authorization_code'] };
    expect((await server.api('PATCH', `/applications/${app.client_id}`, natively)).status).toBe(200);
    const { body } = await call('GET', `/clients/${app.client_id}`);
    expect(kindOf(body)).toEqual(['regular_web', 'none', false]);
    expect((await change(app, { description: 'two' })).token_endpoint_auth_method).toBe('none');
    expect((await change(app, { app_type: 'non_interactive' })).token_endpoint_auth_method).toBe('client_secret_basic');
  });

  it('keep client_credentials without effect while they are public, and have it once they keep a secret', async () => {
    const grants = ['authorization_code', 'client_credentials', 'implicit'];
    const app = await make({ app_type: 'spa', grant_types: grants });
    expect([app.grant_types, app.client_secret]).toEqual([grants, undefined]);
    expect(await asked(app)).toEqual(PUBLIC);
    const native = async () =>
      ((await server.api('GET', `/applications/${app.client_id}`)).body as { grant_types: string[] }).grant_types;
    expect(await native()).toEqual(['authorization_code']);
    const turned = await change(app, { grant_types: grants.toReversed() });
    expect([turned.grant_types, await native()]).toEqual([grants.toReversed(), ['authorization_code']]);
    const web = await change(app, { app_type: 'regular_web' });
    expect(web.grant_types).toEqual(grants.toReversed());
    expect(await asked(app, web.client_secret)).toEqual(CONFIDENTIAL);
    const open = await change(app, { token_endpoint_auth_method: 'none', grant_types: ['client_credentials'] });
    expect([open.grant_types, await native()]).toEqual([['client_credentials'], []]);
    // What was taken away natively is not shown as if it were there.
    const natively = { is_public: false, grant_types: ['refresh_token'] };
    expect((await server.api('PATCH', `/applications/${app.client_id}`, natively)).status).toBe(200);
    expect((await call('GET', `/clients/${app.client_id}`)).body).toMatchObject({ grant_types: ['refresh_token'] });
  });

  it('have one for the whole tenant, which is no application', async () => {
    const [all] = (await call('GET', '/clients?is_global=true')).body as [{ client_id: string; name: string }];
    expect(all.name).toBe('All Applications');
    const changed = await call('PATCH', `/clients/${all.client_id}`, { custom_login_page: '<p>page</p>' });
    expect(changed.status).toBe(200);
    const { body } = await server.api('GET', '/applications?limit=100');
    const { applications, next_cursor } = body as {
      applications: { client_id: string; name: string }[];
      next_cursor: string | null;
    };
    expect(next_cursor).toBeNull();
    expect(applications.length).toBeGreaterThan(1);
    for (const application of applications) {
      expect(application.client_id).not.toBe(all.client_id);
      expect(application.name).not.toBe(all.name);
    }
    expect((await server.api('GET', `/applications/${all.client_id}`)).status).toBe(404);
    expect((await server.api('POST', `/applications/${all.client_id}/rotate-secret`, {})).status).toBe(404);
    const grant = { client_id: all.client_id, grant_type: 'client_credentials', client_secret: 'any' };
    expect((await postForm(server, '/oauth/token', grant)).body.error).toBe('invalid_client');
  });

  it('tell a change once, in one event', async () => {
    const { client_id } = await make({ app_type: 'regular_web', callbacks: ['https://a.example/cb'] });
    const { id } = (await server.api('GET', `/applications/${client_id}`)).body as { id: string };
    const eventsOf = async () => {
      const { body } = await server.api('GET', `/audit?target=${id}&order=asc`);
      return (body as { events: { event_type: string; data: unknown }[] }).events
        .slice(1)
        .map(({ event_type, data }) => ({ event_type, data }));
    };
    const fields = {
      name: 'renamed',
      callbacks: ['https://b.example/cb'],
      grant_types: ['authorization_code', 'client_credentials'],
      app_type: 'non_interactive',
      logo_uri: 'https://b.example/logo.png',
    };
    expect((await call('PATCH', `/clients/${client_id}`, fields)).body).toMatchObject(fields);
    const grants = ['authorization_code', 'implicit', 'refresh_token', 'client_credentials'];
    expect(await eventsOf()).toEqual([
      {
        event_type: 'application.updated',
        data: {
          before: {
            name: 'app',
            redirect_uris: ['https://a.example/cb'],
            grant_types: grants.filter((grant) => grant !== 'implicit'),
            type: 'web',
            extensions: { auth0: { logo_uri: null, grant_types: grants } },
          },
          after: {
            name: 'renamed',
            redirect_uris: ['https://b.example/cb'],
            grant_types: fields.grant_types,
            type: 'machine_to_machine',
            extensions: { auth0: { logo_uri: fields.logo_uri, grant_types: null } },
          },
        },
      },
    ]);
    expect((await call('PATCH', `/clients/${client_id}`, { token_endpoint_auth_method: 'none' })).status).toBe(200);
    expect((await call('PATCH', `/clients/${client_id}`, { token_endpoint_auth_method: null })).status).toBe(200);
    expect((await eventsOf()).map(({ event_type }) => event_type).slice(1)).toEqual([
      'application.secret_revoked',
      'application.updated',
      'application.updated',
      'application.secret_rotated',
    ]);
  });

  it('that change at once get one secret, and nothing back that was taken away', async () => {
    const rounds = Array.from({ length: 8 }, async () => {
      const app = await make({ app_type: 'spa', grant_types: ['authorization_code', 'refresh_token'] });
      const path = `/clients/${app.client_id}`;
      const answers = await Promise.all([
        call('PATCH', path, { app_type: 'regular_web' }),
        call('PATCH', path, { grant_types: ['authorization_code'] }),
        call('PATCH', path, { app_type: 'regular_web', description: 'again' }),
        call('PATCH', path, { token_endpoint_auth_method: 'client_secret_post' }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      const given = answers.flatMap(({ body }) => (body as Client).client_secret ?? []);
      expect(given).toHaveLength(1);
      const { body } = await server.api('GET', `/applications/${app.client_id}/secrets`);
      expect((body as { secrets: { hint: string }[] }).secrets.map(({ hint }) => hint)).toEqual([given[0]?.slice(-4)]);
      expect((await call('GET', path)).body).toMatchObject({ grant_types: ['authorization_code'] });
    });
    await Promise.all(rounds);
  });

  it('give no secret to who may not have its scopes', async () => {
    const app = await make({ app_type: 'spa' });
    await server.api('PATCH', `/applications/${app.client_id}`, { scopes: ['roles:write'] });
    const lesser = await auth0Caller(server, ['update:clients']);
    const refused = await lesser('PATCH', `/clients/${app.client_id}`, { app_type: 'regular_web' });
    expect([refused.status, refused.body]).toMatchObject([403, { errorCode: 'insufficient_scope' }]);
    expect((await call('GET', `/clients/${app.client_id}`)).body).toMatchObject({ app_type: 'spa' });
  });
});
