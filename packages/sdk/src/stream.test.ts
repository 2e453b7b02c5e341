import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type FakeTenant, rejectionOf, startTenant, type Visit } from '../testing/fake-tenant.ts';
import { ReeveManagement } from './index.ts';

const quick = { attempts: 3, baseMs: 1 };
const eventLine = (n: number, extra = '') =>
  `${JSON.stringify({ id: `evt_${n}`, event_type: 'user.created', extra })}\n`;
const begin = ({ response }: Visit, type = 'application/x-ndjson') => response.writeHead(200, { 'content-type': type });

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
const idsOf = async (events: AsyncIterable<{ id: string }>) => (await collect(events)).map(({ id }) => id);
const streamOf = (tenant: FakeTenant, options = {}) =>
  new ReeveManagement({ ...tenant.options, retry: quick, ...options });

test('events arrive one by one, blank lines mean nothing, and the end of the stream is the end', async () => {
  const tenant = await startTenant();
  tenant.on('GET /audit/stream', (visit) => {
    begin(visit).end(`${eventLine(1)}\n\r\n${eventLine(2)}\n${eventLine(3).trimEnd()}`);
  });
  const query = { start: new Date(0), event_types: ['user.created', 'user.deleted'] as const, live: false };
  expect(await idsOf(streamOf(tenant).audit.stream({ ...query, event_types: [...query.event_types] }))).toEqual([
    'evt_1',
    'evt_2',
    'evt_3',
  ]);
  expect(Object.fromEntries(tenant.seen[0]?.query ?? [])).toEqual({
    start: '1970-01-01T00:00:00.000Z',
    event_types: 'user.created,user.deleted',
    live: 'false',
  });
});

