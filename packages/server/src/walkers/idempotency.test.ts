/** Every POST, PATCH and DELETE under an `Idempotency-Key`: said twice, done once, answered alike; in parallel, after a restart, until a day is over. */
import type { Event } from '@reeve/contract';
import { routes } from '@reeve/contract/native';
import { bootServer, databaseKinds, freshDatabase } from '@reeve/testkit';
import { type Call, createCaller, startWalk, validCall, type Walk, type WalkAnswer } from '@reeve/testkit/walk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const keyable = routes.filter(({ route }) => ['POST', 'PATCH', 'DELETE'].includes(route.verb));
const DAY = 86_400_000;
const keyed = (call: Call, key: string): Call => ({ ...call, headers: { ...call.headers, 'idempotency-key': key } });

describe.each(databaseKinds)('idempotency on %s', (kind) => {
  let walk: Walk;
  beforeAll(async () => {
    walk = await startWalk(kind);
  });
  afterAll(() => walk.stop());

  const eventsOf = async ({ requestId }: WalkAnswer): Promise<Event[]> => {
    const { body } = await walk.home.call('audit.list', { query: { request_id: requestId, limit: '100' } });
    return (body as { events: Event[] }).events;
  };
  const changesOf = async (answer: WalkAnswer) =>
    (await eventsOf(answer)).filter(({ event_type }) => event_type !== 'request.refused').length;

  it.each(keyable)('$id does once what is said twice, and refuses the key for anything else', async ({ id, route }) => {
    const call = await validCall(walk.home, id, route);
    const key = crypto.randomUUID();
    const first = await walk.home.call(id, keyed(call, key));
    const again = await walk.home.call(id, keyed(call, key));
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([
      first.status,
      first.text,
      first.headers.get('etag'),
    ]);
    expect(await changesOf(again)).toBe(0);
    if (route.emits) expect(await changesOf(first)).toBeGreaterThan(0);
    // The key is bound to what changed something; reading twice is no harm.
    if (!route.emits) return;
    const another = await validCall(walk.home, id, route);
    const isSame = JSON.stringify(another) === JSON.stringify(call);
    const differing = isSame ? { ...another, body: { no_such_field: 1 } } : another;
    if (isSame && !route.body) return;
    const mismatch = await walk.home.call(id, keyed(differing, key));
    expect([mismatch.status, mismatch.code], mismatch.text).toEqual([422, 'idempotency_mismatch']);
    expect(await changesOf(mismatch)).toBe(0);
  });

  it.each(keyable)('$id is done once by many at the same time', async ({ id, route }) => {
    const call = await validCall(walk.home, id, route);
    const key = crypto.randomUUID();
    const answers = await Promise.all(Array.from({ length: 6 }, () => walk.home.call(id, keyed(call, key))));
    const done = answers.filter(({ status }) => status === route.status);
    expect(done.length).toBeGreaterThan(0);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    for (const answer of answers.filter(({ status }) => status !== route.status)) {
      // An import takes a place among the few that run before its key is looked at.
      const waits = id === 'users.bulkImport' ? /^(idempotency_in_progress|overloaded)$/ : /^idempotency_in_progress$/;
      expect(answer.code, answer.text).toMatch(waits);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const changes = await Promise.all(answers.map(changesOf));
    expect(changes.filter((n) => n > 0)).toHaveLength(route.emits ? 1 : 0);
    expect((await walk.home.call(id, keyed(call, key))).text).toBe(done[0]?.text);
  });

  it('tells whoever repeats a request that is still running to wait', async () => {
    // While no password can be hashed, the first request stays on its way.
    const { hasher } = walk.server.services;
    const gate = Promise.withResolvers<void>();
    const held = Array.from({ length: 50 }, () => hasher.bounded(() => gate.promise));
    const call = keyed({ body: { username: 'slow', password: 'correct horse battery' } }, crypto.randomUUID());
    const both = [walk.home.call('users.create', call), walk.home.call('users.create', call)];
    const second = await Promise.race(both);
    expect([second.status, second.code]).toEqual([409, 'idempotency_in_progress']);
    expect(second.headers.get('retry-after')).toBe('1');
    gate.resolve();
    await Promise.all(held);
    expect((await Promise.all(both)).map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  it('leaves keys alone where nothing is changed: each lookup is answered for its own body', async () => {
    const key = crypto.randomUUID();
    const look = (id: string) => walk.home.call('users.lookup', keyed({ body: { ids: [id], emails: [] } }, key));
    const made = await walk.home.call('users.create', { body: { username: 'looked-up' } });
    const { id } = made.body as { id: string };
    const missing = { ids: ['usr_nobody'], emails: [] };
    expect((await look('usr_nobody')).body).toMatchObject({ users: [], missing });
    expect((await look(id)).body).toMatchObject({ users: [{ id }], missing: { ids: [] } });
    expect((await walk.home.call('users.create', keyed({ body: { username: 'under-it' } }, key))).status).toBe(201);
    expect((await look(id)).body).toMatchObject({ users: [{ id }] });
    expect((await look('usr_nobody')).body).toMatchObject({ missing });
  });

  it('keeps a refused request’s key free', async () => {
    const key = crypto.randomUUID();
    const refused = await walk.home.call('users.create', keyed({ body: { email: 'no address' } }, key));
    expect(refused.status).toBe(400);
    const made = await walk.home.call('users.create', keyed({ body: { username: 'corrected' } }, key));
    expect(made.status).toBe(201);
  });

  it('keeps the keys of two tenants and of two callers apart', async () => {
    const key = 'the-same-key';
    const body = { username: 'kept-apart' };
    const here = await walk.home.call('users.create', keyed({ body }, key));
    const there = await walk.other.call('users.create', keyed({ body }, key));
    expect([here.status, there.status]).toEqual([201, 201]);
    expect((here.body as { id: string }).id).not.toBe((there.body as { id: string }).id);
  });

  it('remembers over a restart, and forgets after a day', async () => {
    const database = await freshDatabase(kind);
    try {
      const first = await bootServer(kind, { on: database });
      const call = keyed({ body: { email: 'once@example.com' } }, 'kept');
      const made = await createCaller(first.url, await first.token())('users.create', call);
      expect(made.status).toBe(201);
      await first.stop();
      const second = await bootServer(kind, { on: database });
      try {
        const caller = createCaller(second.url, await second.token());
        const again = await caller('users.create', call);
        expect([again.status, again.text]).toEqual([201, made.text]);
        second.clock.advance(DAY - 60_000);
        const late = createCaller(second.url, await second.token());
        expect((await late('users.create', call)).text).toBe(made.text);
        second.clock.advance(120_000);
        const over = createCaller(second.url, await second.token());
        expect((await over('users.create', call)).code).toBe('email_taken');
        expect((await over('users.create', keyed({ body: { email: 'twice@example.com' } }, 'kept'))).status).toBe(201);
      } finally {
        await second.stop();
      }
    } finally {
      await database.drop();
    }
  });
});

describe('idempotency across nodes on postgres', () => {
  it('gives every node’s callers the first answer, whatever the change itself puts in the way', async () => {
    const database = await freshDatabase('postgres', { from: 'migrated' });
    const on = { url: database.url, dir: database.dir };
    const nodes = [await bootServer('postgres', { on }), await bootServer('postgres', { on })];
    type Answers = { status: number; body: { id: string } }[];
    const both = async (verb: string, path: string, body?: unknown, headers = {}): Promise<Answers> => {
      const key = { 'idempotency-key': crypto.randomUUID(), ...headers };
      return Promise.all(nodes.map((node) => node.api(verb, path, body, key)));
    };
    try {
      for (const node of nodes) await node.api('GET', '/users');
      for (let i = 0; i < 10; i++) {
        const body = { username: `twice${i}`, email: `twice${i}@example.com`, email_verified: true };
        const [made, again] = await both('POST', '/users', body);
        expect([made?.status, again]).toEqual([201, made && expect.objectContaining({ body: made.body, status: 201 })]);
        const path = `/users/${made?.body.id}`;
        const changed = await both('PATCH', path, { nickname: `n${i}` }, { 'if-match': '"v1"' });
        expect(changed.map(({ status }) => status)).toEqual([200, 200]);
        expect((await both('DELETE', path)).map(({ status }) => status)).toEqual([204, 204]);
      }
    } finally {
      for (const node of nodes) await node.stop();
      await database.drop();
    }
  });
});
