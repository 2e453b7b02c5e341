import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Answer {
  job_id: string;
  inserted: number;
  updated: number;
  failed: number;
  total: number;
  errors: { line: number; key: string | null; code: string; field: string | null; message: string }[];
  code: string;
  detail: string;
}

const TYPES = { ndjson: 'application/x-ndjson', json: 'application/json', csv: 'text/csv' };

describe.each(databaseKinds)('import on %s', (kind) => {
  let server: TestServer;
  let token: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    token = await server.token();
  });
  afterAll(() => server.stop());

  async function send(
    body: string | Uint8Array | ReadableStream<Uint8Array>,
    {
      type = TYPES.ndjson,
      query = '',
      headers = {},
    }: { type?: string; query?: string; headers?: Record<string, string> } = {},
  ): Promise<{ status: number; body: Answer; headers: Headers }> {
    const response = await fetch(`${server.url}/api/v1/users/import?${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': type, ...headers },
      body: body as never,
      duplex: 'half',
    } as RequestInit);
    return { status: response.status, body: (await response.json()) as Answer, headers: response.headers };
  }
  const ndjson = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const events = (where: { type: string; target?: string }) =>
    server.services.database.read((db) => {
      const query = db.selectFrom('events').selectAll().where('type', '=', where.type);
      return (where.target ? query.where('target_id', '=', where.target) : query).orderBy('num').execute();
    });

  it('imports NDJSON and tells what failed', async () => {
    const { status, body } = await send(
      [
        JSON.stringify({ email: 'ndjson.one@example.com', name: 'Ndjson One', user_metadata: { plan: 'gold' } }),
        '',
        '{"email":"broken"',
        JSON.stringify({ email: 'ndjson.two@example.com', nickname: 7 }),
        JSON.stringify({ email: 'ndjson.three@example.com', surname: 'x' }),
        JSON.stringify({ email: 'NDJSON.one@example.com' }),
        JSON.stringify({ name: 'Nobody' }),
        JSON.stringify({ username: 'ndjson-four', password: 'short' }),
        JSON.stringify({ username: 'ndjson-five', password: 'long enough' }),
      ].join('\r\n'),
    );
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body).toMatchObject({ inserted: 2, updated: 0, failed: 6, total: 8 });
    expect(body.errors.map(({ line, key, code, field }) => [line, key, code, field])).toEqual([
      [3, null, 'invalid_json', null],
      [4, 'ndjson.two@example.com', 'invalid_request', 'nickname'],
      [5, 'ndjson.three@example.com', 'invalid_request', 'surname'],
      [6, 'NDJSON.one@example.com', 'email_taken', 'email'],
      [7, null, 'invalid_request', 'email'],
      [8, 'ndjson-four', 'weak_password', 'password'],
    ]);
    const job = await server.api('GET', `/jobs/${body.job_id}`);
    expect(job.body).toMatchObject({ state: 'completed', mode: 'insert', inserted: 2, failed: 6, total: 8 });
    const found = await server.api('GET', '/users?search=ndjson&include_total=true');
    expect((found.body as { total: number }).total).toBe(2);
    const [user] = (found.body as { users: { id: string; user_metadata: unknown; email: string }[] }).users.filter(
      ({ email }) => email === 'ndjson.one@example.com',
    );
    expect(user?.user_metadata).toEqual({ plan: 'gold' });
    const [event] = await events({ type: 'user.created', target: user?.id as string });
    expect(JSON.parse(event?.data as string).after).toEqual(user);
  });

  it('imports a JSON array and CSV', async () => {
    const array = await send(JSON.stringify([{ username: 'array-1' }, 7, { username: 'array-2', password: null }]), {
      type: TYPES.json,
    });
    expect(array.body).toMatchObject({ inserted: 1, failed: 2, total: 3 });
    expect(array.body.errors.map(({ line, field }) => [line, field])).toEqual([
      [2, null],
      [3, 'password'],
    ]);
    const csv = await send(
      'email,name,email_verified,user_metadata.city,profile.locale,password_hash.algorithm,password_hash.value\n' +
        'csv-1@example.com,"Über, ""Anna""\nMaria",TRUE,Köln,de,bcrypt,$2b$10$abcdefghijklmnopqrstuuJ0TmpxbGmFqyYhhbG4UuWWyGSbPvGWO\n' +
        'csv-2@example.com,Bob,maybe,,,,\n' +
        'csv-3@example.com,Eve,,,,crc32,x\n',
      { type: 'text/csv; charset=UTF-8' },
    );
    expect(csv.body).toMatchObject({ inserted: 1, failed: 2, total: 3 });
    expect(csv.body.errors.map(({ line, field }) => [line, field])).toEqual([
      [4, 'email_verified'],
      [5, 'password_hash.algorithm'],
    ]);
    const found = await server.api('GET', '/users?email=csv-1@example.com');
    expect((found.body as { users: object[] }).users[0]).toMatchObject({
      name: 'Über, "Anna"\nMaria',
      email_verified: true,
      has_password: true,
      user_metadata: { city: 'Köln' },
      profile: { locale: 'de' },
    });
  });

  it('fails at the place where an array is broken, and goes on with the corrected file', async () => {
    const broken = await send('[{"username":"halfway-1"},{"username":"halfway-2"} {"username":"halfway-3"}]', {
      type: TYPES.json,
    });
    expect(broken.status).toBe(400);
    expect(broken.body).toMatchObject({ code: 'invalid_json' });
    expect(broken.body.detail).toMatch(/after row 2, at byte 52: a comma.*resume=job_/);
    const [, job] = /resume=(job_\w+)/.exec(broken.body.detail) ?? [];
    expect((await server.api('GET', `/jobs/${job}`)).body).toMatchObject({ state: 'failed', inserted: 2, total: 2 });
    const other = await send('[{"username":"halfway-1"},{"username":"halfway-X"}]', {
      type: TYPES.json,
      query: `resume=${job}`,
    });
    expect([other.status, other.body.code]).toEqual([409, 'import_mismatch']);
    const shorter = await send('[{"username":"halfway-1"}]', { type: TYPES.json, query: `resume=${job}` });
    expect([shorter.status, shorter.body.code]).toEqual([409, 'import_mismatch']);
    const whole = await send('[{"username":"halfway-1"},{"username":"halfway-2"},{"username":"halfway-3"}]', {
      type: TYPES.json,
      query: `resume=${job}`,
    });
    expect(whole.body).toMatchObject({ job_id: job, inserted: 3, failed: 0, total: 3 });
    const again = await send('[]', { type: TYPES.json, query: `resume=${job}` });
    expect([again.status, again.body.code]).toEqual([409, 'import_ended']);
    const nobody = await send('[]', { type: TYPES.json, query: 'resume=job_01HZX3V7J5Y6K8M9N0P1Q2R3S4' });
    expect([nobody.status, nobody.body.code]).toEqual([404, 'not_found']);
  });

  it('upserts: changes who is there by a merge, also from a row before', async () => {
    await send(ndjson([{ email: 'ups@example.com', username: 'ups', name: 'Old', user_metadata: { a: 1, b: 2 } }]));
    await send(ndjson([{ username: 'ups-other' }]));
    const { body } = await send(
      ndjson([
        { email: 'UPS@example.com', name: null, user_metadata: { b: null, c: 3 }, password: 'a new password' },
        { email: 'ups-new@example.com', name: 'New' },
        { email: 'ups-new@example.com', given_name: 'Newer' },
        { username: 'ups', email: 'ups@example.net' },
        { email: 'ups@example.net', username: 'ups-other' },
        { email: 'ups@example.net', state: 'disabled' },
        { email: 'ups@example.net', username: 'ups' },
      ]),
      { query: 'mode=upsert' },
    );
    expect(body).toMatchObject({ inserted: 1, updated: 4, failed: 2, total: 7 });
    expect(body.errors.map(({ line, code, field }) => [line, code, field])).toEqual([
      [5, 'username_taken', 'username'],
      [6, 'invalid_request', 'state'],
    ]);
    const found = await server.api('GET', '/users?username=ups');
    const [user] = (found.body as { users: { id: string }[] }).users;
    expect(user).toMatchObject({
      email: 'ups@example.net',
      name: null,
      user_metadata: { a: 1, c: 3 },
      has_password: true,
      email_verified: false,
    });
    const updates = await events({ type: 'user.updated', target: user?.id as string });
    expect(updates).toHaveLength(2);
    expect(await events({ type: 'user.password_changed', target: user?.id as string })).toHaveLength(1);
    expect(updates.map(({ data }) => data).join()).not.toContain('a new password');
    const fresh = await server.api('GET', '/users?email=ups-new@example.com');
    expect((fresh.body as { users: object[] }).users).toMatchObject([{ name: 'New', given_name: 'Newer' }]);
    const counted = await server.api(
      'GET',
      '/users?include_total=true&connection=Username-Password-Authentication&limit=1',
    );
    const all = await server.services.database.read((db) => db.selectFrom('users').select('num').execute());
    expect((counted.body as { total: number }).total).toBe(all.length);
  });

  it('a dry run judges everything and writes nothing', async () => {
    const count = async () =>
      (await server.services.database.read((db) => db.selectFrom('users').select('num').execute())).length;
    const before = await count();
    const rows = [
      ...Array.from({ length: 700 }, (_, i) => ({ username: `dry-${i}` })),
      { username: 'DRY-1' },
      { email: 'ndjson.one@example.com' },
      { username: 'x', unknown: 1 },
    ];
    const { body } = await send(ndjson(rows), { query: 'mode=dry_run' });
    expect(body).toMatchObject({ inserted: 700, updated: 0, failed: 3, total: 703 });
    expect(body.errors.map(({ line, code }) => [line, code])).toEqual([
      [701, 'username_taken'],
      [702, 'email_taken'],
      [703, 'invalid_request'],
    ]);
    expect(await count()).toBe(before);
  });

  it('tells the first thousand failures, and all of them page by page', async () => {
    const { body } = await send('x\n'.repeat(1234));
    expect(body).toMatchObject({ failed: 1234, total: 1234 });
    expect(body.errors).toHaveLength(1000);
    const lines: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { body: never } = await server.api(
        'GET',
        `/jobs/${body.job_id}/errors?limit=100${cursor ? `&cursor=${cursor}` : ''}`,
      );
      const { errors, next_cursor } = page.body as { errors: { line: number }[]; next_cursor: string | null };
      lines.push(...errors.map(({ line }) => line));
      cursor = next_cursor;
    }
    expect(lines).toEqual(Array.from({ length: 1234 }, (_, i) => i + 1));
  });

  it('sends verification mails only where asked', async () => {
    const mails = () =>
      server.services.database.read((db) =>
        db.selectFrom('mails').select('recipient').where('recipient', 'like', 'mailed-%').execute(),
      );
    await send(ndjson([{ email: 'mailed-0@example.com' }]));
    expect(await mails()).toEqual([]);
    const rows = [
      { email: 'mailed-1@example.com' },
      { email: 'mailed-2@example.com', email_verified: true },
      { username: 'mailed-3' },
    ];
    const { body } = await send(ndjson(rows), { query: 'send_verification=true' });
    expect(body.inserted).toBe(3);
    expect(await mails()).toEqual([{ recipient: 'mailed-1@example.com' }]);
  });

  it('an idempotency key imports one file once', async () => {
    const headers = { 'idempotency-key': `once-${kind}` };
    const file = ndjson(Array.from({ length: 300 }, (_, i) => ({ username: `once-${i}` })));
    const first = await send(file, { headers });
    expect(first.body).toMatchObject({ inserted: 300 });
    const second = await send(file, { headers });
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    for (const other of [`${file}{"username":"once-more"}\n`, file.slice(0, -25), file.replace('once-7"', 'once-X"')]) {
      const refused = await send(other, { headers });
      expect([refused.status, refused.body.code]).toEqual([422, 'idempotency_mismatch']);
    }
    const otherMode = await send(file, { headers, query: 'mode=upsert' });
    expect([otherMode.status, otherMode.body.code]).toEqual([422, 'idempotency_mismatch']);
    const jobs = await server.api('GET', `/jobs?idempotency_key=once-${kind}`);
    expect(jobs.body).toMatchObject({ jobs: [{ id: first.body.job_id, state: 'completed', total: 300 }] });
  });

  it('an import whose sender goes away is interrupted, and goes on under its key', async () => {
    const key = `cut-${kind}`;
    const lines = Array.from({ length: 5000 }, (_, i) => `${JSON.stringify({ username: `cut-${i}` })}\n`);
    const gone = new AbortController();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from(`${lines.slice(0, 3000).join('')}{"username":"cut-3000`));
      },
    });
    const cut = fetch(`${server.url}/api/v1/users/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': TYPES.ndjson, 'idempotency-key': key },
      body,
      duplex: 'half',
      signal: gone.signal,
    } as RequestInit);
    const jobOf = async () =>
      ((await server.api('GET', `/jobs?idempotency_key=${key}`)).body as { jobs: { state: string; total: number }[] })
        .jobs[0];
    await expect.poll(async () => (await jobOf())?.total, { timeout: 10_000 }).toBe(3000);
    expect(await jobOf()).toMatchObject({ state: 'running' });
    const tooSoon = await send(lines.join(''), { headers: { 'idempotency-key': key } });
    expect([tooSoon.status, tooSoon.body.code]).toEqual([409, 'idempotency_in_progress']);
    expect(tooSoon.headers.get('retry-after')).toBe('1');
    gone.abort();
    await expect(cut).rejects.toThrow();
    await expect.poll(async () => (await jobOf())?.state, { timeout: 10_000 }).toBe('interrupted');
    expect(await jobOf()).toMatchObject({ total: 3000 });
    const whole = await send(lines.join(''), { headers: { 'idempotency-key': key } });
    expect(whole.body).toMatchObject({ inserted: 5000, failed: 0, total: 5000 });
    const users = await server.services.database.read((db) =>
      db.selectFrom('users').select('id').where('doc', 'like', '%"username":"cut-%').execute(),
    );
    const created = await events({ type: 'user.created' });
    const targets = new Set(users.map(({ id }) => id));
    expect(users).toHaveLength(5000);
    expect(created.filter(({ target_id }) => targets.has(target_id as string))).toHaveLength(5000);
  });

  it('two imports of the same people at once give each person once', async () => {
    const file = ndjson(Array.from({ length: 1500 }, (_, i) => ({ email: `race-${i}@example.com` })));
    const answers = await Promise.all([
      send(file),
      send(file),
      server.api('POST', '/users', { email: 'race-700@example.com' }),
    ]);
    const [one, two, three] = answers as unknown as [{ body: Answer }, { body: Answer }, { status: number }];
    const total = one.body.inserted + two.body.inserted + (three.status === 201 ? 1 : 0);
    expect(total).toBe(1500);
    expect(one.body.inserted + one.body.failed).toBe(1500);
    expect(two.body.inserted + two.body.failed).toBe(1500);
  });

  it('refuses other media and other encodings', async () => {
    for (const type of ['text/plain', 'application/x-ndjson; charset=latin1']) {
      const refused = await send('{}', { type });
      expect([refused.status, refused.body.code]).toEqual([415, 'unsupported_media_type']);
    }
    const unknown = await send('{}', { query: 'mode=insert&conection=x' });
    expect(unknown.status).toBe(400);
  });

  it('exports what it imported, and imports what it exported', async () => {
    const sent = await send(
      ndjson([
        {
          email: 'trip-1@example.com',
          email_verified: true,
          name: '=HYPERLINK("x")',
          phone_number: '+4930123456',
          profile: { company: 'A, "B"' },
          user_metadata: { nested: { list: [1, 'zwei'] } },
          state: 'disabled',
        },
        { username: 'trip-2', name: 'trip Zoë' },
      ]),
    );
    expect(sent.body.inserted, JSON.stringify(sent.body)).toBe(2);
    const exported = async (query: string) => {
      const response = await fetch(`${server.url}/api/v1/users/export?search=trip-&${query}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(response.status).toBe(200);
      return response.text();
    };
    const people = async () =>
      ((await server.api('GET', '/users?search=trip-&sort=created_at')).body as { users: Record<string, unknown>[] })
        .users;
    const wanted = await people();
    for (const [format, type] of [
      ['ndjson', TYPES.ndjson],
      ['csv', TYPES.csv],
    ] as const) {
      const file = await exported(`format=${format}`);
      for (const { id } of await people()) expect((await server.api('DELETE', `/users/${id}`)).status).toBe(204);
      const back = await send(file, { type });
      expect(back.body, JSON.stringify(back.body)).toMatchObject({ inserted: 2, failed: 0, total: 2 });
      const strip = ({ id, identities, created_at, updated_at, ...rest }: Record<string, unknown>) => rest;
      expect((await people()).map(strip)).toEqual(wanted.map(strip));
    }
  });

  it('an export ends with a trailer that proves it whole', async () => {
    const { createHash } = await import('node:crypto');
    const response = await fetch(`${server.url}/api/v1/users/export`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const at = text.lastIndexOf('\n', text.length - 2) + 1;
    const { trailer } = JSON.parse(text.slice(at)) as { trailer: { rows: number; sha256: string } };
    const all = await server.services.database.read((db) =>
      db.selectFrom('users').select('id').orderBy('num').execute(),
    );
    expect(trailer).toEqual({ rows: all.length, sha256: createHash('sha256').update(text.slice(0, at)).digest('hex') });
    const ids = text
      .slice(0, at)
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(all.map(({ id }) => id));
    expect((await events({ type: 'users.exported' })).at(-1)?.data).toContain('ndjson');
    const csv = await fetch(`${server.url}/api/v1/users/export?format=csv&state=disabled`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect((await csv.text()).split('\n').at(-2)).toMatch(/^#trailer rows=\d+ sha256=[0-9a-f]{64}$/);
    const refused = await fetch(`${server.url}/api/v1/users/export?created_after=yesterday`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(refused.status).toBe(400);
  });

  it('an idempotency key may be used anew after a day', async () => {
    const headers = { 'idempotency-key': `daily-${kind}` };
    const file = ndjson([{ username: 'daily' }]);
    const first = await send(file, { headers });
    expect(first.body).toMatchObject({ inserted: 1 });
    server.clock.advance(25 * 3_600_000);
    token = await server.token();
    const late = await send(file, { headers });
    expect(late.body).toMatchObject({ inserted: 0, failed: 1 });
    expect(late.body.job_id).not.toBe(first.body.job_id);
  });

  it('a server that stops leaves a running import to be resumed, and says how', async () => {
    const own = await bootServer(kind);
    let stopped: Promise<void> | undefined;
    try {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(Buffer.from(ndjson([{ username: 'stop-1' }, { username: 'stop-2' }])));
        },
      });
      const answer = fetch(`${own.url}/api/v1/users/import`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await own.token()}`, 'content-type': TYPES.ndjson },
        body,
        duplex: 'half',
      } as RequestInit);
      const total = async () => ((await own.api('GET', '/jobs')).body as { jobs: { total: number }[] }).jobs[0]?.total;
      await expect.poll(total, { timeout: 15_000 }).toBe(2);
      stopped = own.stop();
      const response = await answer;
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      expect(((await response.json()) as Answer).detail).toMatch(/stopping; send the file again with resume=job_\w+/);
    } finally {
      await (stopped ?? own.stop());
    }
  });
});
