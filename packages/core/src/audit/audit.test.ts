import type { Event } from '@reeve/contract';
import { bootServer, CLIENT_ID, databaseKinds, type TestServer } from '@reeve/testkit';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundsOf, type EventFilter, eventQuery } from './audit.store.ts';

interface EventPage {
  readonly events: Event[];
  readonly next_cursor: string | null;
}

/** Reads a stream's events one at a time. */
async function openTail(server: TestServer, query: string) {
  const gone = new AbortController();
  const response = await fetch(`${server.url}/api/v1/audit/stream?${query}`, {
    headers: { authorization: `Bearer ${await server.token()}` },
    signal: gone.signal,
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('application/x-ndjson');
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  const lines: string[] = [];
  const next = async (): Promise<Event | undefined> => {
    for (;;) {
      const line = lines.shift();
      if (line !== undefined) return JSON.parse(line) as Event;
      const { value, done } = await reader.read();
      if (done) {
        expect(rest).toBe('');
        return undefined;
      }
      const parts = (rest + value).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.filter(Boolean));
    }
  };
  const all = async (): Promise<Event[]> => {
    const events: Event[] = [];
    for (let event = await next(); event; event = await next()) events.push(event);
    return events;
  };
  return { next, all, close: () => gone.abort() };
}

describe.each(databaseKinds)('audit on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const createUser = async (username: string) => {
    const { body, headers } = await server.api('POST', '/users', { username });
    return { id: (body as { id: string }).id, requestId: headers.get('x-request-id') as string };
  };
  const list = async (query: string): Promise<EventPage> => {
    const { status, body } = await server.api('GET', `/audit?${query}`);
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  };

  it('tells who did what to whom in which request', async () => {
    const made = await createUser('audited');
    const { events } = await list(`target=${made.id}`);
    expect(events).toHaveLength(1);
    const { events: applications } = await list('event_types=application.created');
    const management = applications.find(({ data }) => JSON.stringify(data).includes(`"${CLIENT_ID}"`));
    expect(events[0]).toMatchObject({
      event_type: 'user.created',
      actor: { type: 'application', id: management?.target.id, application_id: management?.target.id },
      target: { type: 'user', id: made.id },
      request_id: made.requestId,
      ip: '127.0.0.1',
      data: { after: { id: made.id, username: 'audited' } },
    });
  });

  it('finds a refusal by its request id, without the values that were sent', async () => {
    const { status, body, headers } = await server.api('POST', '/users', {
      username: 'x y',
      passwort: 'hunter2-hunter2',
    });
    expect(status).toBe(400);
    const requestId = headers.get('x-request-id') as string;
    expect(body).toMatchObject({ request_id: requestId });
    const { events } = await list(`request_id=${requestId}`);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ event_type: 'request.refused', data: { code: 'invalid_request', status: 400 } });
    expect(JSON.stringify(events)).not.toContain('hunter2');
  });

  it('pages in both directions without a gap or a double, under every filter', async () => {
    for (let i = 0; i < 25; i++) await createUser(`paged-${i}`);
    const [{ actor }] = (await list('event_types=user.created&limit=1')).events as [Event];
    for (const filter of [
      '',
      '&event_types=user.created,request.refused',
      `&actor=${actor.id}&event_types=user.created`,
    ]) {
      const whole = (await list(`limit=100&order=asc${filter}`)).events.map(({ id }) => id);
      for (const order of ['asc', 'desc']) {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page: EventPage = await list(`limit=7&order=${order}${filter}${cursor ? `&cursor=${cursor}` : ''}`);
          seen.push(...page.events.map(({ id }) => id));
          cursor = page.next_cursor;
        } while (cursor !== null && seen.length < 200);
        expect(order === 'asc' ? seen : seen.reverse()).toEqual(whole);
        expect(new Set(whole).size).toBe(whole.length);
      }
    }
  });

  it('cuts a range of time exactly: from inclusive, until exclusive', async () => {
    const { events } = await list('limit=100&order=asc&event_types=user.created');
    const [first, last] = [events.at(3), events.at(-3)] as [Event, Event];
    const within = events.filter(({ created_at }) => created_at >= first.created_at && created_at < last.created_at);
    const query = `limit=100&order=asc&event_types=user.created&start=${first.created_at}&end=${last.created_at}`;
    expect((await list(query)).events).toEqual(within);
    expect(within.length).toBeGreaterThan(0);
    expect((await list('start=2999-01-01T00:00:00Z')).events).toEqual([]);
    expect((await list('end=2000-01-01T00:00:00Z')).events).toEqual([]);
  });

  it('refuses cursors that name no event, and ranges that are no instants', async () => {
    for (const query of ['cursor=evt_00000000000000000000000000', 'cursor=x', 'cursor=%00']) {
      const { status, body } = await server.api('GET', `/audit?${query}`);
      expect(status, query).toBe(400);
      expect((body as { code: string }).code).toMatch(/invalid_cursor|invalid_request/);
      expect((await server.api('GET', `/audit/stream?${query}`)).status).toBe(400);
    }
    // The second is a leap second: RFC 3339 has it, no clock here does.
    for (const instant of ['yesterday', '2016-12-31T23:59:60Z'])
      for (const path of [`/audit?start=${instant}`, `/audit?end=${instant}`, `/audit/stream?start=${instant}`])
        expect((await server.api('GET', path)).status, path).toBe(400);
    expect((await server.api('GET', '/audit?event_types=user.invented')).status).toBe(400);
  });

  it('streams what a list tells, oldest first, and resumes after any event', async () => {
    const streamed = await (await openTail(server, 'event_types=user.created')).all();
    expect(streamed).toEqual((await list('event_types=user.created&order=asc&limit=100')).events);
    const middle = streamed[10] as Event;
    const rest = await (await openTail(server, `event_types=user.created&cursor=${middle.id}`)).all();
    expect(rest).toEqual(streamed.slice(11));
    const end = await (await openTail(server, `event_types=user.created&end=${middle.created_at}`)).all();
    expect(end).toEqual(streamed.filter(({ created_at }) => created_at < middle.created_at));
  });

  it('goes on live: each event once, in order, through many writers at once', async () => {
    const { events } = await list('limit=1');
    const tail = await openTail(server, `live=true&event_types=user.created&cursor=${(events[0] as Event).id}`);
    const made = Promise.all(Array.from({ length: 60 }, (_, i) => createUser(`live-${i}`)));
    const seen: Event[] = [];
    while (seen.length < 60) seen.push((await tail.next()) as Event);
    const ids = (await made).map(({ id }) => id);
    expect(seen.map(({ target }) => target.id).sort()).toEqual(ids.sort());
    const latest = await createUser('live-last');
    expect((await tail.next())?.target.id).toBe(latest.id);
    tail.close();
  });

  it('ends a live stream when its token is revoked', async () => {
    const jti = crypto.randomUUID();
    const response = await fetch(`${server.url}/api/v1/audit/stream?live=true&event_types=tenant.updated`, {
      headers: { authorization: `Bearer ${await server.token(['audit:read'], { jti })}` },
    });
    await server.work().write((unit) =>
      unit.db
        .insertInto('revoked_tokens')
        .values({ tenant_id: unit.tenant.id, jti, aud: '', expires_at: unit.now + 60_000 })
        .execute(),
    );
    server.services.onAccessChange();
    expect((await response.text()).trim()).toBe('');
  });

  it('ends live streams when the server stops, and the process does not wait for them', async () => {
    const other = await bootServer(kind);
    const tail = await openTail(other, 'live=true');
    expect((await tail.next())?.event_type).toBe('tenant.created');
    await other.stop();
    await tail.all();
  });
});

