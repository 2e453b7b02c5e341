import type { CustomField, User } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mergeTop } from '../metadata.ts';
import type { Leaf } from '../users/document.ts';
import { parse } from '../users/document.ts';
import type { UserFilter } from '../users/filter.ts';
import { metadataLeavesOf } from '../users/leaves.store.ts';
import { searchUsers } from '../users/user-search.ts';
import { patchUser } from '../users/users.ts';

interface Told {
  readonly event_type: string;
  readonly data: Record<string, unknown>;
}
interface Refused {
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly { readonly field: string; readonly code: string }[];
}

describe.each(databaseKinds)('custom fields on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let made = 0;
  const key = () => `field${++made}`;
  const define = async (more: object): Promise<CustomField> => {
    const answer = await server.api('POST', '/custom-fields', { key: key(), type: 'string', ...more });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const create = async (custom_fields: object, more: object = {}): Promise<User> => {
    const answer = await server.api('POST', '/users', { username: `fielded${++made}`, custom_fields, ...more });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const read = async (id: string): Promise<User> => (await server.api('GET', `/users/${id}`)).body;
  const patch = async (id: string, custom_fields: object | null): Promise<User> => {
    const answer = await server.api('PATCH', `/users/${id}`, { custom_fields });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  };
  const refusal = async (verb: string, path: string, body: object): Promise<Refused & { status: number }> => {
    const answer = await server.api(verb, path, body);
    return { status: answer.status, ...(answer.body as Refused) };
  };
  const eventsOf = async (target: string, types: string): Promise<Told[]> =>
    ((await server.api('GET', `/audit?target=${target}&event_types=${types}&order=asc`)).body as { events: Told[] })
      .events;
  const idsBy = async (filter: string): Promise<string[]> => {
    const answer = await server.api('GET', `/users?custom_field=${encodeURIComponent(filter)}&include_total=true`);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const { users, total } = answer.body as { users: User[]; total: number };
    expect(total).toBe(users.length);
    return users.map(({ id }) => id);
  };
  const spelled = ({ bag, path, position, text, number }: Leaf): string =>
    JSON.stringify([bag, path, position, text, number]);
  /** The rows by which a search finds the user are the leaves of the document. */
  const expectLeaves = async (id: string, count: number): Promise<void> => {
    const { doc, rows } = await server.work().read(async (db) => {
      const { num, doc } = await db
        .selectFrom('users')
        .select(['num', 'doc'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      const rows = await db.selectFrom('metadata').selectAll().where('user_num', '=', num).execute();
      return { doc, rows };
    });
    expect(rows.map(spelled).toSorted()).toEqual(metadataLeavesOf(parse(doc)).map(spelled).toSorted());
    expect(rows).toHaveLength(count);
  };

  it('are defined, found by id and by key, changed, listed and told of', async () => {
    const field = await define({ key: 'school', label: 'School' });
    expect(field).toMatchObject({ target: 'user', key: 'school', type: 'string', label: 'School', options: null });
    const twin = await define({ key: 'school', target: 'group', type: 'number' });
    expect(twin.label).toBe('school');
    for (const [named, found] of [
      [field.id, field],
      ['school', field],
      ['user.school', field],
      ['group.school', twin],
    ] as const)
      expect((await server.api('GET', `/custom-fields/${named}`)).body, named).toEqual(found);
    for (const named of ['School', 'role.school', 'nothing', 'fld_01HZXZXZXZXZXZXZXZXZXZXZXZ', 'user.school.x'])
      expect((await server.api('GET', `/custom-fields/${named}`)).status, named).toBe(404);
    expect(await refusal('POST', '/custom-fields', { key: 'school', type: 'number' })).toMatchObject({
      status: 409,
      code: 'code_taken',
      errors: [{ field: 'key' }],
    });
    const stale = await server.api('PATCH', '/custom-fields/school', { label: 'x' }, { 'if-match': '"v2"' });
    expect(stale.status).toBe(412);
    const changed = await server.api('PATCH', '/custom-fields/school', { label: 'Alma mater' }, { 'if-match': '"v1"' });
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"v2"']);
    expect((await server.api('PATCH', '/custom-fields/school', { label: 'Alma mater' })).headers.get('etag')).toBe(
      '"v2"',
    );
    const listed = await server.api('GET', '/custom-fields?target=group');
    expect(listed.body).toEqual({ custom_fields: [twin], next_cursor: null });
    expect((await server.api('DELETE', '/custom-fields/group.school', undefined, { 'if-match': '"v9"' })).status).toBe(
      412,
    );
    expect((await server.api('DELETE', '/custom-fields/group.school')).status).toBe(204);
    expect((await server.api('GET', '/custom-fields/group.school')).status).toBe(404);
    const after = { target: 'user', key: 'school', type: 'string', label: 'School', options: null };
    const types = 'custom_field.created,custom_field.updated,custom_field.deleted';
    expect((await eventsOf(field.id, types)).map(({ event_type, data }) => [event_type, data])).toEqual([
      ['custom_field.created', { after }],
      ['custom_field.updated', { before: { label: 'School' }, after: { label: 'Alma mater' } }],
    ]);
    expect(await eventsOf(twin.id, types)).toHaveLength(2);
  });

  it.each([
    [{ type: 'select' }, 'options'],
    [{ type: 'string', options: [{ value: 'a' }] }, 'options'],
    [{ type: 'select', options: [{ value: 'a' }, { value: 'a', label: 'b' }] }, 'options'],
    [{ type: 'text' }, 'type'],
    [{ type: 'string', key: '1st' }, 'key'],
    [{ type: 'string', key: 'a.b' }, 'key'],
    [{ type: 'string', target: 'device' }, 'target'],
  ])('refuse the definition %j', async (body, field) => {
    expect(await refusal('POST', '/custom-fields', { key: key(), ...body })).toMatchObject({
      status: 400,
      errors: [{ field }],
    });
  });

  it('are at most 200 of a target', async () => {
    for (let n = 0; n < 200; n++) await define({ target: 'permission' });
    expect(
      await refusal('POST', '/custom-fields', { key: 'more', type: 'string', target: 'permission' }),
    ).toMatchObject({
      status: 422,
      code: 'limit_reached',
    });
  });

  const options = [{ value: 'm' }, { value: 'l', label: 'Large' }];
  it.each([
    ['string', { as: ['', 'x', '20'], wrong: [5, true, {}, []], rule: 'type' }],
    ['number', { as: [20, -0.5, 0], wrong: ['20', true, {}], rule: 'type' }],
    ['boolean', { as: [true, false], wrong: ['true', 1], rule: 'type' }],
    ['object', { as: [{}, { a: [1, { b: null }] }, { a: {} }], wrong: ['{}', 1, []], rule: 'type' }],
    ['select', { as: ['m', 'l'], wrong: ['Large', 'x', 1], rule: 'enum' }],
    [
      'datetime',
      {
        as: ['2001-02-03T04:05:06.000Z'],
        wrong: [
          '2001-02-03',
          '2001-02-30T00:00:00Z',
          '2001-13-01T00:00:00Z',
          'yesterday',
          5,
          '0000-01-01T00:00:00+01:00',
        ],
        rule: 'date-time',
      },
    ],
  ] as const)(
    'of the type %s take its values, and name key and rule of what is none',
    async (type, { as, wrong, rule }) => {
      const { key } = await define({ type, ...(type === 'select' ? { options } : {}) });
      const user = await create({});
      for (const value of as) {
        expect((await create({ [key]: value })).custom_fields).toEqual({ [key]: value });
        await patch(user.id, null);
        expect((await patch(user.id, { [key]: value })).custom_fields).toMatchObject({
          [key]: type === 'object' ? {} : value,
        });
      }
      const before = await read(user.id);
      for (const value of wrong) {
        const body = { custom_fields: { [key]: value } };
        const named = { status: 400, code: 'invalid_request', errors: [{ field: `custom_fields.${key}`, code: rule }] };
        expect(await refusal('POST', '/users', { username: 'never', ...body }), JSON.stringify(value)).toMatchObject(
          named,
        );
        expect(await refusal('PATCH', `/users/${user.id}`, body), JSON.stringify(value)).toMatchObject(named);
      }
      expect(await read(user.id)).toEqual(before);
    },
  );

  it('keep an instant in one spelling', async () => {
    const { key } = await define({ type: 'datetime' });
    const user = await create({ [key]: '2001-02-03t05:05:06+01:00' });
    expect(user.custom_fields).toEqual({ [key]: '2001-02-03T04:05:06.000Z' });
    expect(await idsBy(`${key}=2001-02-02T23:05:06-05:00`)).toEqual([user.id]);
  });

  it('refuse an unknown key by name, and objects over the bounds of metadata', async () => {
    const { key: bag } = await define({ type: 'object' });
    const user = await create({});
    const of = (custom_fields: object) => refusal('PATCH', `/users/${user.id}`, { custom_fields });
    for (const value of ['x', null])
      expect(await of({ nothing: value })).toMatchObject({
        status: 400,
        errors: [{ field: 'custom_fields.nothing', code: 'unknown' }],
      });
    // A field of groups is none of users.
    const { key: other } = await define({ target: 'group' });
    expect(await of({ [other]: 'x' })).toMatchObject({
      errors: [{ field: `custom_fields.${other}`, code: 'unknown' }],
    });
    const deep = JSON.parse(`${'{"a":'.repeat(11)}1${'}'.repeat(11)}`) as object;
    expect(await of({ [bag]: deep })).toMatchObject({ errors: [{ field: 'custom_fields', code: 'depth' }] });
    expect(await of({ [bag]: { a: 'x'.repeat(66_000) } })).toMatchObject({
      errors: [{ field: 'custom_fields', code: 'maxLength' }],
    });
    const many = Object.fromEntries(Array.from({ length: 513 }, (_, i) => [`k${i}`, i]));
    expect(await of({ [bag]: many })).toMatchObject({ errors: [{ field: 'custom_fields', code: 'maxProperties' }] });
    expect((await of(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i])))).status).toBe(400);
    expect((await read(user.id)).custom_fields).toEqual({});
  });

  it('merge as the rest of a user does, and are told of without secrets', async () => {
    const [{ key: a }, { key: bag }] = [await define({}), await define({ type: 'object' })];
    await define({ key: 'pin', type: 'string' });
    const user = await create({ [a]: 'x', [bag]: { city: 'Bonn', zip: null, no: 5 }, pin: '1234' });
    await expectLeaves(user.id, 4);
    const next = await patch(user.id, { [bag]: { no: null, street: 'A' }, pin: '4321' });
    expect(next.custom_fields).toEqual({ [a]: 'x', [bag]: { city: 'Bonn', zip: null, street: 'A' }, pin: '4321' });
    await expectLeaves(user.id, 4);
    const same = await server.api('PATCH', `/users/${user.id}`, { custom_fields: { [a]: 'x' } });
    expect([same.headers.get('etag'), (same.body as User).updated_at]).toEqual(['"v2"', next.updated_at]);
    expect((await patch(user.id, { [a]: null, pin: null })).custom_fields).toEqual({ [bag]: next.custom_fields[bag] });
    await expectLeaves(user.id, 2);
    // An object without a leaf counts as a value, too.
    await patch(user.id, { [bag]: { city: null, zip: null, street: null } });
    expect((await read(user.id)).custom_fields).toEqual({ [bag]: {} });
    await expectLeaves(user.id, 1);
    expect((await patch(user.id, null)).custom_fields).toEqual({});
    await expectLeaves(user.id, 0);
    const told = await eventsOf(user.id, 'user.created,user.updated');
    expect(told.map(({ data }) => JSON.stringify(data)).join()).not.toMatch(/1234|4321/);
    expect(told[1]?.data.after).toMatchObject({ custom_fields: { [a]: 'x', pin: '[redacted]' } });
  });

  it('are replaced one by one by a door that merges at the top alone', async () => {
    const [{ key: bag }, { key: other }] = [await define({ type: 'object' }), await define({})];
    const user = await create({ [bag]: { a: 1, b: 2 }, [other]: 'x' });
    const input = { user_id: user.id, query: undefined, body: { custom_fields: { [bag]: { c: null } } } };
    await patchUser(server.work(), input, mergeTop);
    expect((await read(user.id)).custom_fields).toEqual({ [bag]: { c: null }, [other]: 'x' });
    await expectLeaves(user.id, 2);
  });

  it('find users by value, in lists, exports and searches', async () => {
    const [{ key: age }, { key: vip }, { key: bag }] = [
      await define({ type: 'number' }),
      await define({ type: 'boolean' }),
      await define({ type: 'object' }),
    ];
    const { key: text } = await define({});
    const one = await create({ [age]: 20, [vip]: true, [text]: 'a=b, c', [bag]: { at: { city: 'Bonn' }, no: [1, 2] } });
    const two = await create({ [age]: 20, [vip]: false, [text]: '20' });
    for (const [filter, found] of [
      [`${age}=20`, [two, one]],
      [`${age}=2e1`, [two, one]],
      [`${age}=21`, []],
      [`${vip}=TRUE`, [one]],
      [`${vip}=false`, [two]],
      [`${text}=a=b, c`, [one]],
      [`${text}=A=b, c`, []],
      [`${text}=20`, [two]],
      [`${bag}.at.city=Bonn`, [one]],
      [`${bag}.no=2`, [one]],
      [`${bag}.no=3`, []],
    ] as const)
      expect(await idsBy(filter), filter).toEqual(found.map(({ id }) => id));
    for (const filter of ['nothing=1', `${age}=old`, `${age}="20"`, `${bag}=x`, `${age}.x=1`, age, '=1'])
      expect(
        await refusal('GET', `/users?custom_field=${encodeURIComponent(filter)}`, undefined as never),
        filter,
      ).toMatchObject({ status: 400, errors: [{ field: 'custom_field' }] });
    const search = async (filter: UserFilter) => (await searchUsers(server.work(), { filter, limit: 10 })).users.length;
    const at = { field: 'custom_fields', path: age } as const;
    expect(await search({ kind: 'leaf', ...at, value: '20' })).toBe(2);
    expect(await search({ kind: 'leaf', ...at, value: '21' })).toBe(0);
    expect(await search({ kind: 'exists', ...at, path: bag })).toBe(1);
    const bearer = { authorization: `Bearer ${await server.token()}` };
    const exported = await fetch(`${server.url}/api/v1/users/export?custom_field=${vip}%3Dtrue`, { headers: bearer });
    const [line = '', trailer = ''] = (await exported.text()).split('\n');
    expect(JSON.parse(line)).toEqual(one);
    expect(JSON.parse(trailer)).toMatchObject({ trailer: { rows: 1 } });
    // Whom a filter names is nobody else's to keep.
    const [told] = await eventsOf(server.tenant.publicId, 'users.exported');
    expect(told?.data).toMatchObject({ filter: { custom_field: '[redacted]' } });
  });

  it('keep their type and options while a user has a value of them', async () => {
    const field = await define({ type: 'select', options: [...options, { value: 'free' }] });
    const user = await create({ [field.key]: 'm' });
    const change = (body: object) => refusal('PATCH', `/custom-fields/${field.id}`, body);
    const inUse = (name: string) => ({ status: 409, code: 'in_use', errors: [{ field: name }] });
    expect(await change({ type: 'string' })).toMatchObject(inUse('type'));
    expect(await change({ options: [{ value: 'l' }] })).toMatchObject(inUse('options'));
    expect(await change({ options: null })).toMatchObject({ status: 400, errors: [{ field: 'options' }] });
    expect(await change({ options: [{ value: 'm', label: 'Medium' }, { value: 'xl' }] })).toMatchObject({
      status: 200,
    });
    await patch(user.id, { [field.key]: null });
    expect(await change({ type: 'object' })).toMatchObject({ status: 200, type: 'object', options: null });
    await patch(user.id, { [field.key]: {} });
    expect(await change({ type: 'select', options })).toMatchObject(inUse('type'));
    await patch(user.id, null);
    expect(await change({ type: 'select' })).toMatchObject({ status: 400, errors: [{ field: 'options' }] });
    expect(await change({ type: 'select', options })).toMatchObject({ status: 200 });
  });

  it('take their values with them, of any number of users, and nothing else', async () => {
    const [gone, kept] = [
      await define({ key: 'addr', type: 'object' }),
      await define({ key: 'addr2', type: 'object' }),
    ];
    const bags = [{ a: 1, b: { c: 2 } }, {}, { 'x/y': [] }];
    const rows = Array.from({ length: 130 }, (_, i) =>
      JSON.stringify({ username: `holder${i}`, custom_fields: { addr: bags[i % 3], addr2: { addr: i } } }),
    );
    const imported = await fetch(`${server.url}/api/v1/users/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await server.token()}`, 'content-type': 'application/x-ndjson' },
      body: rows.join('\n'),
    });
    expect(await imported.json()).toMatchObject({ inserted: 130, failed: 0 });
    const [holder] = await idsBy('addr2.addr=1');
    const before = await read(holder as string);
    expect(before.custom_fields).toEqual({ addr: {}, addr2: { addr: 1 } });
    expect((await server.api('DELETE', '/custom-fields/addr')).status).toBe(204);
    const after = await server.api('GET', `/users/${holder}`);
    expect(after.body).toEqual({
      ...before,
      custom_fields: { addr2: { addr: 1 } },
      updated_at: expect.not.stringMatching(before.updated_at),
    });
    expect(after.headers.get('etag')).toBe('"v2"');
    await expectLeaves(holder as string, 1);
    const left = await server
      .work()
      .read((db) => db.selectFrom('users').select('id').where('doc', 'like', '%"addr":{%').execute());
    expect(left).toEqual([]);
    const told = await eventsOf(gone.id, 'custom_field.values_removed,custom_field.deleted');
    const removals = told.slice(0, -1).map(({ event_type, data }) => [event_type, data.key]);
    expect(removals.length).toBeGreaterThan(1);
    expect(new Set(removals.map(String))).toEqual(new Set(['custom_field.values_removed,addr']));
    expect(told.slice(0, -1).reduce((sum, { data }) => sum + Number(data.users), 0)).toBe(130);
    expect(told.at(-1)).toMatchObject({ event_type: 'custom_field.deleted', data: { before: { key: 'addr' } } });
    expect((await server.api('GET', `/custom-fields/${kept.id}`)).status).toBe(200);
    // The key is free, and nobody has a value of the field that takes it now.
    await define({ key: 'addr', type: 'number' });
    expect(await idsBy('addr=1')).toEqual([]);
  });

  it('leave no value behind where some are written while they go', async () => {
    for (let round = 0; round < 5; round++) {
      const { key } = await define({});
      const users = await Promise.all(Array.from({ length: 6 }, () => create({ [key]: 'before' })));
      const [deleted, ...written] = await Promise.all([
        server.api('DELETE', `/custom-fields/${key}`),
        ...users.map(({ id }) => server.api('PATCH', `/users/${id}`, { custom_fields: { [key]: 'after' } })),
        ...users.map(() =>
          server.api('POST', '/users', { username: `late${++made}`, custom_fields: { [key]: 'new' } }),
        ),
      ]);
      expect(deleted?.status).toBe(204);
      for (const { status } of written) expect([200, 201, 400]).toContain(status);
      const left = await server
        .work()
        .read((db) => db.selectFrom('users').select('id').where('doc', 'like', `%"${key}":%`).execute());
      expect(left).toEqual([]);
    }
  });

  it('come back with an account that is unlinked, as far as they are values still', async () => {
    const [stays, changes, goes] = [await define({}), await define({}), await define({})];
    const [primary, linked] = [
      await create({}),
      await create({ [stays.key]: 'a', [changes.key]: 'b', [goes.key]: 'c' }),
    ];
    const link = await server.api('POST', `/users/${primary.id}/identities`, { user_id: linked.id });
    expect(link.status, JSON.stringify(link.body)).toBeLessThan(300);
    expect((await server.api('PATCH', `/custom-fields/${changes.key}`, { type: 'number' })).status).toBe(200);
    expect((await server.api('DELETE', `/custom-fields/${goes.key}`)).status).toBe(204);
    const { provider, subject } = linked.identities[0] as User['identities'][number];
    const unlinked = await server.api('DELETE', `/users/${primary.id}/identities/${provider}/${subject}`);
    expect(unlinked.status, JSON.stringify(unlinked.body)).toBe(200);
    expect((await read(linked.id)).custom_fields).toEqual({ [stays.key]: 'a' });
    await expectLeaves(linked.id, 1);
  });
});
