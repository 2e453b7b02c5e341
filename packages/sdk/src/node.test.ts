import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { rejectionOf, startTenant } from '../testing/fake-tenant.ts';
import { ReeveManagement } from './index.ts';
import { nodeTransport } from './node.ts';
import type { Fetch, FetchAnswer } from './wire.ts';

const init = (extra = {}) => ({
  method: 'GET',
  headers: {},
  redirect: 'manual' as const,
  signal: new AbortController().signal,
  ...extra,
});

test('calls, lists, writes and streams work as with the global fetch', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users', ({ query, json }) =>
    json(200, { users: [{ id: query.get('cursor') ?? 'a' }], next_cursor: query.has('cursor') ? null : 'b' }),
  );
  tenant.on('POST /users', ({ body, json }) => json(201, JSON.parse(body), { etag: '"1"' }));
  tenant.on('DELETE /users/u', ({ response }) => response.writeHead(204).end());
  tenant.on('GET /audit/stream', ({ response }) => response.end('{"id":"evt_1"}\n{"id":"evt_2"}\n'));
  const transport = nodeTransport();
  const reeve = new ReeveManagement({ ...tenant.options, fetch: transport });
  const ids: string[] = [];
  for await (const { id } of reeve.users.list()) ids.push(id);
  for await (const { id } of reeve.audit.stream()) ids.push(id);
  expect(ids).toEqual(['a', 'b', 'evt_1', 'evt_2']);
  const created = await reeve.users.create({ name: 'Zoë 😀' }).withResponse();
  expect(created).toMatchObject({ data: { name: 'Zoë 😀' }, etag: '"1"', status: 201 });
  expect(await reeve.users.delete('u')).toBeUndefined();
  expect(tenant.seen.find(({ method }) => method === 'POST')?.headers['content-length']).toBe(
    String(Buffer.byteLength('{"name":"Zoë 😀"}')),
  );
  transport.close();
});

test('connections are kept', async () => {
  const tenant = await startTenant();
  const sockets = new Set<unknown>();
  tenant.on('GET /users/u', ({ incoming, json }) => {
    sockets.add(incoming.socket);
    json(200, {});
  });
  const transport = nodeTransport();
  const reeve = new ReeveManagement({ ...tenant.options, fetch: transport });
  for (let i = 0; i < 5; i++) await reeve.users.get('u');
  expect(sockets.size).toBe(1);
  transport.close();
});

test('redirects are handed back', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ response }) => response.writeHead(302, { location: '/elsewhere' }).end());
  const reeve = new ReeveManagement({ ...tenant.options, fetch: nodeTransport() });
  expect(await rejectionOf(reeve.users.get('u'))).toMatchObject({ code: 'redirect_refused', status: 302 });
});

test('errors are those of fetch, with their cause', async () => {
  const tenant = await startTenant();
  await tenant.close();
  const error = await rejectionOf(nodeTransport()(`${tenant.url}/`, init()));
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ message: 'fetch failed', cause: { code: 'ECONNREFUSED' } });
});

test('an abort rejects with its reason: before, while waiting, and inside the body', async () => {
  const tenant = await startTenant();
  const fetch = nodeTransport();
  const url = `${tenant.url}/api/v1/users/u`;
  expect(
    await rejectionOf(
      fetch(url, init({ signal: AbortSignal.abort('early') })).catch((e) => {
        throw { e };
      }),
    ),
  ).toEqual({ e: 'early' });

  const closed: Promise<unknown>[] = [];
  tenant.on('GET /users/u', ({ count, response }) => {
    closed.push(new Promise((resolve) => response.on('close', resolve)));
    if (count === 2) response.writeHead(200).write('half');
  });
  const waiting = new AbortController();
  const pending = rejectionOf(fetch(url, init({ signal: waiting.signal })));
  await vi.waitFor(() => expect(closed).toHaveLength(1));
  waiting.abort(new Error('too slow'));
  expect(await pending).toBe(waiting.signal.reason);
  await closed[0];

  const reading = new AbortController();
  const answer = await fetch(url, init({ signal: reading.signal }));
  const text = rejectionOf(answer.text());
  reading.abort(new Error('too long'));
  expect(await text).toBe(reading.signal.reason);
  await closed[1];
});

