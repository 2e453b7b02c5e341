/** Through a whole scenario, errors included, no secret is written to the log, nor in plain to the database. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseKinds, freshDatabase, pg, spawnServer } from '@reeve/testkit';
import { describe, expect, it } from 'vitest';

const ADMIN_PASSWORD = 'Administrator-Passphrase-1';
const CLIENT_SECRET = 'bootstrap-client-secret-777';

/** Every byte of every file that the database consists of, or every row as text. */
async function contentOf(url: string): Promise<string> {
  if (url.startsWith('sqlite:')) {
    const path = url.slice('sqlite:'.length);
    return ['', '-wal', '-shm']
      .map((suffix) => {
        try {
          return readFileSync(path + suffix, 'latin1');
        } catch {
          return '';
        }
      })
      .join('');
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    );
    let text = '';
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from "${name}" t`);
      text += rows.map(({ row }) => row).join('\n');
    }
    return text;
  } finally {
    await client.end();
  }
}

describe.each(databaseKinds)('secrets on %s', (kind) => {
  it('stay out of the log and out of the database', { timeout: 60_000 }, async () => {
    const database = await freshDatabase(kind);
    const environment = {
      REEVE_DATA_DIR: database.dir,
      REEVE_DATABASE_URL: database.url,
      REEVE_ADMIN_EMAIL: 'chief@example.com',
      REEVE_ADMIN_PASSWORD: ADMIN_PASSWORD,
      REEVE_CLIENT_ID: 'bootstrap',
      REEVE_CLIENT_SECRET: CLIENT_SECRET,
    };
    // The first start shows its credentials on purpose.
    const first = spawnServer(environment);
    await first.url;
    await first.kill('SIGTERM');
    const server = spawnServer(environment);
    const secrets = new Map<string, string>([
      ['administrator’s password', ADMIN_PASSWORD],
      ['bootstrap secret', CLIENT_SECRET],
    ]);
    const keep = (what: string, secret: unknown): string => {
      expect(typeof secret, what).toBe('string');
      secrets.set(what, secret as string);
      return secret as string;
    };
    try {
      const url = await server.url;
      const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
        const response = await fetch(url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        });
        const text = await response.text();
        return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
      };
      const client = { client_id: 'bootstrap', client_secret: CLIENT_SECRET, audience: `${url}/api` };
      const issued = await post('/oauth/token', { grant_type: 'client_credentials', ...client });
      const token = keep('access token', issued.body.access_token);
      const headers = { authorization: `Bearer ${token}` };
      const wrong = keep('wrong client secret', 'a-wrong-client-secret-12345');
      await post('/oauth/token', { grant_type: 'client_credentials', ...client, client_secret: wrong });
      await post('/oauth/token', `{"client_secret":"${wrong}`, {});
      await fetch(`${url}/api/v1/users?token=${keep('secret in a query', 'query-secret-99887')}`, { headers });
      await fetch(`${url}/api/v1/users`, {
        headers: { authorization: `Bearer ${keep('bad bearer', 'bad.bearer.token-4711')}` },
      });

      const password = keep('password', 'First-Passphrase-of-Somebody');
      const email = 'somebody@example.com';
      const made = await post('/api/v1/users', { email, password }, { ...headers, 'idempotency-key': 'made' });
      expect(made.status).toBe(201);
      const id = made.body.id as string;
      const users = `/api/v1/users/${id}`;
      const weak = keep('refused password', 'weak-77');
      expect((await post('/api/v1/users', { username: 'weak', password: weak }, headers)).status).toBe(422);
      await post('/api/v1/users', { username: 'x', pasword: keep('misspelt field', 'misspelt-Passphrase-1') }, headers);
      await post('/api/v1/users', `{"password":"${keep('malformed body', 'malformed-Passphrase-1')}"`, headers);
      await post('/api/v1/users', `password=${keep('wrong content type', 'typed-Passphrase-1')}`, {
        ...headers,
        'content-type': 'text/plain',
      });
      const grant = { grant_type: 'password', username: email, scope: 'openid offline_access', ...client };
      const signedIn = await post('/oauth/token', { ...grant, password });
      expect(signedIn.status, JSON.stringify(signedIn.body)).toBe(200);
      keep('user’s access token', signedIn.body.access_token);
      const refresh = keep('refresh token', signedIn.body.refresh_token);
      await post('/oauth/token', { ...grant, password: keep('wrong password', 'Wrong-Passphrase-2024') });
      const refreshed = await post('/oauth/token', { grant_type: 'refresh_token', refresh_token: refresh, ...client });
      keep('rotated refresh token', refreshed.body.refresh_token);
      await post('/oauth/token', { grant_type: 'refresh_token', refresh_token: refresh, ...client });

      const next = keep('new password', 'Second-Passphrase-of-Somebody');
      const changed = await fetch(url + users, {
        method: 'PATCH',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ password: next, user_metadata: { note: 'x' } }),
      });
      expect(changed.status).toBe(200);
      expect((await post(`${users}/reset-password`, {}, { ...headers, 'idempotency-key': 'reset' })).status).toBe(202);
      expect((await post('/api/v1/invitations', { email: 'guest@example.com' }, headers)).status).toBe(201);
      const application = await post(
        '/api/v1/applications',
        { name: 'a', type: 'web' },
        { ...headers, 'idempotency-key': 'app' },
      );
      keep('application secret', application.body.client_secret);
      const rotate = `/api/v1/applications/${application.body.id}/rotate-secret`;
      const rotated = await post(rotate, {}, { ...headers, 'idempotency-key': 'rotate' });
      keep('rotated secret', rotated.body.client_secret);
      const tenant = await post('/api/v1/tenants', { name: 'more', domains: ['more.example.com'] }, headers);
      keep('tenant’s secret', tenant.body.client_secret);
      const imported = keep('imported password', 'Imported-Passphrase-33');
      await post(
        '/api/v1/users/import',
        `{"email":"i@example.com","password":"${imported}"}\n{"email":1,"password":"${imported}"}\n`,
        {
          ...headers,
          'content-type': 'application/x-ndjson',
        },
      );
      await post('/api/v1/users/import', `email,password\n"broken,${keep('broken CSV', 'Broken-Passphrase-44')}`, {
        ...headers,
        'content-type': 'text/csv',
      });

      // Without SMTP each mail is a file; the links in them hold the tickets.
      const folder = join(database.dir, 'mail');
      const mails = () => {
        try {
          return readdirSync(folder).filter((name) => name.endsWith('.eml'));
        } catch {
          return [];
        }
      };
      await expect.poll(() => mails().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
      const links = mails().flatMap((name) => {
        const text = readFileSync(join(folder, name), 'utf8').replaceAll('=\r\n', '').replaceAll('=3D', '=');
        return [...text.matchAll(/[A-Za-z0-9_-]{40,}/g)].map(([ticket]) => ticket);
      });
      expect(links.length).toBeGreaterThanOrEqual(3);
      for (const [i, link] of links.entries()) keep(`ticket ${i}`, link);
      keep('server key', readFileSync(join(database.dir, 'secret.key'), 'utf8').trim());

      const stored = await contentOf(database.url);
      expect(stored).toContain('somebody@example.com');
      expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
      const after = await contentOf(database.url);
      const log = server.stdout() + server.stderr();
      for (const [what, secret] of secrets) {
        expect(log.includes(secret), `${what} is in the log: ${log}`).toBe(false);
        expect(stored.includes(secret) || after.includes(secret), `${what} is in the database`).toBe(false);
      }
    } finally {
      await server.kill('SIGKILL');
      await database.drop();
    }
  });
});
