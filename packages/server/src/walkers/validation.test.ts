/** Every operation, called wrongly in every way that its declaration rules out: refused with the field named, no change made. */
import type { Schema } from '@reeve/contract';
import { databaseKinds } from '@reeve/testkit';
import {
  halfOf,
  startWalk,
  validCall,
  type Walk,
  type WalkAnswer,
  wrongBodies,
  wrongQueries,
} from '@reeve/testkit/walk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Bodies that are streams of rows are judged row by row, by the import's own tests. */
const takesDocument = (consumes: readonly string[] | undefined): boolean => !consumes?.includes('text/csv');

describe.each(databaseKinds)('wrong input to every operation on %s', (kind) => {
  let walk: Walk;
  beforeAll(async () => {
    walk = await startWalk(kind);
  });
  afterAll(() => walk.stop());

  /** How many events there are that tell of a change. */
  const countChanges = (): Promise<number> =>
    walk.server.services.database.read(async (db) => {
      const { n } = await db
        .selectFrom('events')
        .select((e) => e.fn.countAll<number>().as('n'))
        .where('type', '!=', 'request.refused')
        .executeTakeFirstOrThrow();
      return Number(n);
    });
  const expectRefused = (answer: WalkAnswer, what: string): void => {
    expect(answer.status, `${what}: ${answer.text.slice(0, 300)}`).toBe(400);
    expect(answer.code, what).toMatch(/^invalid_/);
  };

  it.each(halfOf(kind))('$id refuses wrong queries', async ({ id, route }) => {
    const call = await validCall(walk.home, id, route);
    const before = await countChanges();
    for (const { what, query } of wrongQueries(route)) {
      const answer = await walk.home.call(id, { ...call, query: { ...call.query, ...query } });
      expectRefused(answer, what);
      const [name = ''] = Object.keys(query);
      const { errors = [] } = answer.body as { errors?: { field: string }[] };
      expect(
        errors.some(({ field }) => field.startsWith(name)),
        `${what}: ${answer.text}`,
      ).toBe(true);
    }
    expect(await countChanges()).toBe(before);
  });

  it.each(halfOf(kind).filter(({ route }) => route.body && takesDocument(route.consumes)))(
    '$id refuses wrong bodies',
    { timeout: 60_000 },
    async ({ id, route }) => {
      const call = await validCall(walk.home, id, route);
      const good = (call.body ?? {}) as Record<string, unknown>;
      const before = await countChanges();
      for (const { what, value } of wrongBodies(route.body as Schema, good))
        expectRefused(await walk.home.call(id, { ...call, body: value }), what);
      for (const raw of ['{', '{"a":1}x', '', '{"a":"\u0001"}', '{"__proto__":{}}', '[1,]', '{"a":1e999999}']) {
        const isEmpty = raw === '' && !(route.body as Schema).required && !(route.body as Schema).minProperties;
        if (!isEmpty) expectRefused(await walk.home.call(id, { ...call, raw }), raw);
      }
      for (const raw of [Uint8Array.of(0x7b, 0xff, 0x7d), Uint8Array.of(0xc0, 0x80), Uint8Array.of(0xed, 0xa0, 0x80)])
        expectRefused(await walk.home.call(id, { ...call, raw }), 'malformed UTF-8');
      for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'nonsense']) {
        const answer = await walk.home.call(id, { ...call, headers: { 'content-type': type } });
        expect([answer.status, answer.code], type).toEqual([415, 'unsupported_media_type']);
      }
      expect(await countChanges()).toBe(before);
    },
  );

  it.each(halfOf(kind).filter(({ route }) => !route.body && route.verb !== 'GET'))(
    '$id takes no body',
    async ({ id, route }) => {
      const call = await validCall(walk.home, id, route);
      const before = await countChanges();
      for (const body of [{ a: 1 }, [1], 'text', 5])
        expectRefused(await walk.home.call(id, { ...call, body }), 'a body');
      expect(await countChanges()).toBe(before);
      expect((await walk.home.call(id, { ...call, body: {} })).status).toBe(route.status);
    },
  );

  it.each(halfOf(kind).filter(({ route }) => route.verb === 'POST'))(
    '$id judges idempotency keys',
    async ({ id, route }) => {
      const call = await validCall(walk.home, id, route);
      for (const key of ['', ' ', 'a b', 'ü', 'x'.repeat(256)]) {
        const answer = await walk.home.call(id, { ...call, headers: { ...call.headers, 'idempotency-key': key } });
        expectRefused(answer, key);
      }
    },
  );
});
