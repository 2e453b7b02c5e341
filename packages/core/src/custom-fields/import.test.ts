/** Values of custom fields in files: judged as everywhere, typed out of cells, the same after an export and an import. */
import type { ImportAnswer, User } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('custom fields in files on %s', (kind) => {
  let server: TestServer;
  let token: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    token = await server.token();
    const options = [{ value: 'm' }, { value: 'l' }];
    for (const [key, type] of Object.entries({ school: 'string', age: 'number', vip: 'boolean', born: 'datetime' }))
      expect((await server.api('POST', '/custom-fields', { key, type })).status).toBe(201);
    for (const body of [
      { key: 'bag', type: 'object' },
      { key: 'size', type: 'select', options },
    ])
      expect((await server.api('POST', '/custom-fields', body)).status).toBe(201);
  });
  afterAll(() => server.stop());

  async function send(
    body: string | ReadableStream<Uint8Array>,
    query = '',
    type = 'application/x-ndjson',
  ): Promise<{ status: number; body: ImportAnswer }> {
    const response = await fetch(`${server.url}/api/v1/users/import?${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      body,
      duplex: 'half',
    } as RequestInit);
    return { status: response.status, body: (await response.json()) as ImportAnswer };
  }
  const ndjson = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const userBy = async (username: string): Promise<User> => {
    const { body } = await server.api('GET', `/users?username=${username}`);
    return (body as { users: User[] }).users[0] as User;
  };
  const fieldsOf = async (username: string) => (await userBy(username)).custom_fields;
  const exported = async (format: string, filter: string) => {
    const response = await fetch(`${server.url}/api/v1/users/export?format=${format}&custom_field=${filter}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return response.text();
  };

  it('are judged row by row', async () => {
    const { body } = await send(
      ndjson([
        { username: 'row-1', custom_fields: { school: 'A', age: 20, born: '2001-02-03T04:05:06+00:00', size: null } },
        { username: 'row-2', custom_fields: { age: '20' } },
        { username: 'row-3', custom_fields: { shool: 'A' } },
        { username: 'row-4', custom_fields: 'A' },
        { username: 'row-5', custom_fields: null },
      ]),
    );
    expect(body).toMatchObject({ inserted: 2, failed: 3 });
    expect(body.errors.map(({ line, field }) => [line, field])).toEqual([
      [2, 'custom_fields.age'],
      [3, 'custom_fields.shool'],
      [4, 'custom_fields'],
    ]);
    expect(await fieldsOf('row-1')).toEqual({ school: 'A', age: 20, born: '2001-02-03T04:05:06.000Z' });
    expect(await fieldsOf('row-5')).toEqual({});
    const { body: found } = await server.api('GET', '/users?custom_field=age%3D20');
    expect((found as { users: User[] }).users.map(({ username }) => username)).toEqual(['row-1']);
  });

  it('are what the definition makes of a cell', async () => {
    const names = ['school', 'age', 'vip', 'born', 'size', 'bag'].map((key) => `custom_fields.${key}`).join();
    const { body } = await send(
      `username,${names}\n` +
        'cell-1,20,20,TRUE,2001-02-03T04:05:06Z,m,"{""a"":[1]}"\n' +
        'cell-2,,-1.5,false,,,\n' +
        'cell-3,,old,,,,\n' +
        'cell-4,,,yes,,,\n' +
        'cell-5,,,,,,[1]\n',
      '',
      'text/csv',
    );
    expect(body.errors.map(({ line, field }) => [line, field])).toEqual([
      [4, 'custom_fields.age'],
      [5, 'custom_fields.vip'],
      [6, 'custom_fields.bag'],
    ]);
    expect(await fieldsOf('cell-1')).toEqual({
      school: '20',
      age: 20,
      vip: true,
      born: '2001-02-03T04:05:06.000Z',
      size: 'm',
      bag: { a: [1] },
    });
    expect(await fieldsOf('cell-2')).toEqual({ age: -1.5, vip: false });
  });

  it('merge in an upsert, and null takes one away', async () => {
    const rows = [
      { username: 'merged', custom_fields: { school: 'A', age: 1, bag: { a: 1, b: 2 } } },
      { username: 'merged', custom_fields: { school: null, age: 2, bag: { b: null, c: '2001-01-01' } } },
      { username: 'merged', custom_fields: { age: true } },
    ];
    const { body } = await send(ndjson(rows), 'mode=upsert');
    expect(body).toMatchObject({ inserted: 1, updated: 1, failed: 1 });
    expect(await fieldsOf('merged')).toEqual({ age: 2, bag: { a: 1, c: '2001-01-01' } });
  });

  it.each(['ndjson', 'csv'])('are the same after an export and an import of %s', async (format) => {
    const values = { school: `trip ${format}`, age: 0.5, vip: false, bag: { '=a': ['x', null] }, size: 'l' };
    const filter = encodeURIComponent(`school=trip ${format}`);
    await server.api('POST', '/users', { username: `trip-${format}`, custom_fields: values });
    const file = await exported(format, filter);
    await server.api('DELETE', `/users/${(await userBy(`trip-${format}`)).id}`);
    const { body } = await send(file, '', format === 'csv' ? 'text/csv' : 'application/x-ndjson');
    expect(body, JSON.stringify(body)).toMatchObject({ inserted: 1, failed: 0 });
    expect(await fieldsOf(`trip-${format}`)).toEqual(values);
  });

  it('are not written by a definition that has changed since they were judged', async () => {
    expect((await server.api('POST', '/custom-fields', { key: 'moving', type: 'string' })).status).toBe(201);
    const [first, second, plain] = [
      { username: 'moving-1', custom_fields: { moving: 'a' } },
      { username: 'moving-2', custom_fields: { moving: 'b' } },
      { username: 'moving-3' },
    ];
    const file = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
    const body = new ReadableStream<Uint8Array>({ start: file.resolve });
    const answer = send(body);
    const pipe = await file.promise;
    pipe.enqueue(Buffer.from(ndjson([first, plain])));
    await expect.poll(() => userBy('moving-1'), { timeout: 10_000 }).toBeDefined();
    expect((await server.api('DELETE', '/custom-fields/moving')).status).toBe(204);
    pipe.enqueue(Buffer.from(ndjson([second])));
    pipe.close();
    const { status, body: refused } = await answer;
    expect([status, (refused as unknown as { code: string }).code]).toEqual([409, 'conflict']);
    expect(await userBy('moving-2')).toBeUndefined();
    // What is left of the file is judged by what is defined now.
    const jobs = (await server.api('GET', '/jobs?state=interrupted')).body as { jobs: { id: string }[] };
    const resumed = await send(ndjson([first, plain, second]), `resume=${jobs.jobs[0]?.id}`);
    expect(resumed.body).toMatchObject({
      inserted: 2,
      failed: 1,
      errors: [{ line: 3, field: 'custom_fields.moving' }],
    });
  });
});
