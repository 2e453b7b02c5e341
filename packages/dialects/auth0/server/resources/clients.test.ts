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

  it('give no secret to who may not have its scopes', async () => {
    const app = await make({ app_type: 'spa' });
    await server.api('PATCH', `/applications/${app.client_id}`, { scopes: ['roles:write'] });
    const lesser = await auth0Caller(server, ['update:clients']);
    const refused = await lesser('PATCH', `/clients/${app.client_id}`, { app_type: 'regular_web' });
    expect([refused.status, refused.body]).toMatchObject([403, { errorCode: 'insufficient_scope' }]);
    expect((await call('GET', `/clients/${app.client_id}`)).body).toMatchObject({ app_type: 'spa' });
  });
});