test('the client’s limits and its caller end a call without a signal of their own, and free the server', async () => {
  const tenant = await startTenant();
  const closed: Promise<unknown>[] = [];
  tenant.on('GET /users/u', ({ response }) => {
    closed.push(new Promise((resolve) => response.on('close', resolve)));
  });
  tenant.on('GET /users/half', ({ response }) => {
    closed.push(new Promise((resolve) => response.on('close', resolve)));
    response.writeHead(200, { 'content-length': '9' }).write('{"id":');
  });
  const made = vi.spyOn(globalThis, 'AbortController');
  onTestFinished(() => made.mockRestore());
  const fetch = nodeTransport();
  const reeve = new ReeveManagement({ ...tenant.options, fetch, timeout: 60, retry: { attempts: 1 } });
  await reeve.refreshToken();
  made.mockClear();
  tenant.on('GET /users/v', ({ json }) => json(200, { id: 'v' }));
  await reeve.users.get('v');
  expect(made).not.toHaveBeenCalled();
  for (const id of ['u', 'half']) {
    expect(await rejectionOf(reeve.users.get(id))).toMatchObject({ code: 'timeout', status: 0 });
    const caller = new AbortController();
    const pending = rejectionOf(reeve.users.get(id, { signal: caller.signal, timeout: 30_000 }));
    const before = closed.length;
    await vi.waitFor(() => expect(closed).toHaveLength(before + 1));
    caller.abort('enough');
    expect(await pending).toMatchObject({ code: 'aborted', cause: 'enough' });
  }
  expect(closed).toHaveLength(4);
  await Promise.all(closed);
  const gone = rejectionOf(reeve.users.get('v', { signal: AbortSignal.abort('before') }));
  expect(await gone).toMatchObject({ code: 'aborted', cause: 'before' });
  fetch.close();
});

test('a body that breaks off is an error, as text and as a stream', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ response }) => {
    response.writeHead(200, { 'content-length': '10' }).write('half', () => response.destroy());
  });
  const fetch = nodeTransport();
  const url = `${tenant.url}/api/v1/users/u`;
  expect(await rejectionOf((await fetch(url, init())).text())).toMatchObject({ code: 'ECONNRESET' });
  const reader = ((await fetch(url, init())).body as ReadableStream).getReader();
  const readAll = async () => {
    while (!(await reader.read()).done);
  };
  expect(await rejectionOf(readAll())).toMatchObject({ code: 'ECONNRESET' });
});

test('listeners do not pile up on a signal that outlives its calls', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ json }) => json(200, {}));
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, 'addEventListener');
  const removed = vi.spyOn(signal, 'removeEventListener');
  const fetch = nodeTransport();
  for (let i = 0; i < 20; i++) await (await fetch(`${tenant.url}/api/v1/users/u`, init({ signal }))).text();
  await vi.waitFor(() => expect(removed.mock.calls.length).toBe(added.mock.calls.length));
  fetch.close();
});

test('header text cannot smuggle a second header', async () => {
  const tenant = await startTenant();
  const fetch = nodeTransport();
  const error = await rejectionOf((async () => fetch(`${tenant.url}/`, init({ headers: { 'x-a': 'b\r\nx-c: d' } })))());
  expect(error).toMatchObject({ code: 'ERR_INVALID_CHAR' });
});

test('agent options reach the TLS connection', async () => {
  // A shared key instead of certificates (RFC 4279): nothing to generate, nothing to keep in the repository.
  const psk = Buffer.from('d731ef57be09e5204f0b205b60627028', 'hex');
  const ciphers = 'PSK-AES128-GCM-SHA256';
  const server = createServer({ ciphers, maxVersion: 'TLSv1.2', pskCallback: () => psk }, (_request, response) => {
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  expect(await rejectionOf(nodeTransport()(url, init()))).toMatchObject({ message: 'fetch failed' });
  const trusting = nodeTransport({
    ciphers,
    maxVersion: 'TLSv1.2',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk, identity: 'client' }),
  });
  const answer = await trusting(url, init());
  expect(await answer.text()).toBe('{}');
  trusting.close();
  server.closeAllConnections();
  server.close();
});

