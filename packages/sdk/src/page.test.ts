import { expect, test, vi } from 'vitest';
import { type FakeTenant, rejectionOf, startTenant } from '../testing/fake-tenant.ts';
import { ReeveManagement } from './index.ts';

/** A directory of `count` users that pages by offset. */
const withUsers = async (count: number): Promise<FakeTenant> => {
  const tenant = await startTenant();
  tenant.on('GET /users', ({ query, json }) => {
    const limit = Number(query.get('limit') ?? 50);
    const from = Number(query.get('cursor') ?? 0);
    const users = Array.from({ length: Math.min(limit, count - from) }, (_, i) => ({ id: `usr_${from + i}` }));
    json(200, { users, next_cursor: from + limit < count ? String(from + limit) : null }, { etag: '"list"' });
  });
  return tenant;
};

const idsOf = async (items: AsyncIterable<{ id: string }>): Promise<string[]> => {
  const ids: string[] = [];
  for await (const { id } of items) ids.push(id);
  return ids;
};
const cursors = (tenant: FakeTenant) => tenant.seen.map(({ query }) => query.get('cursor'));

test('awaited, a list is its page', async () => {
  const tenant = await withUsers(3);
  const page = await new ReeveManagement(tenant.options).users.list({ limit: 2 });
  expect(page).toEqual({ users: [{ id: 'usr_0' }, { id: 'usr_1' }], next_cursor: '2' });
  expect(tenant.seen).toHaveLength(1);
});

test('iterated, it is every item of every page: 250 users at 100 a page are 250 users', async () => {
  const tenant = await withUsers(250);
  const ids = await idsOf(new ReeveManagement(tenant.options).users.list({ limit: 100, search: 'ann' }));
  expect(new Set(ids).size).toBe(250);
  expect(cursors(tenant)).toEqual([null, '100', '200']);
  expect(tenant.seen.every(({ query }) => query.get('limit') === '100' && query.get('search') === 'ann')).toBe(true);
});

test('there is no cap', async () => {
  const tenant = await withUsers(5_050);
  expect(await idsOf(new ReeveManagement(tenant.options).users.list({ limit: 100 }))).toHaveLength(5_050);
});

test('awaited and then iterated, the first page is not asked for again', async () => {
  const tenant = await withUsers(3);
  const list = new ReeveManagement(tenant.options).users.list({ limit: 2 });
  await list;
  expect(await idsOf(list)).toHaveLength(3);
  expect(cursors(tenant)).toEqual([null, '2']);
});

test('a walk may begin in the middle, and an empty directory is an empty walk', async () => {
  const tenant = await withUsers(7);
  const reeve = new ReeveManagement(tenant.options);
  expect(await idsOf(reeve.users.list({ limit: 3, cursor: '3' }))).toEqual(['usr_3', 'usr_4', 'usr_5', 'usr_6']);
  const empty = await withUsers(0);
  expect(await idsOf(new ReeveManagement(empty.options).users.list())).toEqual([]);
});

test('whoever leaves the loop asks for no further page', async () => {
  const tenant = await withUsers(250);
  for await (const _user of new ReeveManagement(tenant.options).users.list({ limit: 100 })) break;
  expect(tenant.seen).toHaveLength(1);
});

test('pages() walks by page', async () => {
  const tenant = await withUsers(5);
  const sizes: number[] = [];
  for await (const page of new ReeveManagement(tenant.options).users.list({ limit: 2 }).pages())
    sizes.push(page.users.length);
  expect(sizes).toEqual([2, 2, 1]);
});

test('a page that fails in the middle fails the walk: no short list', async () => {
  const tenant = await withUsers(250);
  const reeve = new ReeveManagement({ ...tenant.options, retry: { attempts: 1 } });
  const seen: string[] = [];
  const walk = async () => {
    for await (const { id } of reeve.users.list({ limit: 100 })) {
      seen.push(id);
      if (seen.length === 100) tenant.on('GET /users', ({ problem }) => problem(500, 'internal'));
    }
  };
  expect(await rejectionOf(walk())).toMatchObject({ code: 'internal' });
  expect(seen).toHaveLength(100);
});

test('an abort ends a walk between pages', async () => {
  const tenant = await withUsers(250);
  const abort = new AbortController();
  const walk = async () => {
    for await (const _user of new ReeveManagement(tenant.options).users.list({ limit: 100 }, { signal: abort.signal }))
      abort.abort();
  };
  expect(await rejectionOf(walk())).toMatchObject({ code: 'aborted' });
  expect(tenant.seen).toHaveLength(1);
});

test('withResponse gives the data with etag, status and request id', async () => {
  const tenant = await withUsers(1);
  tenant.on('GET /users/u', ({ json }) => json(200, { id: 'u' }, { etag: 'W/"9"', 'x-extra': '1' }));
  const reeve = new ReeveManagement(tenant.options);
  const answer = await reeve.users.get('u').withResponse();
  expect(answer).toMatchObject({ data: { id: 'u' }, etag: 'W/"9"', status: 200, request_id: 'req_1' });
  expect(answer.headers.get('x-extra')).toBe('1');
  expect((await reeve.users.list().withResponse()).etag).toBe('"list"');
});

test('a failure is handled where it is awaited: no promise beside it counts as unhandled', async () => {
  const tenant = await startTenant();
  const reeve = new ReeveManagement(tenant.options);
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  await rejectionOf(reeve.users.get('u').withResponse());
  await rejectionOf(reeve.users.list().withResponse());
  await rejectionOf(idsOf(reeve.users.list()));
  await rejectionOf(Promise.all([reeve.users.get('u'), reeve.users.list()]));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});
