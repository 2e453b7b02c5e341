/** Searches of the log: conditions against a naive oracle, and pages over more than one window of numbers. */
import type { Event, EventType } from '@reeve/contract';
import { bootServer, databaseKinds, type Random, randomOf, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundsOf, type EventFilter } from './audit.store.ts';
import type { EventCondition } from './condition.ts';
import { searchEvents } from './search.ts';

const TYPES = ['user.updated', 'user.signed_in', 'session.revoked', 'token.refused'] as const;
const USERS = ['usr_a', 'usr_b', 'usr_c'] as const;
const IPS = ['10.0.0.1', '::1'] as const;
const DATA = [
  null,
  { reason: 'x' },
  { reason: 'y', after: { email: null } },
  { after: { email: 'a' } },
  { client_id: 'gone' },
  { client_id: 'test-management' },
] as const;

interface Row {
  readonly id: string;
  readonly type: EventType;
  readonly actor_type: 'user' | 'application' | 'system';
  readonly actor_id: string | null;
  readonly application_id: string | null;
  readonly target_type: string | null;
  readonly target_id: string | null;
  readonly named_user_id: string | null;
  readonly ip: string | null;
  readonly data: string | null;
  readonly created_at: number;
}

const idOf = (i: number): string => `evt_${String(i).padStart(26, '0')}`;

/** When the first of the rows was; the directory's own events were before. */
let begun: number;

function rowOf(random: Random, id: string, application: string): Row {
  const actor = random.one(['user', 'application', 'system'] as const);
  const target = random.one(['user', 'session', 'application', null]);
  return {
    id,
    type: random.one(TYPES),
    actor_type: actor,
    actor_id: actor === 'user' ? random.one(USERS) : actor === 'system' ? null : application,
    application_id: random.one([null, application, 'app_gone']),
    target_type: target,
    target_id:
      target === null ? null : target === 'user' ? random.one([...USERS, null]) : random.one([application, 'ses_1']),
    named_user_id: random.chance(0.3) ? random.one(USERS) : null,
    ip: random.one([null, ...IPS]),
    data: random.chance(0.2) ? null : JSON.stringify(random.one(DATA)),
    created_at: begun + random.upTo(20),
  };
}

function conditionOf(random: Random, ids: readonly string[], depth = 3): EventCondition {
  if (depth > 0 && random.chance(0.6)) {
    const part = () => conditionOf(random, ids, depth - 1);
    if (random.chance(0.3)) return { kind: 'not', of: part() };
    return { kind: random.one(['and', 'or'] as const), of: Array.from({ length: random.upTo(4) }, part) };
  }
  return random.one<EventCondition>([
    { kind: 'type', types: random.one([[], ['user.updated'], ['session.revoked', 'token.refused']]) },
    { kind: 'ip' },
    { kind: 'ip', value: random.one(IPS) },
    { kind: 'id', value: random.one(ids) },
    { kind: 'time', from: begun + random.upTo(20) },
    { kind: 'time', from: begun + 5, to: begun + 10 },
    { kind: 'about' },
    { kind: 'about', ids: random.one([[], ['usr_a'], ['usr_b', 'usr_c']]) },
    { kind: 'client' },
    { kind: 'client', clientId: random.one(['test-management', 'gone']) },
    { kind: 'data', path: ['reason'], value: random.one(['x', 'y']) },
    { kind: 'data', path: ['after', 'email'] },
  ]);
}

function aboutOf({ target_type, target_id, named_user_id, actor_type, actor_id }: Row): string | null {
  if (target_type === 'user' && target_id !== null) return target_id;
  return named_user_id ?? (actor_type === 'user' ? actor_id : null);
}

function judge(condition: EventCondition, row: Row, application: string): boolean {
  const data = (JSON.parse(row.data ?? 'null') ?? {}) as Record<string, unknown>;
  switch (condition.kind) {
    case 'and':
      return condition.of.every((part) => judge(part, row, application));
    case 'or':
      return condition.of.some((part) => judge(part, row, application));
    case 'not':
      return !judge(condition.of, row, application);
    case 'type':
      return condition.types.includes(row.type);
    case 'ip':
      return condition.value === undefined ? row.ip !== null : row.ip === condition.value;
    case 'id':
      return row.id === condition.value;
    case 'time':
      return row.created_at >= (condition.from ?? 0) && row.created_at <= (condition.to ?? Number.POSITIVE_INFINITY);
    case 'about': {
      const user = aboutOf(row);
      return user !== null && (condition.ids?.includes(user) ?? true);
    }
    case 'client': {
      const by = row.application_id ?? (row.target_type === 'application' ? row.target_id : null);
      if (condition.clientId === undefined) return by !== null || data.client_id !== undefined;
      return (by === application ? 'test-management' : data.client_id) === condition.clientId;
    }
    case 'data': {
      const at = condition.path.reduce<unknown>(
        (value, name) => (value as Record<string, unknown> | undefined)?.[name],
        data,
      );
      return condition.value === undefined ? at !== undefined : at === condition.value;
    }
  }
}