describe.each(databaseKinds)('a long audit log on %s', (kind) => {
  const EVENTS = 40_000;
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
    const data = JSON.stringify({ after: { padding: 'x'.repeat(1000) } });
    for (let i = 0; i < EVENTS; i += 1000) {
      await server.services.database.write((db) =>
        db
          .insertInto('events')
          .values(
            Array.from({ length: 1000 }, (_, j) => ({
              id: `evt_long_${String(i + j).padStart(8, '0')}`,
              tenant_id: server.tenant.id,
              type: 'user.updated' as const,
              actor_type: 'system' as const,
              actor_id: null,
              application_id: null,
              impersonator_id: null,
              target_type: null,
              target_id: null,
              request_id: null,
              ip: null,
              user_agent: null,
              data,
              created_at: server.clock.now(),
            })),
          )
          .execute(),
      );
    }
  });
  afterAll(() => server.stop());

  it('reads no further than its reader, and then to the end', async () => {
    let reads = 0;
    const { read } = server.services.database;
    Object.assign(server.services.database, {
      read: (unit: never) => {
        reads++;
        return read.call(server.services.database, unit);
      },
    });
    const tail = await openTail(server, 'event_types=user.updated');
    expect((await tail.next())?.id).toBe('evt_long_00000000');
    // It stands still once the buffers between it and the reader are full.
    let seen = -1;
    await expect
      .poll(
        () => {
          const isStill = reads === seen;
          seen = reads;
          return isStill;
        },
        { interval: 200, timeout: 10_000 },
      )
      .toBe(true);
    expect(seen).toBeLessThan(EVENTS / 250 / 2);
    const rest = await tail.all();
    expect(rest).toHaveLength(EVENTS - 1);
    expect(rest.at(-1)?.id).toBe(`evt_long_${String(EVENTS - 1).padStart(8, '0')}`);
    Object.assign(server.services.database, { read });
  });

  it('finds few among many by an index, from either end', async () => {
    const made = await server.api('POST', '/users', { username: 'needle' });
    const { id } = made.body as { id: string };
    for (const query of [
      `target=${id}`,
      `request_id=${made.headers.get('x-request-id')}`,
      'event_types=user.created,user.deleted',
    ]) {
      for (const order of ['asc', 'desc']) {
        const { body } = await server.api('GET', `/audit?${query}&order=${order}&limit=100`);
        expect(
          (body as EventPage).events.map(({ target }) => target.id),
          query,
        ).toContain(id);
      }
    }
  });
});

