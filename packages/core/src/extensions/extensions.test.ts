/** What vendors keep of a resource: together with the change it belongs to, sealed where it is secret, shown to nobody else. */
import { createWork, operations, Rendered, together } from '@reeve/core';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extensionsOf, setExtension } from './extensions.ts';

const idOf = (answer: unknown): string =>
  (answer instanceof Rendered ? (JSON.parse(answer.json) as { id: string }) : (answer as { id: string })).id;

describe.each(databaseKinds)('extensions on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const kept = async (table: Parameters<typeof extensionsOf>[2], id: string, vendor: 'auth0' | 'authing' = 'auth0') => {
    const work = server.work();
    return (await work.read((db) => extensionsOf(db, work, table, vendor, [id]))).get(id);
  };
  const createApplication = (name: string, extension: Record<string, unknown>) =>
    together(server.work(), async (work, unit) => {
      const body = { name, type: 'web', client_id: name } as const;
      const made = await operations.applications.create(work, { body, query: undefined });
      await setExtension(unit, 'applications', idOf(made), 'auth0', extension, { isCreation: true });
      return made;
    });
  const eventsOf = async (id: string) => {
    const { body } = await server.api('GET', `/audit?target=${id}&order=asc`);
    return (body as { events: { event_type: string; data: unknown }[] }).events;
  };

  it('creates an application and its extension in one transaction, told by one event', async () => {
    const value = { logo_uri: 'https://a.example/l.png', jwt_configuration: { alg: 'RS256' } };
    const id = idOf(await createApplication('with-extension', value));
    expect(await kept('applications', id)).toEqual(value);
    expect((await eventsOf(id)).map(({ event_type }) => event_type)).toEqual(['application.created']);
    expect((await server.api('GET', `/applications/${id}`)).body).not.toHaveProperty('extensions');
  });

  it('creates neither where the extension is over its bound', async () => {
    const failing = createApplication('too-large', { text: 'x'.repeat(600_000) });
    await expect(failing).rejects.toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'extensions.auth0.text', code: 'maxLength' }],
    });
    expect((await server.api('GET', '/applications/too-large')).status).toBe(404);
  });

  it('holds 524,288 bytes of JSON and not one more, and names the largest part', async () => {
    const bound = 524_288;
    const page = (bytes: number) => {
      const empty = { settings: { error_page: { html: '' } }, a: 'é' };
      const html = 'x'.repeat(bytes - Buffer.byteLength(JSON.stringify(empty)));
      return { ...empty, settings: { error_page: { html } } };
    };
    const id = idOf(await createApplication('at-the-bound', page(bound)));
    expect(await kept('applications', id)).toEqual(page(bound));
    const set = (value: Record<string, unknown>) =>
      server.work().write((unit) => setExtension(unit, 'applications', id, 'auth0', value));
    await expect(set(page(bound + 1))).rejects.toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'extensions.auth0.settings.error_page.html', code: 'maxLength' }],
    });
    const many = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`page${i}`, 'x'.repeat(100_000)]));
    const together = { first: { a: 1 }, many: { ...many, page3: `${many.page3}x` } };
    await expect(set(together)).rejects.toMatchObject({ errors: [{ field: 'extensions.auth0.many.page3' }] });
    expect(await kept('applications', id)).toEqual(page(bound));
  });

  it('tells what differs inside a bag, not what stays beside it', async () => {
    const html = 'x'.repeat(200_000);
    const id = idOf(
      await createApplication('nested', { settings: { page: { html, enabled: true }, locales: ['en'] } }),
    );
    await server.work().write((unit) =>
      setExtension(unit, 'applications', id, 'auth0', {
        settings: { page: { html, enabled: false }, locales: ['en', 'de'] },
        added: { deep: 1 },
      }),
    );
    expect((await eventsOf(id)).at(-1)?.data).toEqual({
      before: { extensions: { auth0: { settings: { page: { enabled: true }, locales: ['en'] }, added: null } } },
      after: {
        extensions: { auth0: { settings: { page: { enabled: false }, locales: ['en', 'de'] }, added: { deep: 1 } } },
      },
    });
  });

  it('changes the extension with the resource or alone, and tells what differs', async () => {
    const id = idOf(await createApplication('changing', { a: 1, b: { c: 2 } }));
    const update = (body: object, change: (before: object | undefined) => Record<string, unknown> | null) =>
      together(server.work(), async (work, unit) => {
        await operations.applications.update(work, { application_id: id, body, query: undefined });
        await setExtension(unit, 'applications', id, 'auth0', change);
      });
    await update({}, (before) => ({ ...before, a: 5 }));
    expect(await kept('applications', id)).toEqual({ a: 5, b: { c: 2 } });
    await update({ name: 'Renamed' }, (before) => ({ ...before, a: 5 }));
    await update({}, () => null);
    expect(await kept('applications', id)).toBeUndefined();
    const events = await eventsOf(id);
    expect(events.map(({ event_type }) => event_type)).toEqual([
      'application.created',
      'application.updated',
      'application.updated',
      'application.updated',
    ]);
    expect(events[1]?.data).toEqual({
      before: { extensions: { auth0: { a: 1 } } },
      after: { extensions: { auth0: { a: 5 } } },
    });
    expect(events[2]?.data).toMatchObject({ after: { name: 'Renamed' } });
  });

  it('seals what is secret, and keeps it out of events', async () => {
    const id = await together(server.work(), async (work, unit) => {
      const body = { name: `social-${kind}`, strategy: 'google-oauth2' };
      const made = idOf(await operations.connections.create(work, { body, query: undefined }));
      await setExtension(unit, 'connections', made, 'auth0', {
        options: { client_id: 'abc', client_secret: 'very-hidden', list: [{ api_key: 'very-hidden' }] },
      });
      return made;
    });
    const text = await server
      .work()
      .read(async (db) =>
        JSON.stringify([
          await db.selectFrom('connections').selectAll().where('id', '=', id).execute(),
          await db.selectFrom('events').selectAll().where('target_id', '=', id).execute(),
        ]),
      );
    expect(text).toContain('abc');
    expect(text).not.toContain('very-hidden');
    expect(await kept('connections', id)).toEqual({
      options: { client_id: 'abc', client_secret: 'very-hidden', list: [{ api_key: 'very-hidden' }] },
    });
  });

  it('keeps vendors and tenants apart, on every kind of resource', async () => {
    const made = async (path: string, body: object) => idOf((await server.api('POST', path, body)).body);
    const ids = {
      tenants: server.tenant.publicId,
      organizations: await made('/organizations', { name: `ext-${kind}` }),
      users: await made('/users', { username: `ext-${kind}` }),
    } as const;
    for (const table of ['tenants', 'organizations', 'users'] as const) {
      await server.work().write(async (unit) => {
        await setExtension(unit, table, ids[table], 'auth0', { of: table });
        await setExtension(unit, table, ids[table], 'authing', { of: 'another' });
      });
      expect(await kept(table, ids[table])).toEqual({ of: table });
      expect(await kept(table, ids[table], 'authing')).toEqual({ of: 'another' });
    }
    const created = await server.api('POST', '/tenants', { name: `ext-${kind}`, domains: [`ext-${kind}.example.com`] });
    const { tenant } = created.body as { tenant: { id: string } };
    const row = await server
      .work()
      .read((db) => db.selectFrom('tenants').select('num').where('id', '=', tenant.id).executeTakeFirstOrThrow());
    const there = createWork({ services: server.services, tenant: { ...server.tenant, id: row.num } });
    for (const table of ['tenants', 'organizations', 'users'] as const) {
      expect((await there.read((db) => extensionsOf(db, there, table, 'auth0', [ids[table]]))).size).toBe(0);
      const set = there.write((unit) => setExtension(unit, table, ids[table], 'auth0', { stolen: 1 }));
      await expect(set).rejects.toMatchObject({ code: 'not_found' });
      expect(await kept(table, ids[table])).toEqual({ of: table });
    }
  });

  it('survives later changes of the resource', async () => {
    const id = idOf(await createApplication('surviving', { logo: 'x' }));
    await server.api('PATCH', `/applications/${id}`, { name: 'Later' });
    await server.api('POST', `/applications/${id}/disable`);
    expect(await kept('applications', id)).toEqual({ logo: 'x' });
  });
});
