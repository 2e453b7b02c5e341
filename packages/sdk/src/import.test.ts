import { Readable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { type FakeTenant, rejectionOf, startTenant } from '../testing/fake-tenant.ts';
import { type ImportProgress, ReeveManagement } from './index.ts';
import { nodeTransport } from './node.ts';

const answer = { job_id: 'job_1', inserted: 2, updated: 0, failed: 0, total: 2, errors: [] };
const quick = { attempts: 3, baseMs: 1 };
const rows = [{ email: 'a@b.c', name: 'Zoë' }, { email: 'd@e.f' }];
const ndjson = rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const withImport = async (): Promise<FakeTenant> => {
  const tenant = await startTenant();
  tenant.on('POST /users/import', ({ json }) => json(200, answer));
  tenant.on('GET /jobs', ({ query, json }) =>
    json(200, {
      jobs: query.get('idempotency_key') ? [{ id: 'job_1', inserted: 1, updated: 0, failed: 0, total: 1 }] : [],
      next_cursor: null,
    }),
  );
  return tenant;
};
const importsOf = (tenant: FakeTenant) => tenant.seen.filter(({ path }) => path === '/users/import');
const clientOf = (tenant: FakeTenant, options = {}) =>
  new ReeveManagement({ ...tenant.options, retry: quick, ...options });

async function* rowsOf() {
  yield* rows;
}

const bytes = new TextEncoder().encode(ndjson);
test.each([
  ['a Node stream of rows', () => Readable.from(rows)],
  [
    'a Node stream of bytes',
    () => Readable.from([Buffer.from(bytes.subarray(0, 20)), Buffer.from(bytes.subarray(20))]),
  ],
  ['a Node stream of text', () => Readable.from([ndjson.slice(0, 21), ndjson.slice(21)])],
  ['a web stream of bytes', () => new Blob([ndjson]).stream()],
  ['a web stream of rows', () => ReadableStream.from(rows)],
  ['an array of rows', () => rows],
  ['a generator of rows', () => rowsOf()],
  ['a whole file as text', () => ndjson],
  ['a whole file as bytes', () => bytes],
])('%s is sent as the same NDJSON', async (_name, source) => {
  const tenant = await withImport();
  expect(await clientOf(tenant).users.bulkImport(source())).toEqual(answer);
  expect(importsOf(tenant)).toHaveLength(1);
  expect(tenant.seen[0]).toMatchObject({ body: ndjson, headers: { 'content-type': 'application/x-ndjson' } });
  expect(tenant.seen[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
});

test('a web stream that cannot be iterated is read all the same', async () => {
  const tenant = await withImport();
  const stream = new Blob([ndjson]).stream();
  const plain = { getReader: () => stream.getReader() } as unknown as ReadableStream<Uint8Array>;
  await clientOf(tenant).users.bulkImport(plain);
  expect(tenant.seen[0]?.body).toBe(ndjson);
});

test('options go into the query; content type and key into their headers', async () => {
  const tenant = await withImport();
  await clientOf(tenant).users.bulkImport('email\na@b.c\n', {
    mode: 'upsert',
    connection: 'staff',
    send_verification: false,
    resume: 'job_0',
    contentType: 'text/csv',
    idempotencyKey: 'nightly-7',
  });
  const [sent] = importsOf(tenant);
  expect(Object.fromEntries(sent?.query ?? [])).toEqual({
    mode: 'upsert',
    connection: 'staff',
    send_verification: 'false',
    resume: 'job_0',
  });
  expect(sent?.headers).toMatchObject({ 'content-type': 'text/csv', 'idempotency-key': 'nightly-7' });
});

test('a character split between two pieces of text survives', async () => {
  const tenant = await withImport();
  const text = `${JSON.stringify({ name: '😀'.repeat(40_000) })}\n`;
  const pieces = Array.from({ length: Math.ceil(text.length / 7) }, (_, i) => text.slice(i * 7, i * 7 + 7));
  await clientOf(tenant).users.bulkImport(pieces);
  expect(tenant.seen[0]?.body).toBe(text);
});

test('rows are sent as they come, no faster than the server reads, in constant memory', async () => {
  const tenant = await withImport();
  const row = { email: 'a@b.c', name: 'x'.repeat(1000) };
  let given = 0;
  let most = 0;
  async function* source() {
    for (; given < 200_000; given++) {
      if (given % 1000 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers);
      yield row;
    }
  }
  const givenAtPause: number[] = [];
  tenant.on(
    'POST /users/import',
    async ({ incoming, json }) => {
      // Reads a little, then nothing until the source has come to rest.
      await new Promise((resolve) => incoming.once('readable', resolve));
      for (let last = -1; last !== given; ) {
        last = given;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      givenAtPause.push(given);
      let total = 0;
      for await (const chunk of incoming) total += (chunk as Buffer).toString().split('\n').length - 1;
      json(200, { ...answer, total });
    },
    'raw',
  );
  const { total } = await clientOf(tenant).users.bulkImport(source());
  expect(total).toBe(200_000);
  expect(givenAtPause[0]).toBeLessThan(20_000);
  expect(most).toBeLessThan(120_000_000);
});

test('a slow source’s rows do not wait for a full chunk', async () => {
  const tenant = await withImport();
  let arrived = () => {};
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  tenant.on(
    'POST /users/import',
    async ({ incoming, json }) => {
      for await (const _chunk of incoming) arrived();
      json(200, answer);
    },
    'raw',
  );
  async function* source() {
    await new Promise((resolve) => setTimeout(resolve, 250));
    yield rows[0] as object;
    await first;
    yield rows[1] as object;
  }
  await clientOf(tenant).users.bulkImport(source());
});

test.each([
  ['the global fetch', () => ({})],
  ['the node transport', () => ({ fetch: nodeTransport() })],
])('a redirected import goes nowhere (%s)', async (_name, options) => {
  const elsewhere = await withImport();
  const tenant = await withImport();
  tenant.on('POST /users/import', ({ response }) =>
    response.writeHead(307, { location: `${elsewhere.url}/api/v1/users/import` }).end(),
  );
  const error = await rejectionOf(clientOf(tenant, options()).users.bulkImport(rows));
  expect(error.message).toContain('redirect');
  expect(elsewhere.seen).toEqual([]);
});

test('a server error is not retried once bytes were sent: the source is gone', async () => {
  const tenant = await withImport();
  tenant.on('POST /users/import', ({ problem }) => problem(500, 'internal'));
  const error = await rejectionOf(clientOf(tenant).users.bulkImport(Readable.from(rows)));
  expect(error).toMatchObject({ status: 500, code: 'internal', job_id: 'job_1' });
  expect(importsOf(tenant)).toHaveLength(1);
});

test('a 401 is replayed whole while the first bytes are still held', async () => {
  const tenant = await withImport();
  tenant.on('POST /users/import', ({ count, json, problem }) =>
    count === 1 ? problem(401, 'token_expired') : json(200, answer),
  );
  expect(await clientOf(tenant).users.bulkImport(Readable.from(rows))).toEqual(answer);
  const [first, second] = importsOf(tenant);
  expect(second?.body).toBe(ndjson);
  expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
  expect(second?.headers.authorization).toBe('Bearer token-number-2');
});

test.each([
  ['the global fetch', () => ({})],
  ['the node transport', () => ({ fetch: nodeTransport() })],
])('a 401 that comes while the body is on its way loses and doubles nothing (%s)', async (_name, options) => {
  const tenant = await withImport();
  const pieces = Array.from({ length: 60 }, (_, i) => Buffer.alloc(1000, String.fromCharCode(97 + (i % 26))));
  tenant.on(
    'POST /users/import',
    async ({ count, incoming, json, problem }) => {
      if (count === 1) return problem(401, 'token_expired');
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      json(200, { ...answer, total: Buffer.concat(chunks).equals(Buffer.concat(pieces)) ? 60 : -1 });
    },
    'raw',
  );
  async function* source() {
    for (const piece of pieces) {
      await new Promise((resolve) => setImmediate(resolve));
      yield piece;
    }
  }
  expect((await clientOf(tenant, options()).users.bulkImport(source())).total).toBe(60);
});

test('a 401 after more was sent than is held is the caller’s, with a new token at hand', async () => {
  const tenant = await withImport();
  tenant.on('POST /users/import', ({ problem }) => problem(401, 'token_expired'));
  const source = Readable.from(Array.from({ length: 10 }, () => Buffer.alloc(20_000)));
  expect(await rejectionOf(clientOf(tenant).users.bulkImport(source))).toMatchObject({ code: 'token_expired' });
  expect(importsOf(tenant)).toHaveLength(1);
  expect(tenant.tokenRequests).toHaveLength(2);
});

test.each([
  ['the global fetch', () => ({})],
  ['the node transport', () => ({ fetch: nodeTransport() })],
])('a refusal that comes early is the refusal, not a broken connection (%s)', async (_name, options) => {
  const tenant = await withImport();
  tenant.on('POST /users/import', ({ problem }) => problem(403, 'insufficient_scope'), 'raw');
  let isClosed = false;
  async function* endless() {
    try {
      for (;;) yield { email: 'a@b.c', name: 'x'.repeat(1000) };
    } finally {
      isClosed = true;
    }
  }
  const error = await rejectionOf(clientOf(tenant, options()).users.bulkImport(endless()));
  expect(error).toMatchObject({ status: 403, code: 'insufficient_scope' });
  await vi.waitFor(() => expect(isClosed).toBe(true));
});

test.each([
  ['the global fetch', () => ({})],
  ['the node transport', () => ({ fetch: nodeTransport() })],
])('when the connection dies, the error names the job, so that it can be resumed (%s)', async (_name, options) => {
  const tenant = await withImport();
  tenant.on(
    'POST /users/import',
    ({ incoming }) => new Promise((resolve) => incoming.once('data', () => resolve(incoming.destroy()))),
    'raw',
  );
  const source = Readable.from(
    (async function* () {
      for (;;) yield { email: 'a@b.c', name: 'x'.repeat(1000) };
    })(),
  );
  const error = await rejectionOf(clientOf(tenant, options()).users.bulkImport(source, { idempotencyKey: 'k-1' }));
  expect(error).toMatchObject({ name: 'ReeveError', status: 0, code: 'connection_failed', job_id: 'job_1' });
  expect(JSON.parse(JSON.stringify(error)).job_id).toBe('job_1');
  expect(tenant.seen.at(-1)).toMatchObject({ path: '/jobs' });
  expect(tenant.seen.at(-1)?.query.get('idempotency_key')).toBe('k-1');
  expect(source.destroyed).toBe(true);
});

test('the job of a broken import is waited for, since the server may see it later than the client', async () => {
  const tenant = await withImport();
  tenant.on('POST /users/import', ({ incoming }) => incoming.socket.destroy());
  tenant.on('GET /jobs', ({ count, json }) =>
    json(200, { jobs: count < 3 ? [] : [{ id: 'job_1', state: 'running' }], next_cursor: null }),
  );
  const error = await rejectionOf(clientOf(tenant).users.bulkImport(rows));
  expect(error).toMatchObject({ code: 'connection_failed', job_id: 'job_1' });
});

test('a job is resumed once it has stopped running, and what else is wrong with it is the import’s to say', async () => {
  const tenant = await withImport();
  tenant.on('GET /jobs/job_1', ({ count, json }) => json(200, { state: count < 2 ? 'running' : 'interrupted' }));
  await clientOf(tenant).users.bulkImport(rows, { resume: 'job_1' });
  const seen = tenant.seen.map(({ path }) => path);
  expect(seen).toEqual(['/jobs/job_1', '/jobs/job_1', '/users/import']);
  tenant.on('GET /jobs/job_1', ({ problem }) => problem(404, 'not_found'));
  tenant.on('POST /users/import', ({ problem }) => problem(404, 'not_found'));
  const error = await rejectionOf(clientOf(tenant).users.bulkImport(rows, { resume: 'job_1' }));
  expect(error.message).toContain('users.bulkImport');
});

test('a job that cannot be found does not hide the failure', async () => {
  const tenant = await withImport();
  tenant.on('POST /users/import', ({ incoming }) => incoming.destroy(), 'raw');
  tenant.on('GET /jobs', ({ problem }) => problem(403, 'insufficient_scope'));
  const error = await rejectionOf(clientOf(tenant).users.bulkImport(rows));
  expect(error).toMatchObject({ code: 'connection_failed' });
  expect(error).not.toHaveProperty('job_id');
});

test('a source that fails is named as the reason, and the server sees no complete file', async () => {
  const tenant = await withImport();
  let ended: unknown;
  tenant.on(
    'POST /users/import',
    async ({ incoming }) => {
      try {
        for await (const _chunk of incoming);
        ended = 'complete';
      } catch {
        ended = 'broken';
      }
    },
    'raw',
  );
  const reason = new Error('disk on fire');
  async function* source() {
    yield new Uint8Array(100_000);
    yield new Uint8Array(100_000);
    throw reason;
  }
  const error = await rejectionOf(clientOf(tenant).users.bulkImport(source()));
  expect(error).toMatchObject({ name: 'ReeveError', code: 'source_failed', job_id: 'job_1' });
  expect(error.cause).toBe(reason);
  await vi.waitFor(() => expect(ended).toBe('broken'));
});

test.each([
  ['a number among rows', [7], {}],
  ['null', [null], {}],
  ['rows where the file is CSV', [{ email: 'a@b.c' }], { contentType: 'text/csv' }],
])('%s is refused by name', async (_name, source, options) => {
  const tenant = await withImport();
  const error = await rejectionOf(clientOf(tenant).users.bulkImport(source as never, options as never));
  expect(error).toMatchObject({ code: 'source_failed' });
  expect(error.cause).toBeInstanceOf(TypeError);
});

test('an abort ends the import at once and lets go of the source', async () => {
  const tenant = await withImport();
  const abort = new AbortController();
  tenant.on('POST /users/import', ({ incoming }) => incoming.once('data', () => abort.abort('stop')), 'raw');
  let isClosed = false;
  async function* endless() {
    try {
      for (;;) yield { name: 'x'.repeat(1000) };
    } finally {
      isClosed = true;
    }
  }
  const error = await rejectionOf(clientOf(tenant).users.bulkImport(endless(), { signal: abort.signal }));
  expect(error).toMatchObject({ code: 'aborted', cause: 'stop' });
  await vi.waitFor(() => expect(isClosed).toBe(true));
});

test('an import takes as long as it takes, unless a limit is given', async () => {
  const tenant = await withImport();
  tenant.on('POST /users/import', ({ json }) => setTimeout(() => json(200, answer), 600));
  const reeve = clientOf(tenant, { timeout: 300, deadline: 400 });
  expect(await reeve.users.bulkImport(rows)).toEqual(answer);
  expect(await rejectionOf(reeve.users.bulkImport(rows, { timeout: 40 }))).toMatchObject({ code: 'timeout' });
});

test('progress tells what was sent and what the job has done, and ends with the result', async () => {
  const tenant = await withImport();
  const told: ImportProgress[] = [];
  let polled = () => {};
  const looked = new Promise<void>((resolve) => {
    polled = resolve;
  });
  async function* source() {
    yield rows[0] as object;
    await looked;
    yield rows[1] as object;
  }
  const onProgress = (progress: ImportProgress) => {
    told.push(progress);
    polled();
    throw new Error('a broken callback');
  };
  await clientOf(tenant).users.bulkImport(source(), { onProgress });
  expect(told[0]).toMatchObject({ job_id: 'job_1', inserted: 1, total: 1, rows_sent: 1 });
  expect(told.at(-1)).toEqual({
    job_id: 'job_1',
    bytes_sent: Buffer.byteLength(ndjson),
    rows_sent: 2,
    inserted: 2,
    updated: 0,
    failed: 0,
    total: 2,
  });
  const key = importsOf(tenant)[0]?.headers['idempotency-key'];
  const looks = tenant.seen.filter(({ path }) => path === '/jobs');
  expect(looks.length).toBeGreaterThan(0);
  expect(looks.every(({ query }) => query.get('idempotency_key') === key)).toBe(true);
});

test('without a progress callback, nothing is polled', async () => {
  const tenant = await withImport();
  tenant.on('POST /users/import', ({ json }) => setTimeout(() => json(200, answer), 600));
  await clientOf(tenant).users.bulkImport(rows);
  expect(tenant.seen.map(({ path }) => path)).toEqual(['/users/import']);
});
