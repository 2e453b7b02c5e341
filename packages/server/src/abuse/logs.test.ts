/** Lines of the log and entries of the audit log say what the server says: nobody else writes a line of their own there. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { ask, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

/** Control characters, line breaks of every kind, and what turns the direction of a line. */
const ODD = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

describe.each(databaseKinds)('logs on %s', (kind) => {
  let server: TestServer;
  const lines: string[] = [];
  beforeAll(async () => {
    server = await bootServer(kind, { log: (line) => lines.push(line) });
  });
  afterAll(() => server.stop());

  it('repeat no line of a mail server', async () => {
    const liar = createServer((socket) =>
      socket.on('error', () => {}).end('554-no\x1b[2J\r\n554 go\u202e away\tlistening on http://evil.example\r\n'),
    );
    liar.listen(0, '127.0.0.1');
    await once(liar, 'listening');
    const credentials = { smtp_host: '127.0.0.1', smtp_port: (liar.address() as { port: number }).port };
    expect((await server.api('POST', '/mail-provider', { name: 'smtp', credentials })).status).toBe(201);
    expect((await server.api('POST', '/users', { email: 'log@example.com' })).status).toBe(201);
    await vi.waitFor(() => expect(lines.some((line) => line.includes('was not sent'))).toBe(true), 15_000);
    liar.close();
    expect(lines.filter((line) => ODD.test(line) || line.includes('evil.example'))).toEqual([]);
    const { last_error } = await server.services.database.read((db) =>
      db.selectFrom('mails').select('last_error').where('recipient', '=', 'log@example.com').executeTakeFirstOrThrow(),
    );
    expect(last_error).toContain('554');
    expect(last_error).not.toMatch(ODD);
  });

  it('hold what a request says of itself as values of one entry', async () => {
    const path = '/api/v1/users/%0d%0a%7b%22type%22%3a%22user.deleted%22%7d';
    const { headers } = await ask(server.url, { path, headers: { 'user-agent': '","type":"user.deleted","x":"' } });
    const rows = await server.services.database.read((db) =>
      db
        .selectFrom('events')
        .select(['type', 'data', 'user_agent'])
        .where('request_id', '=', headers.get('x-request-id') ?? '')
        .execute(),
    );
    expect(rows).toMatchObject([{ type: 'request.refused', user_agent: '","type":"user.deleted","x":"' }]);
    expect(JSON.parse(rows[0]?.data ?? '')).toMatchObject({ path });
    expect(rows[0]?.data).not.toMatch(ODD);
  });
});
