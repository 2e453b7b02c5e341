/** SIGTERM: what runs is answered, nothing new is let in, and the process ends with 0. */
import {
  CLIENT_ID,
  CLIENT_SECRET,
  freshDatabase,
  openRaw,
  type ServerProcess,
  spawnServer,
  type TestDatabase,
} from '@reeve/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';

let database: TestDatabase;
let server: ServerProcess;
let url: string;
let authorization: string;

beforeEach(async () => {
  database = await freshDatabase('sqlite');
  server = spawnServer({
    REEVE_DATA_DIR: database.dir,
    REEVE_CLIENT_ID: CLIENT_ID,
    REEVE_CLIENT_SECRET: CLIENT_SECRET,
  });
  url = await server.url;
  const response = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      grant_type: 'client_credentials',
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      audience: `${url}/api`,
    }),
  });
  authorization = `Bearer ${((await response.json()) as { access_token: string }).access_token}`;
});
afterEach(async () => {
  await server.kill('SIGKILL');
  await database.drop();
});

const host = () => new URL(url).host;

it('answers what is running, ends streams, lets nothing in, and leaves with 0', { timeout: 30_000 }, async () => {
  const stream = await fetch(`${url}/api/v1/audit/stream?live=true`, { headers: { authorization } });
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  const unused = await openRaw(url);
  const body = '{"username":"finished-in-time"}';
  const slow = await openRaw(url);
  slow.write(
    `POST /api/v1/users HTTP/1.1\r\nhost: ${host()}\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  // The server has begun the request once it asks for the rest.
  expect(await slow.until(/100 Continue/)).toMatch(/^HTTP\/1\.1 100 /);
  const exit = server.kill('SIGTERM');
  // The stream ends well, the connection that has sent nothing is closed: the server is stopping.
  while (!(await reader.read()).done);
  await unused.closed();
  await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  slow.write(body.slice(5));
  expect(await slow.closed()).toMatch(/^HTTP\/1\.1 201 Created/m);
  expect(await exit).toEqual({ code: 0, signal: null });
  expect(server.stderr()).toBe('');
});

it('stops on SIGINT too, and a second signal does not wait', { timeout: 30_000 }, async () => {
  const stuck = await openRaw(url);
  stuck.write(
    `POST /api/v1/users HTTP/1.1\r\nhost: ${host()}\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n{`,
  );
  await stuck.until(/100 Continue/);
  const exit = server.kill('SIGINT');
  await expect
    .poll(() =>
      fetch(`${url}/health/live`).then(
        () => 'open',
        () => 'closed',
      ),
    )
    .toBe('closed');
  void server.kill('SIGINT');
  expect(await exit).toEqual({ code: null, signal: 'SIGINT' });
  stuck.destroy();
});
