/** Jobs: what real clients upload, and what comes of it (contract §12). */
import { createHash, createHmac } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createPasswordHasher, newId, totpCodeAt } from '@reeve/core';
import { type Auth0Call, auth0Caller, auth0Scopes, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const CONNECTION = 'Username-Password-Authentication';
const LIMIT = 200_000;
const WAIT = { timeout: 30_000, interval: 20 };
/** Each import starts two threads. */
const PATIENCE = { timeout: 60_000 };

interface Job {
  id: string;
  type: string;
  status: string;
  summary?: object;
  location?: string;
  status_details?: string;
}
type Uploaded = { status: number; body: Job & { errorCode?: string; message?: string } };

describe.each(databaseKinds)('jobs of Auth0 on %s', PATIENCE, (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  let bearer: string;
  let connectionId: string;

  beforeAll(async () => {
    server = await bootServer(kind, { environment: { REEVE_IMPORT_LIMIT: String(LIMIT) } });
    call = await auth0Caller(server);
    bearer = await server.token(auth0Scopes, { aud: `https://${new URL(server.url).host}/api/v2/` });
    const { body } = await server.api('GET', '/connections');
    connectionId = (body as { connections: { id: string; name: string }[] }).connections.find(
      ({ name }) => name === CONNECTION,
    )?.id as string;
  });
  afterAll(() => server.stop());

  /** The parts in the order in which the genuine client sends them. */
  const upload = async (users: unknown, fields: Record<string, string> = {}, name = 'users'): Promise<Uploaded> => {
    const form = new FormData();
    const text = typeof users === 'string' ? users : JSON.stringify(users);
    form.append(name, new Blob([text], { type: 'application/json' }), 'users.json');
    for (const [field, value] of Object.entries({ connection_id: connectionId, ...fields })) form.append(field, value);
    const headers = { authorization: `Bearer ${bearer}` };
    const answer = await fetch(`${server.url}/api/v2/jobs/users-imports`, { method: 'POST', headers, body: form });
    return { status: answer.status, body: (await answer.json()) as Uploaded['body'] };
  };
  const finished = (id: string): Promise<Job> =>
    vi.waitFor(async () => {
      const job = (await call('GET', `/jobs/${id}`)).body as Job;
      expect(['completed', 'failed']).toContain(job.status);
      return job;
    }, WAIT);
  const imported = async (users: unknown, fields: Record<string, string> = {}): Promise<Job> => {
    const { status, body } = await upload(users, { send_completion_email: 'false', ...fields });
    expect([status, body.type]).toEqual([202, 'users_import']);
    return finished(body.id);
  };
  const errorsOf = async (id: string) => (await call('GET', `/jobs/${id}/errors`)) as { status: number; body: never };
  const byEmail = async (email: string) =>
    ((await call('GET', `/users-by-email?email=${encodeURIComponent(email)}`)).body as Record<string, unknown>[])[0];
  const signIn = (username: string, password: string) =>
    fetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grant_type: 'password',
        username,
        password,
        client_id: 'test-management',
        client_secret: 'test-management-secret-0123456789',
        scope: 'openid',
      }),
    });

  it('answers at once, imports in the background, and tells what came of it', async () => {
    const { status, body } = await upload(
      [
        { email: 'Ann@Example.com', user_id: 'ann-1', given_name: 'Ann', blocked: false, user_metadata: { a: 1 } },
        { email: 'bob@example.com', email_verified: true, blocked: true },
      ],
      { external_id: 'load-7', send_completion_email: 'false' },
    );
    expect(status).toBe(202);
    expect(body).toMatchObject({
      type: 'users_import',
      status: 'pending',
      connection_id: connectionId,
      connection: CONNECTION,
      external_id: 'load-7',
      upsert: false,
    });
    const job = await finished(body.id);
    expect(job).toMatchObject({
      status: 'completed',
      percentage_done: 100,
      summary: { failed: 0, updated: 0, inserted: 2, total: 2 },
    });
    expect(await errorsOf(body.id)).toMatchObject({ status: 204, body: undefined });
    expect(await byEmail('ann@example.com')).toMatchObject({
      user_id: 'auth0|ann-1',
      email: 'ann@example.com',
      name: 'ann@example.com',
      nickname: 'ann',
      email_verified: false,
      user_metadata: { a: 1 },
    });
    expect(await byEmail('bob@example.com')).toMatchObject({ blocked: true, email_verified: true });
    const events = await server.services.database.read((db) =>
      db
        .selectFrom('events')
        .select(['request_id', 'type'])
        .where('type', 'in', ['import.started', 'user.created'])
        .orderBy('num', 'desc')
        .limit(3)
        .execute(),
    );
    expect(new Set(events.map(({ request_id }) => request_id)).size).toBe(1);
    expect((await server.api('GET', `/jobs/${body.id}`)).body).toMatchObject({ state: 'completed', inserted: 2 });
    await expect.poll(() => readdir(join(server.dir, 'imports')), WAIT).toEqual([]);
  });

  it('tells of each user who was refused, without secrets', async () => {
    const job = await imported([
      { email: 'ann@example.com' },
      { email: 'carl@example.com', password_hash: '$2b$10$wrong' },
      { email: 'dora@example.com', email_verified: 'yes' },
      { email: 'emil@example.com', shoe_size: 43 },
      { given_name: 'Nobody' },
      { email: 'fay@example.com' },
      { email: 'FAY@example.com', given_name: 'Second' },
      {
        email: 'gus@example.com',
        password_hash: `$2b$10$${'a'.repeat(53)}`,
        custom_password_hash: { algorithm: 'md5', hash: { value: '0'.repeat(32), encoding: 'hex' } },
      },
      { email: 'hal@example.com', mfa_factors: [{ totp: { secret: '1' } }] },
      { email: 'ida@example.com', user_id: 'ann-1' },
    ]);
    expect(job).toMatchObject({ status: 'completed', summary: { failed: 9, inserted: 1, updated: 0, total: 10 } });
    const { status, body } = await errorsOf(job.id);
    expect(status).toBe(200);
    const told = body as { user: Record<string, unknown>; errors: { code: string; message: string; path: string }[] }[];
    expect(told.map(({ user, errors }) => [user.email, errors[0]?.code, errors[0]?.path])).toEqual([
      ['ann@example.com', 'CONFLICT_EMAIL', 'email'],
      ['carl@example.com', 'PATTERN', 'password_hash'],
      ['dora@example.com', 'INVALID_TYPE', 'email_verified'],
      ['emil@example.com', 'NOT_PASSED', 'shoe_size'],
      [undefined, 'ANY_OF_MISSING', 'email'],
      ['FAY@example.com', 'DUPLICATED_USER', 'email'],
      ['gus@example.com', 'NOT_PASSED', 'custom_password_hash'],
      ['hal@example.com', 'MFA_FACTORS_FAILED', 'mfa_factors.0.totp.secret'],
      ['ida@example.com', 'CONFLICT', 'user_id'],
    ]);
    expect(JSON.stringify(told)).not.toMatch(/\$2b\$10|"secret"/);
    const rows = await server.services.database.read((db) => db.selectFrom('job_errors').selectAll().execute());
    expect(JSON.stringify(rows)).not.toMatch(/\$2b\$10|"secret"/);
  });

  it('updates by upsert what may be updated, and nothing else', async () => {
    await imported([
      {
        email: 'up@example.com',
        user_id: 'up-1',
        username: 'upper',
        name: 'Before',
        app_metadata: { k: { a: 1, b: 2 }, l: 1, m: 1 },
      },
    ]);
    const job = await imported(
      [
        {
          email: 'up@example.com',
          username: 'other',
          name: 'After',
          email_verified: true,
          blocked: true,
          app_metadata: { k: { c: 3, n: null }, m: null },
        },
        { email: 'new@example.com' },
        { email: 'up@example.com', name: 'Again' },
      ],
      { upsert: 'true' },
    );
    expect(job.summary).toEqual({ failed: 1, updated: 1, inserted: 1, total: 3 });
    const user = await byEmail('up@example.com');
    expect(user).toMatchObject({
      user_id: 'auth0|up-1',
      username: 'upper',
      name: 'After',
      email_verified: true,
    });
    expect(user?.app_metadata).toEqual({ k: { c: 3, n: null }, l: 1 });
    expect(user).not.toHaveProperty('blocked');
  });

  it('signs in by the old password, whatever made its hash', async () => {
    const password = 'pässword Ω1';
    const bytes = (encoding: BufferEncoding) => Buffer.from(password, encoding);
    const made: Record<string, object> = {
      argon2: { algorithm: 'argon2', hash: { value: await createPasswordHasher().hash(password), encoding: 'utf8' } },
      md5: {
        algorithm: 'md5',
        hash: { value: createHash('md5').update('salt').update(bytes('utf8')).digest('base64'), encoding: 'base64' },
        salt: { value: 'salt', position: 'prefix' },
      },
      sha512: {
        algorithm: 'sha512',
        hash: { value: createHash('sha512').update(bytes('utf16le')).update('end').digest('hex'), encoding: 'hex' },
        salt: { value: Buffer.from('end').toString('hex'), encoding: 'hex', position: 'suffix' },
        password: { encoding: 'utf16le' },
      },
      hmac: {
        algorithm: 'hmac',
        hash: {
          value: createHmac('sha384', 'the key of another system').update(bytes('utf8')).digest('hex'),
          encoding: 'hex',
          digest: 'sha384',
          key: { value: 'the key of another system', encoding: 'utf8' },
        },
      },
    };
    const names = Object.keys(made);
    const job = await imported(
      names.map((name) => ({ email: `${name}@hash.example`, custom_password_hash: made[name] })),
    );
    expect(job.summary).toEqual({ failed: 0, updated: 0, inserted: names.length, total: names.length });
    const stored = await server.services.database.read((db) => db.selectFrom('credentials').selectAll().execute());
    expect(JSON.stringify(stored)).not.toContain('the key of another system');
    for (const name of names) {
      const wrong = await signIn(`${name}@hash.example`, 'another password');
      const right = await signIn(`${name}@hash.example`, password);
      expect([name, wrong.status >= 400, right.status]).toEqual([name, true, 200]);
    }
  });

  it('brings factors along', async () => {
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    await imported([
      {
        email: 'mfa@example.com',
        mfa_factors: [
          { totp: { secret } },
          { phone: { value: '+4930123456' } },
          { email: { value: 'second@example.com' } },
        ],
      },
    ]);
    const found = (await server.api('GET', '/users?email=mfa%40example.com')).body as { users: { id: string }[] };
    const path = `/users/${found.users[0]?.id}/authentication-methods`;
    const { authentication_methods: methods } = (await server.api('GET', path)).body as {
      authentication_methods: { id: string; type: string; confirmed: boolean }[];
    };
    expect(methods.map(({ type, confirmed }) => [type, confirmed]).sort()).toEqual([
      ['email', true],
      ['phone', true],
      ['totp', true],
    ]);
    const totp = methods.find(({ type }) => type === 'totp');
    const code = totpCodeAt(secret, server.clock.now());
    expect((await server.api('POST', `${path}/${totp?.id}/verify`, { code })).status).toBe(200);
    const rows = await server.services.database.read((db) =>
      db.selectFrom('authentication_methods').selectAll().execute(),
    );
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  it('refuses a form that is not one, and keeps nothing of it', async () => {
    const refused = async (answer: Promise<Uploaded>) => {
      const { status, body } = await answer;
      return [status, body.errorCode];
    };
    expect(await refused(upload([], { connection_id: 'undefined' }))).toEqual([400, 'inexistent_connection']);
    expect(await refused(upload([], { upsert: 'perhaps' }))).toEqual([400, 'invalid_body']);
    expect(await refused(upload([], { colour: 'red' }))).toEqual([400, 'invalid_body']);
    expect(await refused(upload([], {}, 'people'))).toEqual([400, 'invalid_body']);
    expect((await call('POST', '/jobs/users-imports', {})).status).toBe(415);
    const large = await upload(`[${'{"email":"x@example.com"},'.repeat(LIMIT / 2)}{}]`);
    expect([large.status, large.body.message]).toEqual([413, 'Payload content length greater than maximum allowed']);
    const cut = await fetch(`${server.url}/api/v2/jobs/users-imports`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x\r\nContent-Disposition: form-data; name="users"; filename="u.json"\r\n\r\n[{"email":',
    });
    expect(cut.status).toBe(400);
    await expect.poll(() => readdir(join(server.dir, 'imports')), WAIT).toEqual([]);
    expect(await call('GET', '/jobs/job_0000000000000000')).toMatchObject({
      status: 404,
      body: { errorCode: 'inexistent_job' },
    });
  });

  it('fails a file that is no array of users', async () => {
    const { body } = await upload('{"email":"x@example.com"}', { send_completion_email: 'false' });
    const job = await finished(body.id);
    expect(job).toMatchObject({ status: 'failed', summary: { total: 0 } });
    expect(job.status_details).toMatch(/must begin with "\["/);
    expect(await errorsOf(body.id)).toMatchObject({ status: 200, body: { id: body.id, status: 'failed' } });
  });

  it('has two unfinished imports of a tenant at most', async () => {
    const held = await Promise.all([0, 1].map(() => holdJob(server, connectionId)));
    try {
      const third = await upload([{ email: 'third@example.com' }]);
      expect([third.status, third.body.errorCode]).toEqual([429, 'too_many_requests']);
      expect(third.body.message).toMatch(/2 active import users jobs/);
    } finally {
      for (const id of held) await endHeld(server, id);
    }
  });

  it('fails an import whose file is gone with its server', async () => {
    const id = await holdJob(server, connectionId, -700_000);
    server.services.onJob();
    expect(await finished(id)).toMatchObject({
      status: 'failed',
      status_details: expect.stringMatching(/file .* gone/) as string,
    });
  });

  it('exports newline-delimited JSON and CSV, gzipped, at a link that expires', async () => {
    await imported([{ email: 'csv@export.example', name: '=say "hi"', app_metadata: { plan: 'gold' } }]);
    const started = await call('POST', '/jobs/users-exports', {
      format: 'json',
      connection_id: connectionId,
      fields: [
        { name: 'email' },
        { name: 'identities[0].connection', export_as: 'provider' },
        { name: 'app_metadata' },
      ],
    });
    expect(started).toMatchObject({ status: 200, body: { type: 'users_export', format: 'json' } });
    const job = await finished((started.body as Job).id);
    expect(job.status).toBe('completed');
    const fileOf = async (location: string | undefined) => {
      const answer = await fetch(location as string);
      expect(answer.status).toBe(200);
      return gunzipSync(Buffer.from(await answer.arrayBuffer())).toString('utf8');
    };
    const lines = (await fileOf(job.location))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    const { body: list } = await server.api('GET', `/users?connection=${connectionId}&include_total=true&limit=1`);
    expect(lines).toHaveLength((list as { total: number }).total);
    expect(lines).toContainEqual({ email: 'csv@export.example', provider: CONNECTION, app_metadata: { plan: 'gold' } });

    const csv = await call('POST', '/jobs/users-exports', {
      format: 'csv',
      fields: [
        { name: 'email' },
        { name: 'name', export_as: 'Name' },
        { name: 'email_verified' },
        { name: 'app_metadata.plan' },
      ],
    });
    const text = await fileOf((await finished((csv.body as Job).id)).location);
    expect(text.split('\n')[0]).toBe('email,Name,email_verified,app_metadata.plan');
    expect(text).toContain(`"'csv@export.example","'=say ""hi""",false,"'gold"\n`);

    const bag = await call('POST', '/jobs/users-exports', { format: 'csv', fields: [{ name: 'user_metadata' }] });
    expect(bag).toMatchObject({ status: 400, body: { errorCode: 'invalid_body' } });
    const old = job.location as string;
    expect((await fetch(old.replace(/signature=./, 'signature=_'))).status).toBe(404);
    server.clock.advance(61_000);
    expect((await fetch(old)).status).toBe(404);
    const again = (await call('GET', `/jobs/${job.id}`)).body as Job;
    expect(await fileOf(again.location)).toContain('csv@export.example');
    server.clock.advance(86_400_000);
    call = await auth0Caller(server);
    bearer = await server.token(auth0Scopes, { aud: `https://${new URL(server.url).host}/api/v2/` });
    expect((await call('GET', `/jobs/${job.id}`)).body).not.toHaveProperty('location');
  });

  it('exports as many as are asked for, and what is told by default', async () => {
    const { body } = await call('POST', '/jobs/users-exports', { limit: 2 });
    const job = await finished((body as Job).id);
    const file = Buffer.from(await (await fetch(job.location as string)).arrayBuffer());
    const lines = gunzipSync(file).toString('utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ connection: CONNECTION, logins_count: 0 });
  });

  it('sends a verification mail as a job that is done', async () => {
    const created = await call('POST', '/users', {
      connection: CONNECTION,
      email: 'verify@example.com',
      verify_email: false,
    });
    const { user_id } = created.body as { user_id: string };
    const sent = await call('POST', '/jobs/verification-email', { user_id });
    expect(sent).toMatchObject({ status: 201, body: { type: 'verification_email', status: 'completed' } });
    expect((await call('GET', `/jobs/${(sent.body as Job).id}`)).body).toMatchObject({ type: 'verification_email' });
    const { body: mails } = await server.api('GET', '/mails');
    expect(JSON.stringify(mails)).toContain('verify@example.com');
    expect((await call('POST', '/jobs/verification-email', { user_id: 'auth0|nobody' })).status).toBe(400);
  });

  it('mails an administrator when an import has ended, unless told otherwise', async () => {
    const { body } = await upload([{ email: 'mailed@example.com' }]);
    await finished(body.id);
    await vi.waitFor(async () => {
      const { mails } = (await server.api('GET', '/mails')).body as { mails: object[] };
      expect(mails).toContainEqual(expect.objectContaining({ template: 'import_completed', to: 'admin@reeve.test' }));
    }, WAIT);
  });

  it('keeps the spool to itself', async () => {
    expect((await stat(join(server.dir, 'imports'))).mode & 0o777).toBe(0o700);
  });
});

/** A job whose file is not here; until its lease is over another server is at it. */
async function holdJob(server: TestServer, connection: string, lease = 600_000): Promise<string> {
  const now = server.clock.now();
  const id = newId('job', now);
  await server.services.database.write((db) =>
    db
      .insertInto('jobs')
      .values({
        id,
        tenant_id: server.tenant.id,
        type: 'users_import',
        state: 'running',
        mode: 'insert',
        options: JSON.stringify({
          format: 'json',
          connection_id: connection,
          send_verification: false,
          actor: { type: 'system', id: null, applicationId: null, impersonatorId: null },
          request_id: null,
          origin: server.url,
        }),
        actor_id: null,
        idempotency_key: null,
        total: 0,
        digest: null,
        window_rows: 0,
        window_done: 0,
        inserted: 0,
        updated: 0,
        failed: 0,
        detail: null,
        lease_until: now + lease,
        created_at: now + Math.min(0, lease),
        updated_at: now + Math.min(0, lease),
        finished_at: null,
        queue: 'import',
        progress: 0,
      })
      .execute(),
  );
  return id;
}

const endHeld = (server: TestServer, id: string) =>
  server.services.database.write((db) => db.deleteFrom('jobs').where('id', '=', id).execute());
