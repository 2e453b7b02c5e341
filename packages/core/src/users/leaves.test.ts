/** The rows that searches read are the leaves of the document, whatever changed it, and a small change is a small write. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mergeTop } from '../metadata.ts';
import { type Leaf, parse } from './document.ts';
import { metadataLeavesOf } from './leaves.store.ts';
import { type BagMerge, patchUser } from './users.ts';

const spelled = ({ bag, path, position, text, number }: Leaf): string =>
  JSON.stringify([bag, path, position, text, number]);
const many = (count: number, of: (i: number) => unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, of(i)]));

describe.each(databaseKinds)('leaves on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let made = 0;
  const create = async (user_metadata: object) => {
    const answer = await server.api('POST', '/users', { username: `leaves${++made}`, user_metadata });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return (answer.body as { id: string }).id;
  };
  const patch = async (id: string, body: object) => {
    const answer = await server.api('PATCH', `/users/${id}`, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  };
  const patchTop = (id: string, body: object, mergeBag: BagMerge = mergeTop) =>
    patchUser(server.work(), { user_id: id, query: undefined, body }, mergeBag);
  /** What the document says and what the table holds, both in one order. */
  const bothOf = (id: string) =>
    server.work().read(async (db) => {
      const { num, doc } = await db
        .selectFrom('users')
        .select(['num', 'doc'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      const rows = await db
        .selectFrom('metadata')
        .select(['bag', 'path', 'position', 'text', 'number'])
        .where('user_num', '=', num)
        .execute();
      return { told: metadataLeavesOf(parse(doc)).map(spelled).toSorted(), kept: rows.map(spelled).toSorted() };
    });
  const expectSame = async (id: string, count: number) => {
    const { told, kept } = await bothOf(id);
    expect(kept).toEqual(told);
    expect(kept).toHaveLength(count);
  };

  it('follow the document through additions, changes, removals and both ways of merging', async () => {
    const id = await create({ a: { x: 1, y: [1, 2, 3] }, 'a.x': 'the same path' });
    await expectSame(id, 5);
    await patch(id, { user_metadata: { a: { y: [3] }, b: true }, app_metadata: { plan: 'gold' } });
    await expectSame(id, 5);
    await patch(id, { user_metadata: { a: { x: null }, 'a.x': null } });
    await expectSame(id, 3);
    // What is compared as a text stays the same, what is compared as a number does not.
    await patch(id, { user_metadata: { a: { y: ['3'] } } });
    await expectSame(id, 3);
    await patch(id, { user_metadata: { a: { y: [3] } } });
    await expectSame(id, 3);
    await patch(id, { user_metadata: many(300, (i) => i) });
    await expectSame(id, 303);
    await patch(id, { user_metadata: many(20, (i) => `${i}`) });
    await expectSame(id, 303);
    await patch(id, { user_metadata: many(290, () => null) });
    await expectSame(id, 13);
    await patchTop(id, {
      user_metadata: { a: { z: null, y: [null, 4] }, b: null },
      app_metadata: { plan: null, n: 1.5 },
    });
    await expectSame(id, 12);
    await patchTop(id, { user_metadata: { a: 1 } }, () => ({}));
    await expectSame(id, 1);
  });

  it('refuse what is over the limits, whichever way it is merged', async () => {
    const id = await create(many(300, (i) => i));
    const over = { user_metadata: { more: many(213, (i) => i) } };
    expect((await server.api('PATCH', `/users/${id}`, over)).body).toMatchObject({
      errors: [{ field: 'user_metadata', code: 'maxProperties' }],
    });
    await expect(patchTop(id, over)).rejects.toMatchObject({
      errors: [{ field: 'user_metadata', code: 'maxProperties' }],
    });
    await expectSame(id, 300);
  });
});

// There a row tells which transaction wrote it.
describe('leaves that stay, on postgres', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer('postgres');
  });
  afterAll(() => server.stop());

  it('are not written again', async () => {
    const bag = { user_metadata: many(300, (i) => i) };
    const { id } = (await server.api('POST', '/users', { username: 'stay', ...bag })).body as { id: string };
    const change = { user_metadata: { k7: 'changed', more: 1 } };
    expect((await server.api('PATCH', `/users/${id}`, change)).status).toBe(200);
    const { rows } = await server.work().read((db) =>
      sql<{ written: number; count: number }>`
        select count(*) as count, count(*) filter (where m.xmin = u.xmin) as written
        from metadata m join users u on u.num = m.user_num where u.id = ${id}`.execute(db),
    );
    expect(rows).toEqual([{ count: 301, written: 2 }]);
  });
});