async function insertRows(server: TestServer, rows: readonly Row[]): Promise<void> {
  const rest = { tenant_id: server.tenant.id, impersonator_id: null, request_id: null, user_agent: null };
  for (let from = 0; from < rows.length; from += 1000)
    await server.services.database.write((db) =>
      db
        .insertInto('events')
        .values(rows.slice(from, from + 1000).map((row) => ({ ...row, ...rest })))
        .execute(),
    );
}

describe.each(databaseKinds)('searches of the log on %s', (kind) => {
  const random = randomOf(Number(process.env.REEVE_TEST_SEED ?? 9));
  let server: TestServer;
  let application: string;
  let rows: Row[];
  beforeAll(async () => {
    server = await bootServer(kind);
    const { body } = await server.api('GET', '/applications/test-management');
    application = (body as { id: string }).id;
    server.clock.advance(60_000);
    begun = server.clock.now();
    rows = Array.from({ length: 400 }, (_, i) => rowOf(random, idOf(i), application));
    await insertRows(server, rows);
  });
  afterAll(() => server.stop());

  const idsOf = (events: readonly Event[]) => events.map(({ id }) => id);
  const search = (filter: EventFilter, more: Partial<Parameters<typeof searchEvents>[1]> = {}) =>
    searchEvents(server.work(), {
      order: 'asc',
      limit: 1000,
      includeTotal: true,
      filter: { start: begun, end: begun + 100, ...filter },
      ...more,
    });

  it('judge every condition as it reads', async () => {
    const ids = rows.map(({ id }) => id);
    for (let i = 0; i < 150; i++) {
      const where = conditionOf(random, ids);
      const wanted = rows.filter((row) => judge(where, row, application)).map(({ id }) => id);
      const { events, total } = await search({ where });
      expect(idsOf(events), JSON.stringify(where)).toEqual(wanted);
      expect(total).toBe(wanted.length);
    }
  });

  it('find whom an event is about, and all that concerns a user, off an index', async () => {
    for (const types of [undefined, ['session.revoked', 'user.updated']])
      for (const order of ['asc', 'desc'] as const) {
        const isTyped = ({ type }: Row) => types?.includes(type) ?? true;
        const told = (of: readonly Row[]) => (order === 'asc' ? of : of.toReversed()).map(({ id }) => id);
        for (const about of [['usr_a'], ['usr_b', 'usr_c', 'usr_none']]) {
          const wanted = rows.filter((row) => isTyped(row) && about.includes(aboutOf(row) ?? ''));
          const { events, total } = await search({ about, types }, { order });
          expect(idsOf(events)).toEqual(told(wanted));
          expect(total).toBe(wanted.length);
          const few = await search({ about, types }, { order, offset: 3, limit: 4 });
          expect([idsOf(few.events), few.total]).toEqual([told(wanted).slice(3, 7), wanted.length]);
        }
        const concerned = rows.filter(
          (row) => isTyped(row) && [row.actor_id, row.target_id, row.named_user_id].includes('usr_a'),
        );
        expect(idsOf((await search({ user: 'usr_a', types }, { order })).events)).toEqual(told(concerned));
      }
  });

  it('page by number and by cursor alike, through many windows', async () => {
    // Other tenants' events may stand between a tenant's own: their numbers are as far apart as that.
    const { last } = await server.work().read((db) => boundsOf(db, server.tenant.id));
    const padding = Array.from({ length: 33 }, (_, i) => ({
      ...rowOf(random, idOf(1000 + i), application),
      num: last + (i + 1) * 5000,
      ip: i % 3 === 0 ? '10.9.9.9' : null,
    }));
    await insertRows(server, padding);
    const marked = padding.filter(({ ip }) => ip !== null).map(({ id }) => id);
    const where: EventCondition = { kind: 'ip', value: '10.9.9.9' };
    const ask = (more: object) =>
      searchEvents(server.work(), { filter: { where }, order: 'asc', limit: 3, includeTotal: true, ...more });
    for (const order of ['asc', 'desc'] as const) {
      const all = order === 'asc' ? marked : marked.toReversed();
      for (let offset = 0; offset <= marked.length + 1; offset++) {
        const { events, total } = await ask({ order, offset });
        expect([idsOf(events), total]).toEqual([all.slice(offset, offset + 3), marked.length]);
      }
      const paged: string[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const { events, next } = await ask({ order, cursor });
        paged.push(...idsOf(events));
        cursor = next;
      }
      expect(paged).toEqual(all);
    }
  });
});
