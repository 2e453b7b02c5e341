import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('users on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  it('finds what was just created, by any part of a name', async () => {
    const made = await server.api('POST', '/users', {
      email: 'Zoë.Müller@Example.com',
      name: 'Zoë Müller',
      user_metadata: { plan: 'gold' },
    });
    expect(made.status).toBe(201);
    const { id } = made.body as { id: string };
    for (const search of ['MÜLL', 'zo', 'ë mü', 'example.com']) {
      const found = await server.api('GET', `/users?search=${encodeURIComponent(search)}&include_total=true`);
      expect(found.status, JSON.stringify(found.body)).toBe(200);
      expect((found.body as { users: { id: string }[] }).users.map((user) => user.id)).toContain(id);
    }
    const again = await server.api('POST', '/users', { email: 'zoë.müller@example.COM' });
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ code: 'email_taken', errors: [{ field: 'email' }] });
  });

  it('asks for one identifier of any kind, and takes a phone number as given unless a plus leads it', async () => {
    const create = (body: object) => server.api('POST', '/users', body);
    expect(await create({ username: 'alone' })).toMatchObject({
      status: 201,
      body: { username: 'alone', email: null },
    });
    for (const phone_number of ['17600000000', '030 / 1234-5', '0049 (30) 1234', '+4930123456']) {
      const made = await create({ phone_number });
      expect(made, JSON.stringify(made.body)).toMatchObject({ status: 201, body: { phone_number } });
    }
    for (const phone_number of ['+0123456', '+49 30 1234', '12', ' 12345', ''])
      expect(await create({ phone_number }), phone_number).toMatchObject({
        status: 400,
        body: { errors: expect.arrayContaining([expect.objectContaining({ field: 'phone_number' })]) },
      });
    expect(await create({ name: 'Nobody' })).toMatchObject({ status: 400, body: { errors: [{ field: 'email' }] } });
  });

  it('merges patches of disjoint keys without losing one', async () => {
    const made = await server.api('POST', '/users', { username: 'merged' });
    const { id } = made.body as { id: string };
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => server.api('PATCH', `/users/${id}`, { user_metadata: { [`k${i}`]: i } })),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const { body } = await server.api('GET', `/users/${id}`);
    expect(Object.keys((body as { user_metadata: object }).user_metadata)).toHaveLength(200);
  }, 60_000);
});
