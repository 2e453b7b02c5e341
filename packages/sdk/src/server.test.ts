/** The client against the real server: every operation once, and what a bad network or a busy directory does to a call. */
import { parametersOf, type Route } from '@reeve/contract';
import { routes } from '@reeve/contract/native';
import { CLIENT_ID, CLIENT_SECRET, databaseKinds, postForm, startProxy, type TestProxy } from '@reeve/testkit';
import { startWalk, validCall, type Walk } from '@reeve/testkit/walk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CachedToken, ReeveError, ReeveManagement, type ReeveOptions, type User } from './index.ts';
import { nodeTransport } from './node.ts';
import type { Reply } from './page.ts';

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
const streams = ['users.bulkImport', 'users.exportAll', 'audit.stream'];
const transports = [
  ['the global fetch', () => undefined],
  ['the node transport', () => nodeTransport()],
] as const;

describe.each(databaseKinds)('the client on %s', (kind) => {
  let walk: Walk;
  let proxy: TestProxy;
  let reeve: ReeveManagement;
  beforeAll(async () => {
    walk = await startWalk(kind);
    proxy = await startProxy(walk.server.url);
    reeve = clientOf();
  });
  afterAll(async () => {
    await proxy.close();
    await walk.stop();
  });

  const clientOf = (options: Partial<ReeveOptions> = {}) =>
    new ReeveManagement({
      tenantUrl: walk.server.url,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      ...options,
    } as ReeveOptions);
  /** A client behind the proxy that has its token, so that the next request is the one to cut. */
  const proxied = async (options: Partial<ReeveOptions> = {}) => {
    const client = clientOf({ tenantUrl: proxy.url, retry: { attempts: 3, baseMs: 1 }, ...options });
    await client.refreshToken();
    return client;
  };
  const failureOf = async (call: PromiseLike<unknown>): Promise<ReeveError> => {
    const error: unknown = await Promise.resolve(call).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ReeveError);
    return error as ReeveError;
  };
  let count = 0;
  const newEmail = () => `sdk-${++count}@example.test`;
  const idsOf = async (items: AsyncIterable<{ id: string }>) => (await collect(items)).map(({ id }) => id);
  const rowsOf = (mark: string, n: number) =>
    Array.from({ length: n }, (_, i) => ({
      email: `${mark}.${i}@example.test`,
      email_verified: true,
      name: `Žofie 名前 ${i}`,
      user_metadata: { note: 'x'.repeat(60) },
    }));

  type Method = (...args: unknown[]) => Reply<unknown>;
  const methodOf = (id: string): Method => {
    const [resource, name] = id.split('.') as [keyof ReeveManagement, string];
    return (reeve[resource] as unknown as Record<string, Method>)[name] as Method;
  };
  const argumentsOf = async (id: string, route: Route): Promise<unknown[]> => {
    const { params = {}, query, body } = await validCall(walk.home, id, route);
    const input = body ?? query;
    return [...parametersOf(route.path).map((name) => params[name]), ...(input === undefined ? [] : [input])];
  };
  const plain = routes.filter(({ id }) => !streams.includes(id));

  it.each(plain)('$id does what it declares', async ({ id, route }) => {
    const call = methodOf(id)(...(await argumentsOf(id, route)));
    const { data, status, etag, request_id } = await call.withResponse();
    expect(status).toBe(route.status);
    expect(await call).toBe(data);
    if (!route.response) expect(data).toBeUndefined();
    if (route.etag && route.response) expect(etag).toMatch(/^"v\d+"$/);
    if (route.items) expect(await collect(call as never)).toEqual(expect.any(Array));
    if (!route.emits) return;
    const { events } = await reeve.audit.list({ request_id: request_id as string });
    const types: readonly string[] = events.map(({ event_type }) => event_type);
    expect(
      route.emits.filter((type) => types.includes(type)),
      types.join(),
    ).not.toEqual([]);
  });

  it('the others are the ones that stream', () => {
    const streamed = routes.filter(({ route }) => route.produces || route.consumes?.includes('text/csv'));
    expect(streamed.map(({ id }) => id).toSorted()).toEqual(streams.toSorted());
  });

  it('a walk over pages meets everyone once, whoever comes meanwhile', async () => {
    const group = await reeve.groups.create({ name: 'Walked' });
    const add = async () => {
      const { id } = await reeve.users.create({ email: newEmail(), email_verified: true });
      await reeve.groups.addMember(group.id, id);
      return id;
    };
    const there = await Promise.all(Array.from({ length: 25 }, add));
    const walkWith = async (sort: 'created_at' | '-created_at') => {
      const seen: string[] = [];
      const come: string[] = [];
      for await (const { id } of reeve.users.list({ group: group.id, sort, limit: 10 })) {
        seen.push(id);
        if (seen.length % 5 === 0 && seen.length <= 25) come.push(await add());
      }
      expect(new Set(seen).size).toBe(seen.length);
      return { seen, come };
    };
    const down = await walkWith('-created_at');
    expect(down.seen.toSorted()).toEqual(there.toSorted());
    const up = await walkWith('created_at');
    expect(up.seen.toSorted()).toEqual([...there, ...down.come, ...up.come].toSorted());
    expect(await idsOf(reeve.groups.listMembers(group.id, { limit: 7 }))).toHaveLength(up.seen.length);
  });

  it.each(transports)('a create whose answer is lost is made once and answered (%s)', async (_name, transport) => {
    const retries: string[] = [];
    const onRetry = ({ error }: { error: ReeveError }) => void retries.push(error.code);
    const client = await proxied({ fetch: transport(), hooks: { onRetry } });
    const email = newEmail();
    const { cuts } = proxy;
    proxy.cutAfter('answer', 0);
    const user = await client.users.create({ email, password: 'a good long password' });
    expect([proxy.cuts - cuts, retries]).toEqual([1, ['connection_failed']]);
    expect((await reeve.users.list({ email })).users).toEqual([user]);
    const { events } = await reeve.audit.list({ event_types: ['user.created'], target: user.id });
    expect(events).toHaveLength(1);
  });

  it('a create that is still under way is waited for', async () => {
    const { hasher } = walk.server.services;
    // Takes every place of the hasher: the first create stays under way until it is let go.
    const gate = Promise.withResolvers<void>();
    const taken = Array.from({ length: 50 }, () => hasher.bounded(() => gate.promise));
    const codes: string[] = [];
    const onRetry = ({ error }: { error: ReeveError }) => {
      codes.push(error.code);
      gate.resolve();
    };
    const client = clientOf({ hooks: { onRetry } });
    const body = { email: newEmail(), password: 'a good long password' };
    const create = () => client.users.create(body, { idempotencyKey: `wait-${kind}` });
    const [first, second] = await Promise.all([create(), create()]);
    await Promise.all(taken);
    expect(codes[0]).toBe('idempotency_in_progress');
    expect(second).toEqual(first);
    expect((await reeve.users.list({ email: body.email })).users).toHaveLength(1);
  });

  it('changes only what was read, where it is asked to', async () => {
    const { data: user, etag } = await reeve.users.create({ email: newEmail() }).withResponse();
    const ifMatch = etag as string;
    const changed = await reeve.users.update(user.id, { name: 'First' }, { ifMatch }).withResponse();
    expect(changed.etag).not.toBe(etag);
    const late = await failureOf(reeve.users.update(user.id, { name: 'Second' }, { ifMatch }));
    expect(late).toMatchObject({ status: 412, code: 'precondition_failed', request_id: expect.any(String) });
    expect(await reeve.users.get(user.id)).toMatchObject({ name: 'First' });
    await reeve.users.delete(user.id, { ifMatch: changed.etag as string });
    expect(await failureOf(reeve.users.get(user.id))).toMatchObject({ status: 404 });
  });

  it.each(transports)('an import that breaks off is resumed by the job of its error (%s)', async (_name, transport) => {
    const client = await proxied({ fetch: transport() });
    const mark = `resume${++count}`;
    const rows = [...rowsOf(mark, 1500), { email: `${mark}.0@example.test` }];
    const { cuts } = proxy;
    proxy.cutAfter('request', 120_000);
    const broken = await failureOf(client.users.bulkImport(rows));
    expect([proxy.cuts - cuts, broken.code]).toEqual([1, 'connection_failed']);
    expect(broken.job_id).toMatch(/^job_/);
    const answer = await client.users.bulkImport(rows, { resume: broken.job_id as string });
    expect(answer).toMatchObject({ job_id: broken.job_id, inserted: 1500, failed: 1, total: 1501 });
    expect(answer.errors).toMatchObject([{ line: 1501, code: 'email_taken' }]);
    const { total } = await client.users.list({ search: `${mark}.`, include_total: true, limit: 1 });
    expect(total).toBe(1500);
    const { num } = await walk.server.work().read((db) =>
      db
        .selectFrom('events')
        .select(({ fn }) => fn.countAll().as('num'))
        .where('type', '=', 'user.created')
        .where('data', 'like', `%"${mark}.%`)
        .executeTakeFirstOrThrow(),
    );
    expect(Number(num)).toBe(1500);
  });

  it('an export is complete, or it throws', async () => {
    const mark = `export${++count}`;
    await reeve.users.bulkImport(rowsOf(mark, 600));
    const all = await collect(reeve.users.exportAll({ search: `${mark}.` }));
    expect(new Set(all.map(({ email }) => email)).size).toBe(600);
    expect(await reeve.users.get((all[7] as User).id)).toEqual(all[7]);
    const csv = (await collect(reeve.users.exportAll({ search: `${mark}.`, format: 'csv' }))).join('');
    expect(csv.trimEnd().split('\n')).toHaveLength(601);

    const client = await proxied();
    for (const format of ['ndjson', 'csv'] as const) {
      proxy.cutAfter('answer', 60_000);
      let seen = 0;
      const read = async () => {
        for await (const _piece of client.users.exportAll({ search: `${mark}.`, format } as never)) seen++;
      };
      expect(await failureOf(read())).toMatchObject({ code: 'export_truncated' });
      expect(seen).toBeGreaterThan(0);
    }
    // The trailer alone is missing: all rows came, and yet it is no complete export.
    const { cuts } = proxy;
    const whole = Buffer.byteLength(csv);
    proxy.cutAfter('answer', whole - 10);
    const read = collect(client.users.exportAll({ search: `${mark}.`, format: 'csv' }));
    expect(await failureOf(read)).toMatchObject({ code: 'export_truncated' });
    expect(proxy.cuts).toBe(cuts + 1);
  });

  it('an audit stream that breaks off goes on after the last event', async () => {
    const client = await proxied();
    const filter = { event_types: ['user.created' as const] };
    const ids = await idsOf(reeve.audit.stream(filter));
    const { cuts } = proxy;
    proxy.cutAfter('answer', 100_000);
    expect(await idsOf(client.audit.stream(filter))).toEqual(ids);
    expect(proxy.cuts).toBe(cuts + 1);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('two clients share a token by their cache, and the next one when it is revoked', async () => {
    const cache = new Map<string, CachedToken>();
    let requests = 0;
    const onRequest = ({ operation }: { operation: string }) => {
      if (operation === 'token') requests++;
    };
    const [one, two] = [1, 2].map(() => clientOf({ tokenCache: cache, hooks: { onRequest } })) as [
      ReeveManagement,
      ReeveManagement,
    ];
    await one.users.list();
    await two.users.list();
    expect([requests, cache.size]).toEqual([1, 1]);
    const token = [...cache.values()][0]?.access_token as string;
    await postForm(walk.server, '/oauth/revoke', { token, client_id: CLIENT_ID, client_secret: CLIENT_SECRET });
    await two.users.list();
    await one.users.list();
    expect(requests).toBe(2);
    await one.clearToken();
    expect(cache.size).toBe(0);
  });

  it('signing keys are rotated and revoked while calls go on', async () => {
    const clients = [1, 2, 3].map(() => clientOf());
    const before = (await clients[0]?.tenants.listKeys())?.keys.find(({ state }) => state === 'current');
    let isDone = false;
    const calls = clients.map(async (client) => {
      let made = 0;
      for (; !isDone; made++) await client.users.list({ limit: 1 });
      return made;
    });
    for (let i = 0; i < 2; i++) {
      await reeve.tenants.rotateKey();
      await reeve.refreshToken();
      await reeve.users.list({ limit: 1 });
    }
    await reeve.tenants.revokeKey(before?.id as string);
    expect((await reeve.tenants.listKeys()).keys.map(({ id }) => id)).not.toContain(before?.id);
    await Promise.all(clients.map((client) => client.users.list({ limit: 1 })));
    isDone = true;
    expect(Math.min(...(await Promise.all(calls)))).toBeGreaterThan(0);
  });
});
