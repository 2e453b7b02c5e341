/** Threads of imports: used again, never after a failure, and none for longer than it is needed. */
import type { Worker } from 'node:worker_threads';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FromReader, ReaderData, ToReader } from './messages.ts';
import { createImportThreads, type ImportThread } from './threads.ts';

/** Threads of imports that run, by their part. */
const running = new Map<Worker, string>();
/** Parts of those that the test has started. */
let started: string[] = [];
const note = (worker: Worker) => {
  const [, part] = /^import (.*)$/.exec(worker.threadName ?? '') ?? [];
  if (part === undefined) return;
  started.push(part);
  running.set(worker, part);
  worker.once('exit', () => running.delete(worker));
};
beforeAll(() => void process.on('worker', note));
afterAll(() => void process.off('worker', note));
beforeEach(() => {
  started = [];
});

const BOTH = ['reader', 'writer'];
const parts = () => [...running.values()].sort();
const end = async (part: string) => {
  const [worker] = [...running].find(([, name]) => name === part) ?? [];
  await worker?.terminate();
};

describe.each(databaseKinds)('the threads of imports on %s', (kind) => {
  let server: TestServer;
  let token: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    token = await server.token();
  });
  afterAll(() => server.stop());

  const send = async (body: string | ReadableStream<Uint8Array>, query = '') => {
    const response = await fetch(`${server.url}/api/v1/users/import?${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
      body,
      duplex: 'half',
    } as RequestInit);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const row = (username: string) => `${JSON.stringify({ username })}\n`;
  /** A file of one row that does not end before it is closed. */
  const slowFile = (username: string) => {
    let close = () => {};
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from(row(username)));
        close = () => controller.close();
      },
    });
    return { stream, close: () => close() };
  };
  const newestJob = async () =>
    ((await server.api('GET', '/jobs?limit=1')).body as { jobs: { state: string; total: number }[] }).jobs[0];

  it('are none before an import comes, and serve one after another', async () => {
    expect(parts()).toEqual([]);
    expect((await send(row('first'))).body).toMatchObject({ inserted: 1, total: 1 });
    // Nothing of one import is there in the next: not its mode, its rows, its failures or its end.
    expect((await send(row('first'), 'mode=dry_run')).body).toMatchObject({ inserted: 0, failed: 1, total: 1 });
    expect((await send('x\n', 'mode=upsert')).body).toMatchObject({ updated: 0, failed: 1, total: 1 });
    expect((await send(`${row('first')}${row('second')}`)).body).toMatchObject({ inserted: 1, failed: 1, total: 2 });
    expect(started.sort()).toEqual(BOTH);
    expect((await server.api('GET', '/users?username=second')).body).toMatchObject({ users: [{ username: 'second' }] });
  });

  it('are two for each import at once, of which two are kept', async () => {
    const files = [slowFile('third'), slowFile('fourth')];
    const answers = files.map(({ stream }) => send(stream));
    await expect.poll(parts, { timeout: 10_000 }).toEqual([...BOTH, ...BOTH].sort());
    for (const { close } of files) close();
    for (const { body } of await Promise.all(answers)) expect(body).toMatchObject({ inserted: 1, total: 1 });
    expect(parts()).toEqual(BOTH);
  });

  it.each(BOTH)('are ended and replaced where the %s of an import dies', async (part) => {
    const file = slowFile(`lost-with-${part}`);
    const answer = send(file.stream);
    await expect.poll(newestJob, { timeout: 10_000 }).toMatchObject({ state: 'running', total: 1 });
    await end(part);
    expect((await answer).status).toBe(500);
    expect(await newestJob()).toMatchObject({ state: 'interrupted' });
    expect(parts()).toEqual([]);
    expect((await send(row(`after-${part}`))).body).toMatchObject({ inserted: 1, total: 1 });
    expect(started.sort()).toEqual(BOTH);
  });

  it('are replaced where one dies that is kept', async () => {
    await end('writer');
    expect((await send(row('fifth'))).body).toMatchObject({ inserted: 1, total: 1 });
    expect(started).toEqual(['writer']);
  });

  it('end with the server', async () => {
    expect(parts()).toEqual(BOTH);
    await server.stop();
    expect(parts()).toEqual([]);
    server = await bootServer(kind);
  });
});

describe('a thread of imports', () => {
  const comparison: ReaderData = {
    mode: 'insert',
    connection: { id: 'con_1', policy: {} as never, customFields: [] },
    format: 'ndjson',
    done: { rows: 0, digest: null, windowRows: 0, windowDone: 0 },
    isComparison: true,
    dialect: undefined,
    sliceRows: 64,
    clockOffset: 0,
    toWriter: undefined,
  };
  const say = ({ port }: ImportThread, message: ToReader) => port.postMessage(message);
  const answerOf = ({ port }: ImportThread) =>
    new Promise((resolve) => port.on('message', (message: FromReader) => 'taken' in message || resolve(message)));
  let threads = createImportThreads();
  afterEach(() => threads.close());

  it('hears nothing that was said too late to the import before', async () => {
    const before = threads.begin('reader', comparison);
    say(before, { isOver: true });
    expect(await answerOf(before)).toEqual({ end: { state: 'complete' } });
    say(before, { isInterrupted: true });
    await before.release(true);
    say(before, { isInterrupted: true });
    const next = threads.begin('reader', comparison);
    say(next, { isOver: true });
    expect(await answerOf(next)).toEqual({ end: { state: 'complete' } });
    await next.release(true);
    expect(started).toEqual(['reader']);
  });

  it('that has told a failure ends', async () => {
    const thread = threads.begin('reader', { ...comparison, format: 'xml' as never });
    expect(await answerOf(thread)).toMatchObject({ failure: { code: undefined } });
    await thread.release(false);
    expect(parts()).toEqual([]);
  });

  it('that does not let go of an import ends after a while', async () => {
    threads = createImportThreads({ restMilliseconds: 20 });
    const thread = threads.begin('reader', comparison);
    await thread.release(true);
    expect(parts()).toEqual([]);
    await expect(thread.gone).rejects.toThrow('A thread of the import ended');
  });

  it('that nobody needs ends after a while', async () => {
    threads = createImportThreads({ idleMilliseconds: 20 });
    const thread = threads.begin('reader', comparison);
    say(thread, { isOver: true });
    await thread.release(true);
    await expect.poll(parts).toEqual([]);
  });

  it('is not kept by a server that is closed', async () => {
    const thread = threads.begin('reader', comparison);
    await threads.close();
    say(thread, { isOver: true });
    await thread.release(true);
    expect([started, parts()]).toEqual([['reader'], []]);
  });
});