/** A server of raw bytes: what it answers, and when it says more than it was asked, is up to the test. */
const startRaw = async (onRequest: (socket: Socket, count: number, text: string) => void) => {
  const sockets: Socket[] = [];
  let count = 0;
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => onRequest(socket, ++count, String(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { sockets, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
};
const answerOf = (text: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
const textOf = async (answer: Promise<FetchAnswer>) => (await answer).text();
/** Connections that are free again are so one turn after the answer's end. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('what comes on an idle connection is never the answer to the next request', async () => {
  const { sockets, url } = await startRaw((socket, count) => socket.write(answerOf(`${count}`)));
  const fetch = nodeTransport();
  expect(await textOf(fetch(url, init()))).toBe('1');
  expect(await textOf(fetch(url, init()))).toBe('2');
  expect(sockets).toHaveLength(1);
  const closed = new Promise((resolve) => sockets[0]?.on('close', resolve));
  await turn();
  sockets[0]?.write(answerOf('forged'));
  await closed;
  expect(await textOf(fetch(url, init()))).toBe('3');
  expect(sockets).toHaveLength(2);
  fetch.close();
});

test('a connection that the server has closed is not taken again, nor one that it will not keep', async () => {
  const { sockets, url } = await startRaw((socket, count) => {
    if (count === 1) socket.end(answerOf('1'));
    else if (count === 2) socket.write(answerOf('2').replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
    else socket.write(answerOf('3').replace('\r\n\r\n', '\r\nkeep-alive: timeout=1\r\n\r\n'));
  });
  const fetch = nodeTransport();
  for (const text of ['1', '2', '3', '3']) {
    expect(await textOf(fetch(url, init()))).toBe(text);
    await vi.waitFor(() => expect(sockets.filter(({ readableEnded }) => !readableEnded)).toHaveLength(0));
  }
  expect(sockets).toHaveLength(4);
});

test('a connection ends after the time that the server gives it, however often it was taken', async () => {
  const hinted = answerOf('kept').replace('\r\n\r\n', '\r\nkeep-alive: timeout=2\r\n\r\n');
  const { sockets, url } = await startRaw((socket) => socket.write(hinted));
  const fetch = nodeTransport({ timeout: 50_000 });
  for (let i = 0; i < 3; i++) {
    expect(await textOf(fetch(url, init()))).toBe('kept');
    await turn();
  }
  expect(sockets).toHaveLength(1);
  // A second before the server would.
  await new Promise((resolve) => sockets[0]?.on('close', resolve));
  expect(await textOf(fetch(url, init()))).toBe('kept');
  expect(sockets).toHaveLength(2);
  fetch.close();
});

test('a bound on connections holds, and who waits for one is given it', async () => {
  const { sockets, url } = await startRaw((socket, _count, text) => {
    socket.write(answerOf(text.split(' ')[1] as string));
  });
  const fetch = nodeTransport({ maxSockets: 2 });
  for (let round = 0; round < 2; round++) {
    const paths = Array.from({ length: 9 }, (_, i) => `${i}`);
    const texts = await Promise.all(paths.map((path) => textOf(fetch(url + path, init()))));
    expect(texts).toEqual(paths.map((path) => `/${path}`));
    await turn();
  }
  expect(sockets).toHaveLength(2);
  fetch.close();
});

test('idle connections are bounded, end after their time, and are taken in the order asked for', async () => {
  const { sockets, url } = await startRaw((socket) => socket.write(answerOf(`${sockets.indexOf(socket)}`)));
  const burst = async (fetch: Fetch) => {
    const texts = await Promise.all([1, 2, 3].map(() => textOf(fetch(url, init()))));
    await turn();
    return texts;
  };
  const bounded = nodeTransport({ maxFreeSockets: 1 });
  await burst(bounded);
  await vi.waitFor(() => expect(sockets.filter(({ readableEnded }) => !readableEnded)).toHaveLength(1));
  bounded.close();

  const timed = nodeTransport({ timeout: 50 });
  await burst(timed);
  await vi.waitFor(() => expect(sockets.filter(({ readableEnded }) => !readableEnded)).toHaveLength(0));

  const first = nodeTransport({ scheduling: 'fifo' });
  const opened = await burst(first);
  expect(await textOf(first(url, init()))).toBe(opened[0]);
  first.close();
  const last = nodeTransport();
  const others = await burst(last);
  expect(await textOf(last(url, init()))).toBe(others[2]);
  last.close();
  const none = nodeTransport({ keepAlive: false });
  await burst(none);
  await vi.waitFor(() => expect(sockets.filter(({ readableEnded }) => !readableEnded)).toHaveLength(0));
});