/** With enough events that reading all of them costs more. */
const SELECTIVE: readonly (readonly [name: string, filter: EventFilter, indexes: readonly string[]])[] = [
  ['the newest', {}, ['events_(pkey|by_num)']],
  ['a type', { types: ['user.created'] }, ['events_by_type_num']],
  ['several types', { types: ['user.created', 'user.deleted'] }, ['events_by_type_num']],
  ['who did it', { actor: 'usr_x' }, ['events_by_actor_id']],
  ['whom it was done to', { target: 'usr_x' }, ['events_by_target_id']],
  ['a request', { requestId: 'req_x' }, ['events_by_request_id']],
  ['a user', { user: 'usr_x' }, ['events_by_actor_id', 'events_by_target_id', 'events_by_named_user_id']],
  ['what is about a user', { about: ['usr_x'] }, ['events_by_target_id', 'events_by_named_user_id']],
  [
    'one user of a search',
    { about: ['usr_x'], types: ['user.created', 'user.updated'], where: { kind: 'ip', value: '10.0.0.1' } },
    ['events_by_target_id'],
  ],
];

it('reads what is selective out of an index (postgres)', async () => {
  const server = await bootServer('postgres');
  try {
    await server.services.database.write((db) =>
      sql`insert into events (id, tenant_id, type, actor_type, actor_id, target_type, target_id, request_id, data, created_at)
        select 'evt_plan_' || n, ${server.tenant.id}, 'user.updated', 'user', 'usr_' || n % 500, 'user', 'usr_' || n % 700,
          'req_' || n, '{}', ${server.clock.now()} from generate_series(1, 20000) as n`.execute(db),
    );
    await sql`vacuum analyze events`.execute(server.services.database.root);
    const plansOf = (filter: EventFilter) =>
      server.services.database.read(async (db) => {
        const { first, last } = await boundsOf(db, server.tenant.id);
        const range = { after: first - 1, before: last + 1 };
        const plans: string[] = [];
        for (const order of ['asc', 'desc'] as const) {
          const query = eventQuery(db, server.tenant.id, filter, range, { order, limit: 50 });
          const { rows } = await sql<Record<'QUERY PLAN', string>>`explain ${query}`.execute(db);
          plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        }
        return plans;
      });
    for (const [name, filter, indexes] of SELECTIVE) {
      for (const plan of await plansOf(filter)) {
        for (const index of indexes) expect(plan, name).toMatch(new RegExp(`(using|on) ${index}`));
        expect(plan, name).not.toContain('Seq Scan on events');
      }
    }
  } finally {
    await server.stop();
  }
});

