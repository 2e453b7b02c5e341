/** kill -9 under write load: what was acknowledged is there, and no change is without its event, nor an event without its change. */
import {
  ADMIN_EMAIL,
  ADMIN_PASSWORD,
  CLIENT_ID,
  CLIENT_SECRET,
  databaseKinds,
  freshDatabase,
  type ServerProcess,
  spawnServer,
} from '@reeve/testkit';
import { describe, expect, it } from 'vitest';

const ROUNDS = 3;
const WRITERS = 16;

interface Page {
  readonly next_cursor: string | null;
}

async function tokenOf(url: string): Promise<string> {
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
  expect(response.status).toBe(200);
  return ((await response.json()) as { access_token: string }).access_token;
}

describe.each(databaseKinds)('kill -9 on %s', (kind) => {
  it('loses nothing that was acknowledged, and nothing half', { timeout: 120_000 }, async () => {
    const database = await freshDatabase(kind);
    const environment = {
      REEVE_DATA_DIR: database.dir,
      REEVE_DATABASE_URL: database.url,
      REEVE_ADMIN_EMAIL: ADMIN_EMAIL,
      REEVE_ADMIN_PASSWORD: ADMIN_PASSWORD,
      REEVE_CLIENT_ID: CLIENT_ID,
      REEVE_CLIENT_SECRET: CLIENT_SECRET,
    };
    /** Username to the nickname that was acknowledged last; undefined where none was. */
    const acknowledged = new Map<string, string | undefined>();
    const keys = new Map<string, { key: string; answer: string }>();
    let server: ServerProcess | undefined;
    try {
      for (let round = 0; round < ROUNDS; round++) {
        server = spawnServer(environment);
        const url = await server.url;
        const token = await tokenOf(url);
        const send = (verb: string, path: string, body: object, key: string) =>
          fetch(`${url}/api/v1${path}`, {
            method: verb,
            headers: {
              authorization: `Bearer ${token}`,
              'content-type': 'application/json',
              'idempotency-key': key,
            },
            body: JSON.stringify(body),
          });
        let isAlive = true;
        let done = 0;
        const enough = Promise.withResolvers<void>();
        const write = async (writer: number): Promise<void> => {
          for (let i = 0; isAlive; i++) {
            const username = `r${round}w${writer}i${i}`;
            const key = `${username}-key`;
            try {
              const made = await send('POST', '/users', { username, user_metadata: { round, i } }, key);
              const answer = await made.text();
              expect(made.status, answer).toBe(201);
              acknowledged.set(username, undefined);
              keys.set(username, { key, answer });
              const { id } = JSON.parse(answer) as { id: string };
              const changed = await send('PATCH', `/users/${id}`, { nickname: `nick-${username}` }, `${key}-2`);
              await changed.arrayBuffer();
              expect(changed.status).toBe(200);
              acknowledged.set(username, `nick-${username}`);
              if (++done === 150) enough.resolve();
            } catch (error) {
              // The connection died with the server; an assertion did not.
              if (!(error instanceof TypeError)) throw error;
              return;
            }
          }
        };
        const writers = Array.from({ length: WRITERS }, (_, writer) => write(writer));
        await Promise.race([enough.promise, Promise.all(writers)]);
        expect(await server.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
        isAlive = false;
        await Promise.all(writers);
        expect(done).toBeGreaterThanOrEqual(150);
      }
      server = spawnServer(environment);
      const url = await server.url;
      const token = await tokenOf(url);
      const headers = { authorization: `Bearer ${token}` };
      const get = async <T>(path: string): Promise<T> => {
        const response = await fetch(`${url}/api/v1${path}`, { headers });
        expect(response.status).toBe(200);
        return (await response.json()) as T;
      };
      const users = new Map<string, { id: string; nickname: string | null }>();
      let total = 0;
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: Page & {
          total: number;
          users: { id: string; username: string | null; nickname: string | null }[];
        } = await get(`/users?limit=100&include_total=true${cursor && `&cursor=${cursor}`}`);
        for (const user of page.users) if (user.username !== null) users.set(user.username, user);
        total = page.total;
        cursor = page.next_cursor;
      }
      for (const [username, nickname] of acknowledged) {
        expect(users.has(username), username).toBe(true);
        if (nickname !== undefined) expect(users.get(username)?.nickname).toBe(nickname);
      }
      // The administrator has no username.
      expect(total).toBe(users.size + 1);
      const stream = await fetch(`${url}/api/v1/audit/stream?event_types=user.created,user.updated`, { headers });
      const events = (await stream.text())
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { event_type: string; target: { id: string } });
      const told = (type: string) =>
        events.filter(({ event_type }) => event_type === type).map(({ target }) => target.id);
      const ids = [...users.values()].map(({ id }) => id).sort();
      expect(new Set(told('user.created')).size).toBe(told('user.created').length);
      const administrator = told('user.created').filter((id) => !ids.includes(id));
      expect(administrator).toHaveLength(1);
      expect(
        told('user.created')
          .filter((id) => ids.includes(id))
          .sort(),
      ).toEqual(ids);
      const changed = [...users.values()].filter(({ nickname }) => nickname !== null).map(({ id }) => id);
      expect(told('user.updated').sort()).toEqual(changed.sort());
      // What was acknowledged is still answered alike, and what is searched for is found.
      for (const [username, { key, answer }] of [...keys].slice(-20)) {
        const round = Number(username[1]);
        const i = Number(username.split('i')[1]);
        const again = await fetch(`${url}/api/v1/users`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': key },
          body: JSON.stringify({ username, user_metadata: { round, i } }),
        });
        expect([again.status, await again.text()]).toEqual([201, answer]);
        const found = await get<{ users: { username: string }[] }>(`/users?search=${username}&limit=100`);
        expect(found.users.map((user) => user.username)).toContain(username);
      }
      expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    } finally {
      await server?.kill('SIGKILL');
      await database.drop();
    }
  });
});
