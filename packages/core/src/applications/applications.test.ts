import { bootServer, CLIENT_ID, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Application {
  readonly id: string;
  readonly client_id: string;
  readonly client_secret: string | null;
  readonly enabled: boolean;
}
interface Rotated {
  readonly client_secret: string;
  readonly expires_at: string | null;
}
interface Secret {
  readonly id: string;
  readonly hint: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
}

const HOUR = 3_600_000;

describe.each(databaseKinds)('applications on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let made = 0;
  const make = async (body: object = {}): Promise<Application & { etag: string }> => {
    const answer = await server.api('POST', '/applications', {
      name: `App ${++made}`,
      type: 'machine_to_machine',
      ...body,
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return { ...(answer.body as Application), etag: answer.headers.get('etag') as string };
  };
  const rotate = async (id: string, body: object = {}) => {
    const answer = await server.api('POST', `/applications/${id}/rotate-secret`, body);
    return { status: answer.status, body: answer.body as Rotated & { code: string } };
  };
  const secretsOf = async (id: string): Promise<Secret[]> =>
    ((await server.api('GET', `/applications/${id}/secrets`)).body as { secrets: Secret[] }).secrets;
  /** Which of the texts are stored as digests that work now. */
  const working = async (id: string, texts: readonly string[]): Promise<boolean[]> => {
    const now = server.clock.now();
    const rows = await server.work().read((db) =>
      db
        .selectFrom('application_secrets')
        .select('digest')
        .where('application_id', '=', id)
        .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', now)]))
        .execute(),
    );
    const digests = new Set(rows.map(({ digest }) => digest));
    return texts.map((text) => digests.has(server.services.vault.digest(text)));
  };

  it('shows its secret once, and none where none can be kept', async () => {
    const machine = await make();
    expect(machine.client_secret).toMatch(/^[\w-]{43}$/);
    expect(machine.client_id).toMatch(/^[\w-]{32}$/);
    const shown = await server.api('GET', `/applications/${machine.id}`);
    expect(shown.body).not.toHaveProperty('client_secret');
    expect(shown.headers.get('etag')).toBe('"v1"');
    expect((await server.api('GET', `/applications/${machine.client_id}`)).body).toEqual(shown.body);
    for (const type of ['spa', 'native']) {
      const open = await make({ type });
      expect(open.client_secret).toBeNull();
      expect(await secretsOf(open.id)).toEqual([]);
      expect((await rotate(open.id)).body).toMatchObject({ code: 'conflict' });
      const refused = await server.api('PATCH', `/applications/${open.id}`, { grant_types: ['client_credentials'] });
      expect(refused.body).toMatchObject({ code: 'invalid_request', errors: [{ field: 'grant_types.0' }] });
    }
  });

  it('takes a client id once', async () => {
    await make({ client_id: 'chosen.id' });
    const again = await server.api('POST', '/applications', { name: 'x', type: 'web', client_id: 'chosen.id' });
    expect(again.body).toMatchObject({ code: 'client_id_taken', errors: [{ field: 'client_id' }] });
    const race = await Promise.all(
      Array.from({ length: 5 }, () =>
        server.api('POST', '/applications', { name: 'race', type: 'web', client_id: 'raced-id' }),
      ),
    );
    expect(race.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  it('answers to its client id wherever it does to its id', async () => {
    const app = await make({ client_id: `by-client-id-${kind}` });
    const path = `/applications/${app.client_id}`;
    const at = (etag: string) => ({ 'if-match': etag });
    const changed = await server.api('PATCH', path, { name: 'Renamed' }, at(app.etag));
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"v2"']);
    expect((await server.api('PATCH', path, { name: 'Late' }, at(app.etag))).status).toBe(412);
    const rotated = await rotate(app.client_id);
    expect(rotated.status).toBe(200);
    const secrets = await secretsOf(app.client_id);
    expect(secrets).toEqual(await secretsOf(app.id));
    expect(secrets).toHaveLength(2);
    expect((await server.api('DELETE', `${path}/secrets/${secrets[1]?.id}`)).status).toBe(204);
    expect((await server.api('POST', `${path}/disable`, undefined, at('"v1"'))).status).toBe(412);
    const disabled = await server.api('POST', `${path}/disable`, undefined, at('"v2"'));
    expect(disabled.body).toMatchObject({ id: app.id, enabled: false });
    expect((await server.api('POST', `${path}/enable`)).body).toMatchObject({ id: app.id, enabled: true });
    expect((await server.api('DELETE', path, undefined, at('"v1"'))).status).toBe(412);
    expect((await server.api('DELETE', path)).status).toBe(204);
    expect((await server.api('DELETE', path)).status).toBe(404);
    const { events } = (await server.api('GET', `/audit?target=${app.id}&order=asc`)).body as unknown as {
      events: { event_type: string; target: object }[];
    };
    expect(events.map(({ event_type }) => event_type)).toEqual(
      ['created', 'updated', 'secret_rotated', 'secret_revoked', 'disabled', 'enabled', 'deleted'].map(
        (what) => `application.${what}`,
      ),
    );
    for (const { target } of events) expect(target).toEqual({ type: 'application', id: app.id });
  });

  it('can’t disable itself under its client id either', async () => {
    const refused = await server.api('POST', `/applications/${CLIENT_ID}/disable`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });

  it('changes by merge patch under If-Match', async () => {
    const app = await make({ metadata: { keep: 1, drop: { a: 1, b: 2 } } });
    const changed = await server.api(
      'PATCH',
      `/applications/${app.id}`,
      { metadata: { drop: { a: null } }, scopes: ['users:read'], auto_grant_on_signup: true },
      { 'if-match': app.etag },
    );
    expect(changed.body).toMatchObject({
      metadata: { keep: 1, drop: { b: 2 } },
      scopes: ['users:read'],
      auto_grant_on_signup: true,
    });
    expect(changed.headers.get('etag')).toBe('"v2"');
    const stale = await server.api('PATCH', `/applications/${app.id}`, { name: 'no' }, { 'if-match': app.etag });
    expect(stale.status).toBe(412);
    const same = await server.api('PATCH', `/applications/${app.id}`, { scopes: ['users:read'] });
    expect(same.headers.get('etag')).toBe('"v2"');
    expect((await server.api('PATCH', `/applications/${app.id}`, { client_id: 'other' })).status).toBe(400);
  });

  it('disables, enables and deletes, but neither the asker nor what came with the tenant', async () => {
    const app = await make();
    expect((await server.api('POST', `/applications/${app.id}/disable`)).body).toMatchObject({ enabled: false });
    const again = await server.api('POST', `/applications/${app.id}/disable`);
    expect(again.headers.get('etag')).toBe('"v2"');
    expect((await server.api('GET', '/applications?enabled=false&include_total=true')).body).toMatchObject({
      total: 1,
      applications: [{ id: app.id }],
    });
    expect((await server.api('POST', `/applications/${app.id}/enable`)).body).toMatchObject({ enabled: true });
    const { body } = await server.api('GET', `/applications/${CLIENT_ID}`);
    const own = body as Application;
    expect((await server.api('POST', `/applications/${own.id}/disable`)).body).toMatchObject({ code: 'conflict' });
    expect((await server.api('DELETE', `/applications/${own.id}`)).body).toMatchObject({ code: 'protected_resource' });
    expect((await server.api('DELETE', `/applications/${app.id}`, undefined, { 'if-match': '"v1"' })).status).toBe(412);
    expect((await server.api('DELETE', `/applications/${app.id}`)).status).toBe(204);
    expect((await server.api('GET', `/applications/${app.client_id}`)).status).toBe(404);
  });

  it('refuses the tokens of a disabled application at once', async () => {
    const app = await make({ scopes: ['users:read'] });
    const bearer = await server.token(['users:read'], { azp: app.client_id, sub: `${app.client_id}@clients` });
    const status = async () =>
      (await fetch(`${server.url}/api/v1/users?limit=1`, { headers: { authorization: `Bearer ${bearer}` } })).status;
    expect(await status()).toBe(200);
    await server.api('POST', `/applications/${app.id}/disable`);
    expect(await status()).toBe(401);
    await server.api('POST', `/applications/${app.id}/enable`);
    expect(await status()).toBe(200);
    await server.api('PATCH', `/applications/${app.id}`, { scopes: ['groups:read'] });
    expect(await status()).toBe(403);
  });

  it('rotates with an overlap: the old secret works on until it ends', async () => {
    const app = await make();
    const first = app.client_secret as string;
    const { body } = await rotate(app.id);
    const ends = Date.parse(body.expires_at as string);
    expect(Math.abs(ends - (server.clock.now() + 24 * HOUR))).toBeLessThan(10_000);
    expect(await working(app.id, [first, body.client_secret])).toEqual([true, true]);
    expect(await secretsOf(app.id)).toMatchObject([
      { expires_at: null, hint: body.client_secret.slice(-4), last_used_at: null },
      { expires_at: body.expires_at, hint: first.slice(-4) },
    ]);
    // A shorter overlap shortens what runs already; a longer one does not lengthen it.
    const second = await rotate(app.id, { overlap: 60 });
    const third = await rotate(app.id, { overlap: 3600 });
    server.clock.advance(61_000);
    expect(await working(app.id, [first, body.client_secret])).toEqual([false, false]);
    expect(await working(app.id, [second.body.client_secret, third.body.client_secret])).toEqual([true, true]);
    const last = await rotate(app.id, { overlap: 0 });
    expect(Date.parse(last.body.expires_at as string)).toBeLessThanOrEqual(server.clock.now());
    expect(await working(app.id, [second.body.client_secret, third.body.client_secret])).toEqual([false, false]);
    expect(await secretsOf(app.id)).toHaveLength(1);
  });

  it('uses the overlap of the application, and tells where there was no secret', async () => {
    const app = await make({ secret_overlap: 120 });
    const { body } = await rotate(app.id);
    expect(Math.abs(Date.parse(body.expires_at as string) - (server.clock.now() + 120_000))).toBeLessThan(10_000);
    for (const { id } of await secretsOf(app.id))
      expect((await server.api('DELETE', `/applications/${app.id}/secrets/${id}`)).status).toBe(204);
    expect(await working(app.id, [body.client_secret])).toEqual([false]);
    expect((await rotate(app.id)).body.expires_at).toBeNull();
    expect((await server.api('DELETE', `/applications/${app.id}/secrets/sec_none`)).status).toBe(404);
  });

  it('has at most ten secrets that work, however many rotate at once', async () => {
    const app = await make();
    const answers = await Promise.all(Array.from({ length: 14 }, () => rotate(app.id)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(9);
    for (const { status, body } of answers.filter((answer) => answer.status !== 200))
      expect([status, body.code]).toEqual([422, 'limit_reached']);
    expect(await secretsOf(app.id)).toHaveLength(10);
    expect((await rotate(app.id, { overlap: 0 })).status).toBe(200);
    expect(await secretsOf(app.id)).toHaveLength(1);
  });

  it('keeps secrets out of the events and the database', async () => {
    const app = await make();
    const { body } = await rotate(app.id);
    const rows = await server
      .work()
      .read(async (db) => [
        ...(await db.selectFrom('events').selectAll().where('target_id', '=', app.id).execute()),
        ...(await db.selectFrom('application_secrets').selectAll().where('application_id', '=', app.id).execute()),
      ]);
    const text = JSON.stringify(rows);
    expect(text).toContain('application.secret_rotated');
    for (const secret of [app.client_secret as string, body.client_secret]) expect(text).not.toContain(secret);
  });

  it('lists by search over name and client id', async () => {
    const app = await make({ name: 'Findable 100%', client_id: 'Some_Client' });
    for (const search of ['findABLE', '0%', 'some_cl']) {
      const { body } = await server.api('GET', `/applications?search=${encodeURIComponent(search)}&include_total=true`);
      expect(body).toMatchObject({ total: 1, applications: [{ id: app.id }] });
    }
    const { body } = await server.api('GET', '/applications?include_total=true&limit=100');
    const { applications, total } = body as { applications: unknown[]; total: number };
    expect(total).toBe(applications.length);
  });

  it('answers a repeated rotation with the same secret', async () => {
    const app = await make();
    const key = { 'idempotency-key': `rotate-${app.id}` };
    const one = await server.api('POST', `/applications/${app.id}/rotate-secret`, {}, key);
    const two = await server.api('POST', `/applications/${app.id}/rotate-secret`, {}, key);
    expect(two.body).toEqual(one.body);
    expect(await secretsOf(app.id)).toHaveLength(2);
  });
});
