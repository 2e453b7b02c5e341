import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { rejectionOf, startTenant } from '../testing/fake-tenant.ts';
import { ReeveManagement } from './index.ts';
import { nodeTransport } from './node.ts';

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
