import type { AuthorizedResource, Explanation, Resource, ResourceGrant, ResourceNamespace } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Told {
  readonly event_type: string;
  readonly data: Record<string, unknown>;
}
interface Holder {
  readonly type: 'user' | 'role' | 'group' | 'organization';
  readonly id: string;
}

describe.each(databaseKinds)('resources on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let made = 0;
  const code = () => `thing${++made}`;
  const post = async <T>(path: string, body: object): Promise<T> => {
    const answer = await server.api('POST', path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const get = async <T>(path: string): Promise<T> => {
    const answer = await server.api('GET', path);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  };
  const done = async (verb: string, path: string, body?: object) => {
    const answer = await server.api(verb, path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    return answer.body as never;
  };
  const refusal = async (verb: string, path: string, body?: object) => {
    const { status, body: told } = await server.api(verb, path, body);
    return { status, ...(told as { code: string; errors: { field: string }[] }) };
  };
  const holder = async (type: Holder['type']): Promise<Holder> => {
    const bodies = {
      user: { username: code() },
      role: { code: code() },
      group: { name: code() },
      organization: { name: code() },
    };
    return { type, id: (await post<{ id: string }>(`/${type}s`, bodies[type])).id };
  };
  const join = ({ type, id }: Holder, user: Holder) =>
    done('PUT', `/${type}s/${id}/members/${user.id}`, type === 'organization' ? {} : undefined);
  const make = (more: object = {}) => post<Resource>('/resources', { code: code(), type: 'data', ...more });
  const acting = (...names: string[]) => ({ actions: names.map((name) => ({ name })) });
  const grant = (subjects: readonly Holder[], resources: readonly object[], more: object = {}) =>
    done('POST', '/resource-grants', { subjects, resources, ...more });
  const take = (subjects: readonly Holder[], resources: readonly object[], more: object = {}) =>
    done('DELETE', '/resource-grants', { subjects, resources, ...more });
  const grantsOf = async (query: string): Promise<[string, string, string[]][]> => {
    const { resource_grants } = await get<{ resource_grants: ResourceGrant[] }>(`/resource-grants?${query}`);
    return resource_grants.map(({ code, subject, actions }) => [code, subject.id, actions]);
  };
  const allowed = async (user: Holder, query = ''): Promise<[string, string[]][]> => {
    const { resources } = await get<{ resources: AuthorizedResource[] }>(
      `/users/${user.id}/authorized-resources?${query}`,
    );
    return resources.map(({ code, actions }) => [code, actions]);
  };
  const explain = (user: Holder, resource: string, action?: string, namespace?: string): Promise<Explanation> =>
    done('POST', `/users/${user.id}/explain`, { resource, action, namespace });
  const eventsOf = async (target: string, types: string): Promise<Told[]> =>
    (await get<{ events: Told[] }>(`/audit?target=${target}&event_types=${types}&order=asc`)).events;

  it('have namespaces, of which the default one is always there', async () => {
    const main = await get<ResourceNamespace>('/resource-namespaces/default');
    expect(main).toMatchObject({ code: 'default', is_default: true });
    expect(await refusal('DELETE', '/resource-namespaces/default')).toMatchObject({
      status: 409,
      code: 'protected_resource',
    });
    const shop = await post<ResourceNamespace>('/resource-namespaces', { code: 'shop', description: 'What is sold' });
    expect(shop).toMatchObject({ name: 'shop', is_default: false });
    expect(await refusal('POST', '/resource-namespaces', { code: 'shop' })).toMatchObject({
      status: 409,
      code: 'code_taken',
    });
    await done('PATCH', '/resource-namespaces/shop', { name: 'Shop', description: null });
    expect(await get(`/resource-namespaces/${shop.id}`)).toMatchObject({ name: 'Shop', description: null });
    const all = await get<{ resource_namespaces: object[]; total: number }>('/resource-namespaces?include_total=true');
    expect(all).toMatchObject({ resource_namespaces: [{ code: 'shop' }, { code: 'default' }], total: 2 });
    const user = await holder('user');
    const { id } = await make({ code: 'till', namespace: 'shop' });
    await grant([user], [{ code: 'till' }], { namespace: shop.id });
    await done('DELETE', '/resource-namespaces/shop');
    for (const path of [`/resource-namespaces/${shop.id}`, '/resource-namespaces/shop', `/resources/${id}`])
      expect((await server.api('GET', path)).status, path).toBe(404);
    expect(await allowed(user)).toEqual([]);
    const types = ['created', 'updated', 'deleted'].map((verb) => `resource_namespace.${verb}`);
    expect((await eventsOf(shop.id, types.join())).map(({ event_type }) => event_type)).toEqual(types);
    const before = { namespace: 'shop', code: 'till', type: 'data' };
    expect(await eventsOf(id, 'resource.deleted')).toMatchObject([{ data: { before } }]);
  });

  it('are made once for a code of a namespace, found, changed and deleted', async () => {
    await post('/resource-namespaces', { code: 'other' });
    const actions = [{ name: 'book:read', description: 'Reads' }, { name: 'book:write' }];
    const book = await make({ code: 'book:*', actions });
    expect(book).toMatchObject({
      namespace: 'default',
      code: 'book:*',
      actions: [actions[0], { name: 'book:write', description: null }],
      api_identifier: null,
    });
    const api = await make({
      code: 'book:*',
      type: 'api',
      namespace: 'other',
      api_identifier: 'https://a.example/books',
    });
    expect(await refusal('POST', '/resources', { code: 'book:*', type: 'menu' })).toMatchObject({ code: 'code_taken' });
    for (const [body, field] of [
      [{ code: 'a b', type: 'data' }, 'code'],
      [{ code: 'a', type: 'DATA' }, 'type'],
      [{ code: 'a', type: 'data', namespace: 'none' }, 'namespace'],
      [{ code: 'a', type: 'data', ...acting('x', 'x') }, 'actions'],
      [{ code: 'a', type: 'data', ...acting('*') }, 'actions.0.name'],
    ] as const)
      expect(await refusal('POST', '/resources', body), JSON.stringify(body)).toMatchObject({
        status: 400,
        errors: [{ field }],
      });
    expect(await get(`/resources/${api.id}`)).toEqual(api);
    const listed = (query: string) => get<{ resources: Resource[]; total?: number }>(`/resources?code=book:*&${query}`);
    expect(await listed('include_total=true')).toEqual({ resources: [api, book], total: 2, next_cursor: null });
    expect((await listed('namespace=other')).resources).toEqual([api]);
    expect((await listed('type=data')).resources).toEqual([book]);
    expect((await listed('namespace=none')).resources).toEqual([]);
    const changed = await done('PATCH', `/resources/${api.id}`, { api_identifier: null, description: 'x', type: 'ui' });
    expect(changed).toMatchObject({ type: 'ui', api_identifier: null, description: 'x' });
    await done('DELETE', `/resources/${api.id}`);
    expect((await listed('')).resources).toEqual([book]);
    const types = ['created', 'updated', 'deleted'].map((verb) => `resource.${verb}`);
    const told = await eventsOf(api.id, types.join());
    expect(told.map(({ event_type }) => event_type)).toEqual(types);
    expect(told.at(-1)?.data).toMatchObject({ before: { namespace: 'other', code: 'book:*' } });
  });

  it('are granted to many at once, added up, and told of once', async () => {
    const [user, role] = [await holder('user'), await holder('role')];
    const [one, two] = [await make(acting('read', 'write')), await make({ type: 'menu' })];
    await grant(
      [user, role, user],
      [
        { code: one.code, actions: ['write'] },
        { code: two.code, actions: [] },
      ],
    );
    await grant([user], [{ code: one.code, actions: ['read'] }]);
    await grant(
      [user, role],
      [
        { code: one.code, actions: ['write'] },
        { code: two.code, actions: [] },
      ],
    );
    expect(await grantsOf(`subject=${user.id}`)).toEqual([
      [one.code, user.id, ['read', 'write']],
      [two.code, user.id, []],
    ]);
    await grant([role], [{ code: one.code }]);
    expect(await grantsOf(`resource=${one.id}`)).toEqual([
      [one.code, role.id, ['*']],
      [one.code, user.id, ['read', 'write']],
    ]);
    expect((await eventsOf(user.id, 'resource.authorized')).map(({ data }) => data)).toEqual([
      {
        namespace: 'default',
        resources: [
          { code: one.code, actions: ['write'] },
          { code: two.code, actions: [] },
        ],
      },
      { namespace: 'default', resources: [{ code: one.code, actions: ['read', 'write'] }] },
    ]);
    expect(await eventsOf(role.id, 'resource.authorized')).toHaveLength(2);
  });

  it('are taken by the action or whole', async () => {
    const [user, group] = [await holder('user'), await holder('group')];
    const [one, free] = [await make(acting('a', 'b', 'c')), await make()];
    await grant([user, group], [{ code: one.code }, { code: free.code, actions: ['x', 'y'] }]);
    await take(
      [user, group],
      [
        { code: one.code, actions: ['b'] },
        { code: free.code, actions: ['z'] },
      ],
    );
    await take([group], [{ code: one.code, actions: ['a', 'c'] }, { code: free.code }]);
    await take([group], [{ code: one.code }]);
    expect(await grantsOf(`subject=${user.id}`)).toEqual([
      [one.code, user.id, ['a', 'c']],
      [free.code, user.id, ['x', 'y']],
    ]);
    expect(await grantsOf(`subject=${group.id}`)).toEqual([]);
    expect((await eventsOf(group.id, 'resource.revoked')).map(({ data }) => data.resources)).toEqual([
      [{ code: one.code, actions: ['a', 'c'] }],
      [
        { code: one.code, actions: null },
        { code: free.code, actions: null },
      ],
    ]);
    // All actions but one of a resource that names none: nobody could say which are left.
    await grant([user], [{ code: free.code }]);
    const body = { subjects: [user], resources: [{ code: free.code, actions: ['x'] }] };
    expect(await refusal('DELETE', '/resource-grants', body)).toMatchObject({ status: 409, code: 'conflict' });
    expect(await grantsOf(`resource=${free.id}`)).toEqual([[free.code, user.id, ['*']]]);
  });

  it('are granted to nobody and as nothing that is not there', async () => {
    const user = await holder('user');
    const group = await holder('group');
    const { code: known } = await make(acting('read'));
    const resources = [{ code: known }];
    for (const [body, field] of [
      [{ resources, subjects: [user, { type: 'user', id: 'usr_01HZXZXZXZXZXZXZXZXZXZXZXZ' }] }, 'subjects.1.id'],
      [{ resources, subjects: [{ type: 'role', id: group.id }] }, 'subjects.0.id'],
      [{ resources, subjects: [{ type: 'group', id: 'x' }] }, 'subjects.0.id'],
      [{ resources: [...resources, { code: 'none' }], subjects: [user] }, 'resources.1.code'],
      [{ resources, subjects: [user], namespace: 'none' }, 'namespace'],
      [{ resources: [{ code: known, actions: ['read', 'write'] }], subjects: [user] }, 'resources.0.actions'],
      [{ resources: [], subjects: [user] }, 'resources'],
    ] as const)
      expect(await refusal('POST', '/resource-grants', body), JSON.stringify(body)).toMatchObject({
        status: 400,
        errors: [{ field }],
      });
    expect(await grantsOf(`subject=${user.id}`)).toEqual([]);
    expect(await grantsOf('subject=nobody')).toEqual([]);
    expect(await grantsOf('subject=usr_01HZXZXZXZXZXZXZXZXZXZXZXZ')).toEqual([]);
  });

  it('are a user’s directly, by role, group and organization, each once, with the reasons', async () => {
    const [user, role, group, organization, stranger] = [
      await holder('user'),
      await holder('role'),
      await holder('group'),
      await holder('organization'),
      await holder('user'),
    ];
    const [doc, menu, hidden] = [
      await make({ code: `b-${code()}`, ...acting('read', 'write', 'drop') }),
      await make({ code: `a-${code()}`, type: 'menu' }),
      await make(),
    ];
    for (const place of [role, group, organization]) await join(place, user);
    await grant([user, role], [{ code: doc.code, actions: ['read'] }]);
    await grant(
      [group],
      [
        { code: doc.code, actions: ['write'] },
        { code: menu.code, actions: [] },
      ],
    );
    await grant([organization], [{ code: menu.code }]);
    await grant([stranger], [{ code: hidden.code }]);
    expect(await allowed(user)).toEqual([
      [menu.code, ['*']],
      [doc.code, ['read', 'write']],
    ]);
    expect(await allowed(user, 'type=menu')).toEqual([[menu.code, ['*']]]);
    const names = async (path: string) => get<{ code?: string; name: string; display_name?: string }>(path);
    const [{ code: roleCode, name: roleName }, { code: groupCode }, { name: orgName }] = [
      await names(`/roles/${role.id}`),
      await names(`/groups/${group.id}`),
      await names(`/organizations/${organization.id}`),
    ];
    const granted = { resource: doc.code, actions: ['read'] };
    expect(await explain(user, doc.code, 'read')).toEqual({
      allowed: true,
      because: [
        { by: 'user', id: user.id, code: null, name: null, ...granted },
        { by: 'role', id: role.id, code: roleCode, name: roleName, ...granted },
      ],
    });
    expect(await explain(user, doc.code, 'write')).toMatchObject({ because: [{ by: 'group', code: groupCode }] });
    expect(await explain(user, doc.code, 'drop')).toEqual({ allowed: false, because: [] });
    expect(await explain(user, menu.code)).toMatchObject({
      allowed: true,
      because: [
        { by: 'group', actions: [] },
        { by: 'organization', code: orgName, name: null, actions: ['*'] },
      ],
    });
    expect(await explain(user, menu.code, 'open')).toMatchObject({ because: [{ by: 'organization' }] });
    expect(await explain(user, hidden.code)).toEqual({ allowed: false, because: [] });
    expect(await refusal('POST', `/users/${user.id}/explain`, { resource: 'x', namespace: 'none' })).toMatchObject({
      status: 400,
      errors: [{ field: 'namespace' }],
    });
    await done('DELETE', `/groups/${group.id}/members/${user.id}`);
    expect(await allowed(user)).toEqual([
      [menu.code, ['*']],
      [doc.code, ['read']],
    ]);
  });

  it('are meant by a code that ends in a star, in their namespace', async () => {
    const user = await holder('user');
    await post('/resource-namespaces', { code: 'library' });
    for (const pattern of ['*', 'book:*', 'book:1:*', 'book:1:2', 'bo*'])
      await make({ code: pattern, namespace: 'library' });
    const by = async (resource: string) => {
      const { because } = await explain(user, resource, 'read', 'library');
      return because.map((reason) => reason.resource);
    };
    const all = ['book:*', 'book:1:*', 'book:1:2', 'bo*'].map((pattern) => ({ code: pattern, actions: ['read'] }));
    await grant([user], all, { namespace: 'library' });
    expect(await by('book:1:2')).toEqual(['book:*', 'book:1:*', 'book:1:2']);
    expect(await by('book:2')).toEqual(['book:*']);
    expect(await by('book:1:3')).toEqual(['book:*', 'book:1:*']);
    expect(await by('book')).toEqual([]);
    expect(await by('magazine:1')).toEqual([]);
    await grant([user], [{ code: '*' }], { namespace: 'library' });
    expect(await by('magazine:1')).toEqual(['*']);
    expect((await explain(user, 'book:2', 'read')).allowed).toBe(false);
  });

  it('are listed page by page in the order of their codes', async () => {
    const user = await holder('user');
    const codes = Array.from({ length: 7 }, (_, i) => `page${kind}:${i}`);
    await post('/resource-namespaces', { code: 'pages' });
    for (const one of codes.toReversed()) await make({ code: one });
    await make({ code: codes[3], namespace: 'pages' });
    await grant(
      [user],
      codes.map((one) => ({ code: one })),
    );
    await grant([user], [{ code: codes[3] as string }], { namespace: 'pages' });
    const through = async (path: string, items: string) => {
      const found: { code: string; resource_id: string }[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const query = `limit=3&include_total=true${cursor ? `&cursor=${cursor}` : ''}`;
        const page: Record<string, unknown> = await get(`${path}${query}`);
        expect(page.total).toBe(8);
        found.push(...(page[items] as typeof found));
        cursor = page.next_cursor as string | null;
      }
      expect(new Set(found.map(({ resource_id }) => resource_id)).size).toBe(8);
      return found.map((one) => one.code);
    };
    const sorted = [...codes, codes[3] as string].toSorted();
    expect(await through(`/users/${user.id}/authorized-resources?`, 'resources')).toEqual(sorted);
    expect((await through(`/resource-grants?subject=${user.id}&`, 'resource_grants')).toSorted()).toEqual(sorted);
    expect(await allowed(user, 'namespace=pages')).toEqual([[codes[3], ['*']]]);
    expect(await allowed(user, 'namespace=none')).toEqual([]);
  });

  it('lose with an action what was granted of it', async () => {
    const [one, two, three] = [await holder('user'), await holder('user'), await holder('user')];
    const thing = await make(acting('a', 'b'));
    await grant([one], [{ code: thing.code, actions: ['a'] }]);
    await grant([two], [{ code: thing.code, actions: ['a', 'b'] }]);
    await grant([three], [{ code: thing.code }]);
    await done('PATCH', `/resources/${thing.id}`, acting('b', 'c'));
    expect(await grantsOf(`resource=${thing.id}`)).toEqual([
      [thing.code, two.id, ['b']],
      [thing.code, three.id, ['*']],
    ]);
    expect(await allowed(three)).toEqual([[thing.code, ['b', 'c']]]);
    const revoked = async ({ id }: Holder) =>
      (await eventsOf(id, 'resource.revoked')).map(({ data }) => [data.namespace, data.resources]);
    expect(await revoked(one)).toEqual([['default', [{ code: thing.code, actions: null }]]]);
    expect(await revoked(two)).toEqual([['default', [{ code: thing.code, actions: ['b'] }]]]);
    expect(await revoked(three)).toEqual([]);
    // The action that comes back is nobody's.
    await done('PATCH', `/resources/${thing.id}`, acting('a', 'b'));
    expect([await allowed(one), await allowed(two)]).toEqual([[], [[thing.code, ['b']]]]);
  });

  it('are gone with the resource and with whom they were granted to', async () => {
    const holders = [await holder('user'), await holder('role'), await holder('group'), await holder('organization')];
    const [one, two] = [await make(), await make()];
    await grant(holders, [{ code: one.code }, { code: two.code }]);
    for (const { type, id } of holders) {
      expect((await grantsOf(`subject=${id}`)).length).toBe(2);
      await done('DELETE', `/${type}s/${id}`);
    }
    expect(await grantsOf(`resource=${one.id}`)).toEqual([]);
    const user = await holder('user');
    await grant([user], [{ code: one.code }, { code: two.code }]);
    await done('DELETE', `/resources/${one.id}`);
    expect(await allowed(user)).toEqual([[two.code, ['*']]]);
  });

  it('count every grant of many that come at once', async () => {
    const user = await holder('user');
    const names = Array.from({ length: 8 }, (_, i) => `act${i}`);
    const thing = await make(acting(...names));
    await Promise.all(names.map((name) => grant([user], [{ code: thing.code, actions: [name] }])));
    expect(await allowed(user)).toEqual([[thing.code, names]]);
    await Promise.all(names.slice(1).map((name) => take([user], [{ code: thing.code, actions: [name] }])));
    expect(await allowed(user)).toEqual([[thing.code, ['act0']]]);
  });

  it('are found in the default namespace of a tenant that is made', async () => {
    const before = await server.services.database.read((db) =>
      db.selectFrom('resource_namespaces').select('tenant_id').where('code', '=', 'default').execute(),
    );
    await post('/tenants', { name: code(), domains: [`${code()}.example.com`] });
    const after = await server.services.database.read((db) =>
      db.selectFrom('resource_namespaces').select('tenant_id').where('code', '=', 'default').execute(),
    );
    expect(after).toHaveLength(before.length + 1);
  });
});