it('reads every filter off an index that is in order already (sqlite)', async () => {
  const server = await bootServer('sqlite');
  try {
    const filters: EventFilter[] = [
      {},
      { start: 1, end: 2 },
      { types: ['user.created'] },
      { types: ['user.created'], start: 1 },
      { types: ['user.created', 'user.updated', 'user.deleted'] },
      { actor: 'usr_x' },
      { actor: 'usr_x', start: 1 },
      { user: 'usr_x', end: 9 },
      { about: ['usr_x', 'usr_y'] },
      { target: 'usr_x', types: ['user.created', 'user.updated'] },
      { requestId: 'req_x', end: 5 },
      { user: 'usr_x', types: ['user.created'] },
      { about: ['usr_x'], start: 1 },
      { about: ['usr_x'], types: ['user.created', 'user.updated'] },
    ];
    for (const filter of filters) {
      for (const order of ['asc', 'desc'] as const) {
        const plan = await server.services.database.read(async (db) => {
          const query = eventQuery(db, 1, filter, { after: 1, before: 99 }, { order, limit: 50 });
          const steps = await query.explain(undefined, sql`query plan`);
          return steps.map(({ detail }) => String(detail));
        });
        const reading = plan.filter((step) => /\bevents\b/.test(step));
        expect(reading.length).toBeGreaterThan(0);
        for (const step of reading)
          expect(step, plan.join('; ')).toMatch(/^SEARCH events USING (INDEX|INTEGER PRIMARY KEY|COVERING INDEX)/);
        // Only the merged heads of several types are sorted: a limit's worth of each.
        const isOfUser = (filter.user ?? filter.about) !== undefined;
        const isMerged = isOfUser || ((filter.types?.length ?? 0) > 1 && filter.target === undefined);
        if (isOfUser)
          for (const side of ['actor_id', 'target_id', 'named_user_id'])
            expect(plan.join('; ')).toContain(`events_by_${side} `);
        for (const [name, index] of [
          ['actor', 'actor_id'],
          ['target', 'target_id'],
          ['requestId', 'request_id'],
        ] as const)
          if (filter[name] !== undefined) expect(plan.join('; ')).toContain(`events_by_${index} `);
        if (!isMerged) expect(plan.join('; ')).not.toContain('TEMP B-TREE');
      }
    }
  } finally {
    await server.stop();
  }
});

it('shows the events of another node (postgres)', async () => {
  const one = await bootServer('postgres');
  const two = await bootServer('postgres', { on: { url: one.databaseUrl, dir: one.dir } });
  try {
    const tail = await openTail(one, 'live=true&event_types=user.created,user.disabled');
    await tail.next();
    const made = await two.api('POST', '/users', { username: 'elsewhere' });
    expect((await tail.next())?.request_id).toBe(made.headers.get('x-request-id'));
    tail.close();
  } finally {
    await two.stop();
    await one.stop();
  }
});

it('leaves out no event of a transaction that commits late (postgres)', async () => {
  const server = await bootServer('postgres');
  const late = new pg.Client({ connectionString: server.databaseUrl });
  await late.connect();
  try {
    const tail = await openTail(server, 'live=true&event_types=user.created,user.deleted&start=2000-01-01T00:00:00Z');
    expect((await tail.next())?.event_type).toBe('user.created');
    await late.query('begin');
    const id = 'evt_01ARZ3NDEKTSV4RRFFQ69G5FAV';
    await late.query(
      `insert into events (id, tenant_id, type, actor_type, created_at) values ($1, $2, 'user.deleted', 'system', $3)`,
      [id, server.tenant.id, server.clock.now()],
    );
    const early = await server.api('POST', '/users', { username: 'overtakes' });
    const next = tail.next();
    // What was numbered before it is not decided: the event that is committed already must wait.
    const wait = new Promise((resolve) => setTimeout(resolve, 400, 'nothing'));
    expect(await Promise.race([next, wait])).toBe('nothing');
    const upToNow = openTail(server, 'event_types=user.created,user.deleted').then((stream) => stream.all());
    await late.query('commit');
    expect((await next)?.id).toBe(id);
    expect((await tail.next())?.target.id).toBe((early.body as { id: string }).id);
    expect((await upToNow).map(({ event_type }) => event_type)).toEqual([
      'user.created',
      'user.deleted',
      'user.created',
    ]);
    // A transaction that is rolled back leaves a gap; nobody waits for it.
    await late.query('begin');
    await late.query(
      `insert into events (id, tenant_id, type, actor_type, created_at) values ('evt_x', $1, 'user.deleted', 'system', 1)`,
      [server.tenant.id],
    );
    await late.query('rollback');
    const after = await server.api('POST', '/users', { username: 'after-the-gap' });
    expect((await tail.next())?.target.id).toBe((after.body as { id: string }).id);
    tail.close();
  } finally {
    await late.end();
    await server.stop();
  }
});