test('characters and lines may be cut anywhere', async () => {
  const tenant = await startTenant();
  const bytes = Buffer.from(eventLine(1, 'Zoë 😀') + eventLine(2, '語'.repeat(50)));
  tenant.on('GET /audit/stream', async (visit) => {
    const response = begin(visit);
    for (const byte of bytes) {
      response.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  const events = (await collect(streamOf(tenant).audit.stream())) as unknown as { extra: string }[];
  expect(events.map(({ extra }) => extra)).toEqual(['Zoë 😀', '語'.repeat(50)]);
});

test('a line of many chunks is one event', async () => {
  const tenant = await startTenant();
  const extra = 'x'.repeat(3_000_000);
  tenant.on('GET /audit/stream', (visit) => begin(visit).end(eventLine(1, extra) + eventLine(2)));
  expect(await idsOf(streamOf(tenant).audit.stream())).toEqual(['evt_1', 'evt_2']);
});

test('nothing is sent before the stream is read', async () => {
  const tenant = await startTenant();
  streamOf(tenant).audit.stream();
  await new Promise((resolve) => setImmediate(resolve));
  expect([...tenant.seen, ...tenant.tokenRequests]).toEqual([]);
});

test('a dropped stream goes on after the last event seen: none twice, none left out', async () => {
  const tenant = await startTenant();
  const total = 20;
  tenant.on('GET /audit/stream', (visit) => {
    const from = Number(visit.query.get('cursor')?.slice(4) ?? 0);
    const response = begin(visit);
    // Four events and half of the next one; then the line is cut.
    for (let n = from + 1; n <= Math.min(total, from + 4); n++) response.write(eventLine(n));
    if (from + 4 >= total) response.end();
    else response.write(eventLine(from + 5).slice(0, 9), () => response.destroy());
  });
  const ids = await idsOf(streamOf(tenant).audit.stream({ target: 'usr_1' }));
  expect(ids).toEqual(Array.from({ length: total }, (_, i) => `evt_${i + 1}`));
  expect(tenant.seen.map(({ query }) => query.get('cursor'))).toEqual([null, 'evt_4', 'evt_8', 'evt_12', 'evt_16']);
  expect(tenant.seen.every(({ query }) => query.get('target') === 'usr_1')).toBe(true);
});

test('a stream survives a server that is away for a while, and a token that expires', async () => {
  const tenant = await startTenant();
  tenant.on('GET /audit/stream', (visit) => {
    if (visit.count === 1) return void begin(visit).write(eventLine(1), () => visit.response.destroy());
    if (visit.count < 6) return visit.problem(503, 'overloaded');
    if (visit.count === 6) return visit.problem(401, 'token_expired');
    begin(visit).end(eventLine(2));
  });
  expect(await idsOf(streamOf(tenant).audit.stream())).toEqual(['evt_1', 'evt_2']);
  expect(tenant.tokenRequests).toHaveLength(2);
});

test('a live stream has no end: where the server ends it, it goes on at the next one', async () => {
  const tenant = await startTenant();
  tenant.on('GET /audit/stream', (visit) => void begin(visit).end(eventLine(visit.count)));
  const seen: string[] = [];
  for await (const { id } of streamOf(tenant).audit.stream({ live: true })) if (seen.push(id) === 3) break;
  expect(seen).toEqual(['evt_1', 'evt_2', 'evt_3']);
  expect(tenant.seen.map(({ query }) => query.get('cursor'))).toEqual([null, 'evt_1', 'evt_2']);
});

test('… but not one that stays away longer than the deadline', async () => {
  const tenant = await startTenant();
  tenant.on('GET /audit/stream', (visit) => {
    if (visit.count > 1) return visit.problem(503, 'overloaded');
    begin(visit).write(eventLine(1), () => visit.response.destroy());
  });
  const error = await rejectionOf(idsOf(streamOf(tenant, { deadline: 500 }).audit.stream()));
  expect(error).toMatchObject({ code: 'overloaded' });
});

test.each([400, 403, 404])('%i ends the stream with the refusal', async (status) => {
  const tenant = await startTenant();
  tenant.on('GET /audit/stream', (visit) => {
    if (visit.count > 1) return visit.problem(status, 'invalid_cursor');
    begin(visit).write(eventLine(1), () => visit.response.destroy());
  });
  expect(await rejectionOf(idsOf(streamOf(tenant).audit.stream()))).toMatchObject({ status, code: 'invalid_cursor' });
});

test('a stream that cannot begin fails like any call', async () => {
  const tenant = await startTenant();
  tenant.on('GET /audit/stream', ({ problem }) => problem(500, 'internal'));
  expect(await rejectionOf(idsOf(streamOf(tenant).audit.stream()))).toMatchObject({ code: 'internal' });
  expect(tenant.seen).toHaveLength(3);
});

test('a line that is not JSON is an error, not a resumption', async () => {
  const tenant = await startTenant();
  tenant.on('GET /audit/stream', (visit) => begin(visit).end(`${eventLine(1)}oops\n`));
  expect(await rejectionOf(idsOf(streamOf(tenant).audit.stream()))).toMatchObject({ code: 'unexpected_answer' });
  expect(tenant.seen).toHaveLength(1);
});

test('leaving the loop closes the connection; so does an abort', async () => {
  const tenant = await startTenant();
  const closed: Promise<unknown>[] = [];
  tenant.on('GET /audit/stream', (visit) => {
    closed.push(new Promise((resolve) => visit.response.on('close', resolve)));
    begin(visit).write(eventLine(1));
  });
  for await (const _event of streamOf(tenant).audit.stream({ live: true })) break;
  await closed[0];
  const abort = new AbortController();
  const listen = async () => {
    for await (const _event of streamOf(tenant).audit.stream({ live: true }, { signal: abort.signal })) abort.abort();
  };
  expect(await rejectionOf(listen())).toMatchObject({ code: 'aborted' });
  await closed[1];
});

test('a stream has no time limit unless one is given; then it limits silence', async () => {
  const tenant = await startTenant();
  tenant.on('GET /audit/stream', (visit) => {
    const response = begin(visit);
    if (visit.count > 1) return response.end(eventLine(9));
    // Keep-alives for longer than the limit, then silence.
    let n = 0;
    const timer = setInterval(() => (++n < 20 ? response.write('\n') : clearInterval(timer)), 20);
  });
  expect(await idsOf(streamOf(tenant, { timeout: 300 }).audit.stream({}, { timeout: 250 }))).toEqual(['evt_9']);
  expect(tenant.seen).toHaveLength(2);
});

test('an event stream of any length is read in constant memory', async () => {
  const tenant = await startTenant();
  const line = eventLine(1, 'x'.repeat(1000));
  const block = line.repeat(1000);
  tenant.on('GET /audit/stream', async (visit) => {
    const response = begin(visit);
    for (let i = 0; i < 200; i++) {
      if (!response.write(block)) await new Promise((resolve) => response.once('drain', resolve));
    }
    response.end();
  });
  let count = 0;
  let most = 0;
  for await (const _event of streamOf(tenant).audit.stream()) {
    if (++count % 1000 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  expect(count).toBe(200_000);
  expect(most).toBeLessThan(120_000_000);
});

const trailerOf = (rows: number, body: string) =>
  `${JSON.stringify({ trailer: { rows, sha256: createHash('sha256').update(body).digest('hex') } })}\n`;
const userLines = (count: number) =>
  Array.from({ length: count }, (_, i) => `${JSON.stringify({ id: `usr_${i}`, name: 'Zoë 語' })}\n`).join('');
const csvTrailerOf = (rows: number, body: string) =>
  `#trailer rows=${rows} sha256=${createHash('sha256').update(body).digest('hex')}\n`;

test('an export yields every user and checks the trailer', async () => {
  const tenant = await startTenant();
  const body = userLines(1000);
  tenant.on('GET /users/export', async (visit) => {
    const response = begin(visit);
    const bytes = Buffer.from(body + trailerOf(1000, body));
    for (let at = 0; at < bytes.length; at += 999) response.write(bytes.subarray(at, at + 999));
    response.end();
  });
  const ids = await idsOf(streamOf(tenant).users.exportAll({ state: 'active', created_after: new Date(0) }));
  expect(ids).toEqual(Array.from({ length: 1000 }, (_, i) => `usr_${i}`));
  expect(tenant.seen[0]?.query.get('created_after')).toBe('1970-01-01T00:00:00.000Z');
});

test('an export of nobody is empty, and complete', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/export', (visit) => begin(visit).end(trailerOf(0, '')));
  expect(await idsOf(streamOf(tenant).users.exportAll())).toEqual([]);
});

const half = userLines(2);
test.each([
  ['without its trailer', half, 'export_truncated'],
  ['of nothing at all', '', 'export_truncated'],
  ['cut inside the trailer', half + trailerOf(2, half).slice(0, 40), 'export_truncated'],
  ['cut inside a user', half.slice(0, -12), 'export_truncated'],
  ['with a changed byte', half.replace('usr_1', 'usr_7') + trailerOf(2, half), 'export_corrupt'],
  ['with a missing row', userLines(1) + trailerOf(2, half), 'export_corrupt'],
  ['with a wrong count', half + trailerOf(3, half), 'export_corrupt'],
  ['with a line that is no user', `oops\n${half}${trailerOf(3, `oops\n${half}`)}`, 'export_corrupt'],
])('an export %s is an error', async (_name, body, code) => {
  const tenant = await startTenant();
  tenant.on('GET /users/export', (visit) => begin(visit).end(body));
  expect(await rejectionOf(idsOf(streamOf(tenant).users.exportAll()))).toMatchObject({ name: 'ReeveError', code });
});

test('an export whose connection drops is truncated, and says why', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/export', (visit) => void begin(visit).write(half, () => visit.response.destroy()));
  const error = await rejectionOf(idsOf(streamOf(tenant).users.exportAll()));
  expect(error).toMatchObject({ code: 'export_truncated', cause: { code: 'connection_failed' } });
  expect(tenant.seen).toHaveLength(1);
});

test('a CSV export yields runs of whole lines that together are the file', async () => {
  const tenant = await startTenant();
  const rows = Array.from({ length: 300 }, (_, i) => `usr_${i},"Zoë\n#trailer rows=1 sha256=${'0'.repeat(64)}\nx"\r\n`);
  const body = `id,name\r\n${rows.join('')}`;
  tenant.on('GET /users/export', (visit) => {
    const response = begin(visit, 'text/csv');
    const bytes = Buffer.from(body + csvTrailerOf(300, body));
    for (let at = 0; at < bytes.length; at += 77) response.write(bytes.subarray(at, at + 77));
    response.end();
  });
  const runs = await collect(streamOf(tenant).users.exportAll({ format: 'csv' }));
  expect(runs.join('')).toBe(body);
  expect(runs.every((run) => run.endsWith('\n'))).toBe(true);
  expect(tenant.seen[0]?.query.get('format')).toBe('csv');
  expect(tenant.seen[0]?.headers.accept).toBe('text/csv');
});

test.each([
  ['truncated', 'id\r\nusr_1\r\n', 'export_truncated'],
  ['corrupt', `id\r\nusr_2\r\n${csvTrailerOf(1, 'id\r\nusr_1\r\n')}`, 'export_corrupt'],
])('a %s CSV export is an error', async (_name, body, code) => {
  const tenant = await startTenant();
  tenant.on('GET /users/export', (visit) => begin(visit, 'text/csv').end(body));
  expect(await rejectionOf(collect(streamOf(tenant).users.exportAll({ format: 'csv' })))).toMatchObject({ code });
});
