/** Calls under an idempotency key: what a browser sends twice happens once. */
import { atMostOnce } from '@reeve/core';
import {
  bootServer,
  databaseKinds,
  RW3ISS_PASSWORD,
  type Rw3issPerson,
  rw3issCaller,
  rw3issPerson,
  rw3issUser,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('calls under an idempotency key on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  let count = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
    admin = await rw3issPerson(server);
  });
  afterAll(() => server.stop());

  const keyed = (key = `key-${++count}`) => ({ 'idempotency-key': key });
  const newApp = () => ({ code: `app${++count}-${kind}`, name: 'Keyed' });
  const create = (body: object, headers: Record<string, string>) => admin.call('POST', '/admin/apps', body, headers);
  const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

  it('are answered alike, and happen once, one after another and at once', async () => {
    const [one, two] = [newApp(), newApp()];
    const key = keyed();
    const made = await create(one, key);
    expect(made.status).toBe(201);
    expect(await create(one, key)).toMatchObject({ status: 201, body: made.body });
    const another = keyed();
    const answers = await Promise.all(Array.from({ length: 5 }, () => create(two, another)));
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    const { id } = made.body as { id: string };
    const removal = keyed();
    for (let i = 0; i < 2; i++)
      expect(await admin.call('DELETE', `/admin/apps/${id}`, undefined, removal)).toMatchObject({ status: 204 });
    expect(await admin.call('DELETE', `/admin/apps/${id}`)).toMatchObject(refused(404, 'NOT_FOUND'));
  });

  it('rotate a refresh token once: the session lives on', async () => {
    const { email } = await rw3issUser(server);
    const { tokens } = await rw3issPerson(server, { email, password: RW3ISS_PASSWORD });
    const refresh = (token: string, headers = {}) =>
      rw3issCaller(server)('POST', '/auth/refresh', { refresh_token: token }, headers);
    const key = keyed();
    const first = await refresh(tokens.refresh_token, key);
    const second = await refresh(tokens.refresh_token, key);
    expect([first.status, second.body]).toEqual([200, first.body]);
    const pair = first.body as Rw3issPerson['tokens'];
    expect((await rw3issCaller(server, pair.access_token)('GET', '/auth/me')).status).toBe(200);
    expect((await refresh(pair.refresh_token)).status).toBe(200);
    // Without a key it is what it was: somebody else's.
    expect(await refresh(tokens.refresh_token)).toMatchObject(refused(401, 'TOKEN_REVOKED'));
  });

  it('keep nothing of a refusal', async () => {
    const app = newApp();
    const { id } = (await create(app, {})).body as { id: string };
    const key = keyed();
    expect(await create(app, key)).toMatchObject(refused(409, 'CONFLICT'));
    await admin.call('DELETE', `/admin/apps/${id}`);
    expect((await create(app, key)).status).toBe(201);
  });

  it('are each caller’s own, for five minutes, for one request', async () => {
    const { email, id } = await rw3issUser(server);
    await admin.call('PUT', `/admin/users/${id}/roles`, { role_codes: ['system_admin'] });
    const other = await rw3issPerson(server, { email, password: RW3ISS_PASSWORD });
    const app = newApp();
    const key = keyed();
    expect((await create(app, key)).status).toBe(201);
    expect(await create({ ...app, name: 'Else' }, key)).toMatchObject(refused(400, 'INVALID_INPUT'));
    expect(await other.call('POST', '/admin/apps', app, key)).toMatchObject(refused(409, 'CONFLICT'));
    server.clock.advance(299_000);
    expect((await create(app, key)).status).toBe(201);
    server.clock.advance(2_000);
    expect(await create(app, key)).toMatchObject(refused(409, 'CONFLICT'));
    expect(await create(newApp(), keyed('not visible'))).toMatchObject(refused(400, 'INVALID_INPUT'));
  });

  it('are taken while another node runs them, and after that its answer is theirs', async () => {
    const { tenant, actor, services } = server.work();
    const request = { key: `key-${++count}`, digest: 'same' };
    const answer = { status: 200, etag: null, body: '' };
    const begun = Promise.withResolvers<void>();
    const ending = Promise.withResolvers<typeof answer>();
    const first = atMostOnce({ services, tenant, actor, request }, () => {
      begun.resolve();
      return ending.promise;
    });
    await begun.promise;
    const again = () => atMostOnce({ services, tenant, actor, request }, async () => ({ ...answer, body: 'twice' }));
    await expect(again()).rejects.toMatchObject({ code: 'idempotency_in_progress' });
    ending.resolve(answer);
    expect([await first, await again()]).toEqual([answer, answer]);
  });

  it('are left taken by what failed by itself: nobody knows how far it came', async () => {
    const { tenant, actor, services } = server.work();
    const keyed = { services, tenant, actor, request: { key: `key-${++count}`, digest: 'same' } };
    const fault = new Error('a defect');
    await expect(atMostOnce(keyed, () => Promise.reject(fault))).rejects.toBe(fault);
    const again = atMostOnce(keyed, async () => ({ status: 200, etag: null, body: '' }));
    await expect(again).rejects.toMatchObject({ code: 'idempotency_in_progress' });
  });
});
