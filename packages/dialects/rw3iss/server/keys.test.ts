/** Calls under an idempotency key: what a browser sends twice happens once. */
import { anonymousActor, atMostOnce, createVault, type Db, digestOf, Problem } from '@reeve/core';
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

/** Seconds from `first` to `last`: what is left of a time while the test runs. */
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

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

  const answer = { status: 200, etag: null, body: '' };
  /** A request of its own under a new key, as a node runs it. */
  const newRequest = () => {
    const { tenant, actor, services } = server.work();
    return { services, tenant, actor, request: { key: `key-${++count}`, digest: 'same' } };
  };
  type Keyed = ReturnType<typeof newRequest>;
  const change = (services: Keyed['services']) =>
    services.database.write((db) =>
      db.updateTable('tenants').set({ display_name: 'Changed' }).where('num', '=', server.work().tenant.id).execute(),
    );
  const again = (keyed: Keyed) => atMostOnce(keyed, async () => ({ ...answer, body: 'again' }));
  const overloaded = new Problem('overloaded', 'The database does not answer.', { retryAfter: 1 });

  it('are taken while another node runs them, and its answer is waited for', async () => {
    const keyed = newRequest();
    const begun = Promise.withResolvers<void>();
    const ending = Promise.withResolvers<typeof answer>();
    const first = atMostOnce(keyed, () => {
      begun.resolve();
      return ending.promise;
    });
    await begun.promise;
    const second = again(keyed);
    const third = again({ ...keyed, request: { ...keyed.request, digest: 'other' } });
    await expect(third).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    ending.resolve(answer);
    expect([await first, await second]).toEqual([answer, answer]);
  });

  it.each([
    ['the database was away', overloaded],
    ['there is a defect', new Error('a defect')],
  ])('are free at once where %s before anything was changed', async (_name, fault) => {
    const keyed = newRequest();
    await expect(atMostOnce(keyed, () => Promise.reject(fault))).rejects.toBe(fault);
    expect(await again(keyed)).toMatchObject({ body: 'again' });
    const undone = newRequest();
    const run = (services: Keyed['services']) =>
      services.database.write(async () => {
        throw fault;
      });
    await expect(atMostOnce(undone, run)).rejects.toBe(fault);
    expect(await again(undone)).toMatchObject({ body: 'again' });
  });

  it('are left taken by what failed after a change, also one whose commit was not answered, and say for how long', async () => {
    const known = newRequest();
    const run = async (services: Keyed['services']) => {
      await change(services);
      throw overloaded;
    };
    await expect(atMostOnce(known, run)).rejects.toBe(overloaded);
    const lost = newRequest();
    const { database } = lost.services;
    let writes = 0;
    const write = async <T>(unit: (db: Db) => Promise<T>): Promise<T> => {
      const result = await database.write(unit);
      // The first one takes the key.
      if (++writes === 2) throw overloaded;
      return result;
    };
    const services = { ...lost.services, database: { ...database, write } };
    const first = atMostOnce({ ...lost, services }, async (given) => {
      await change(given);
      return answer;
    });
    await expect(first).rejects.toBe(overloaded);
    for (const refusal of await Promise.all([known, lost].map((keyed) => again(keyed).catch((error) => error))))
      expect(refusal).toMatchObject({ code: 'idempotency_in_progress', retryAfter: expect.toBeOneOf(range(270, 300)) });
    server.clock.advance(300_000);
    expect(await again(known)).toMatchObject({ body: 'again' });
  });

  it('of a node that died before it changed anything are another’s after half a minute, and no more the dead one’s', async () => {
    const other =
      kind === 'postgres' ? await bootServer(kind, { on: { url: server.databaseUrl, dir: server.dir } }) : server;
    try {
      other.clock.advance(server.clock.now() - other.clock.now());
      const { email } = await rw3issUser(server);
      const { tokens } = await rw3issPerson(server, { email, password: RW3ISS_PASSWORD });
      const key = `key-${++count}`;
      const path = '/rw3iss/api/v1/auth/refresh';
      const body = { refresh_token: tokens.refresh_token };
      const { tenant, services } = server.work();
      const request = { key, digest: digestOf(services.vault, 'POST', path, JSON.stringify(body)) };
      const begun = Promise.withResolvers<void>();
      const waking = Promise.withResolvers<void>();
      const dead = atMostOnce({ services, tenant, actor: anonymousActor, request }, async (given) => {
        begun.resolve();
        await waking.promise;
        await change(given);
        return answer;
      });
      await begun.promise;
      const refresh = () => rw3issCaller(other)('POST', '/auth/refresh', body, keyed(key));
      const tooSoon = await refresh();
      expect(tooSoon).toMatchObject(refused(409, 'CONFLICT'));
      expect(Number(tooSoon.headers.get('retry-after'))).toBeOneOf(range(15, 30));
      other.clock.advance(30_000);
      const renewed = await refresh();
      expect(renewed.status, JSON.stringify(renewed.body)).toBe(200);
      waking.resolve();
      await expect(dead).rejects.toMatchObject({ code: 'idempotency_in_progress' });
      expect(await refresh()).toMatchObject({ status: 200, body: renewed.body });
    } finally {
      if (other !== server) await other.stop();
    }
  });

  it('of strangers are one another’s only with the same request; of a person not those of who acts as them', async () => {
    const { email } = await rw3issUser(server);
    const signIn = (password: string, key: object) =>
      rw3issCaller(server)('POST', '/auth/login', { email, password }, { ...key });
    const key = keyed();
    const first = await signIn(RW3ISS_PASSWORD, key);
    expect(first.status).toBe(200);
    expect(await signIn(RW3ISS_PASSWORD, key)).toMatchObject({ status: 200, body: first.body });
    expect(await signIn('guessed', key)).toMatchObject(refused(400, 'INVALID_INPUT'));
    const { actor, ...rest } = newRequest();
    expect(await atMostOnce({ ...rest, actor }, async () => ({ ...answer, body: 'own' }))).toMatchObject({
      body: 'own',
    });
    const acting = { ...rest, actor: { ...actor, impersonatorId: 'usr_1' } };
    expect(await again(acting)).toMatchObject({ body: 'again' });
  });

  it('are kept with a digest that tells nothing without the secret key', () => {
    const { vault } = server.work().services;
    const other = createVault('00'.repeat(32));
    const parts = ['POST', '/auth/login', '{"password":"guess"}'];
    expect(digestOf(vault, ...parts)).toBe(digestOf(vault, ...parts));
    expect(digestOf(other, ...parts)).not.toBe(digestOf(vault, ...parts));
    expect(digestOf(vault, 'ab', 'c')).not.toBe(digestOf(vault, 'a', 'bc'));
  });
});
