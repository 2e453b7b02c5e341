/** Applications that act for themselves, through the vendor's door. */
import { uuidOf } from '@reeve/core';
import {
  askForToken,
  bootServer,
  databaseKinds,
  type Rw3issPerson,
  rw3issPerson,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const PATH = '/admin/m2m-clients';
const refused = (status: number, code: string, field?: string) => ({
  status,
  body: { error: { code, ...(field === undefined ? {} : { details: { field } }) } },
});

interface Client {
  readonly id: string;
  readonly client_id: string;
}

describe.each(databaseKinds)('services through the rw3iss door on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  beforeAll(async () => {
    server = await bootServer(kind);
    admin = await rw3issPerson(server);
  });
  afterAll(() => server.stop());

  const create = async (body: object) => {
    const made = await admin.call('POST', PATH, body);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body as { client: Client; client_secret: string };
  };
  const list = async () => ((await admin.call('GET', PATH)).body as { clients: Client[] }).clients;

  it('get a secret that is shown once and works, and keep what they are for', async () => {
    const given = {
      name: 'CI',
      description: 'Builds',
      scopes: ['build:run'],
      allowed_audiences: ['https://ci.example'],
    };
    const { client, client_secret } = await create({ client_id: `CI-${kind}`, ...given });
    expect(client).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      created_at: expect.stringMatching(/\.\d{3}Z$/),
      updated_at: expect.any(String),
      client_id: `ci-${kind}`,
      ...given,
      status: 'active',
      created_by: admin.id,
    });
    expect((await admin.call('GET', `${PATH}/${client.id}`)).body).toEqual(client);
    expect(await list()).toEqual([client]);
    const token = await askForToken(server, { client_id: client.client_id, client_secret });
    expect(token.status).toBe(200);
  });

  it('are revoked at once, stay readable, and again changes nothing', async () => {
    const { client, client_secret } = await create({ client_id: `gone-${kind}`, name: 'Gone' });
    for (let i = 0; i < 2; i++) expect((await admin.call('DELETE', `${PATH}/${client.id}`)).status).toBe(204);
    const credentials = { client_id: client.client_id, client_secret };
    expect((await askForToken(server, credentials)).status).not.toBe(200);
    expect((await admin.call('GET', `${PATH}/${client.id}`)).body).toMatchObject({
      status: 'disabled',
      revoked_at: expect.stringMatching(/Z$/),
      scopes: [],
      allowed_audiences: [],
    });
    expect((await list()).map(({ id }) => id)).not.toContain(client.id);
    const { body } = await server.api('GET', '/audit?event_types=application.disabled');
    const disabled = (body as { events: { target: { id: string } }[] }).events;
    expect(disabled.filter(({ target }) => uuidOf(target.id) === client.id)).toHaveLength(1);
  });

  it('are those that others made, too, but none that came with the tenant', async () => {
    const made = await server.api('POST', '/applications', { name: 'Native', type: 'machine_to_machine' });
    const native = uuidOf((made.body as { id: string }).id);
    const web = await server.api('POST', '/applications', { name: 'Web', type: 'web' });
    expect((await list())[0]).toMatchObject({ id: native, name: 'Native', scopes: [] });
    const { body } = await server.api('GET', '/applications?limit=100');
    const own = (body as { applications: { id: string; is_first_party: boolean }[] }).applications;
    const others = [...own.filter(({ is_first_party }) => is_first_party), web.body as { id: string }];
    expect(others.length).toBeGreaterThan(1);
    for (const { id } of others)
      for (const verb of ['GET', 'DELETE'])
        expect(await admin.call(verb, `${PATH}/${uuidOf(id)}`)).toMatchObject(refused(404, 'NOT_FOUND'));
    expect(await admin.call('GET', `${PATH}/${NOBODY}`)).toMatchObject(refused(404, 'NOT_FOUND'));
  });

  it('refuse what is wrong by its field', async () => {
    await create({ client_id: `taken-${kind}`, name: 'Taken' });
    for (const [body, field] of [
      [{ client_id: `TAKEN-${kind}`, name: 'x' }, 'client_id'],
      [{ client_id: 'ab', name: 'x' }, 'client_id'],
      [{ client_id: 'a b c', name: 'x' }, 'client_id'],
      [{ client_id: `x-${kind}`, name: '' }, 'name'],
      [{ client_id: `x-${kind}` }, 'name'],
      [{ client_id: `x-${kind}`, name: 'x', description: 'd'.repeat(2001) }, 'description'],
      [{ client_id: `x-${kind}`, name: 'x', secret: 's' }, 'secret'],
    ] as const)
      expect(await admin.call('POST', PATH, body)).toMatchObject(refused(400, 'INVALID_INPUT', field));
    expect(await admin.call('GET', `${PATH}/x`)).toMatchObject(refused(400, 'INVALID_INPUT', 'clientId'));
    expect((await list()).map(({ client_id }) => client_id)).not.toContain(`x-${kind}`);
  });

  it('are a system_admin’s only', async () => {
    const email = `super-${kind}@example.com`;
    const made = await server.api('POST', '/users', { email, email_verified: true, password: 'Correct-horse-1' });
    await server.api('PUT', `/users/${(made.body as { id: string }).id}/roles`, { roles: ['super_admin'] });
    const { call } = await rw3issPerson(server, { email, password: 'Correct-horse-1' });
    for (const verb of ['GET', 'POST'])
      expect(await call(verb, PATH, verb === 'POST' ? { client_id: 'abc', name: 'x' } : undefined)).toMatchObject(
        refused(403, 'INSUFFICIENT_PERMISSIONS'),
      );
  });
});
