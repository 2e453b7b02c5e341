import { ADMIN_EMAIL, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../rows.ts';

interface Role {
  readonly id: string;
  readonly code: string;
  readonly namespace: string;
  readonly is_built_in: boolean;
}

describe.each(databaseKinds)('roles on %s', (kind) => {
  let server: TestServer;
  let admin: string;
  let systemAdmin: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    const { body } = await server.api('GET', `/users?email=${ADMIN_EMAIL}`);
    admin = (body as { users: { id: string }[] }).users[0]?.id as string;
    systemAdmin = (await named('system_admin')).id;
  });
  afterAll(() => server.stop());

  const named = async (code: string, namespace = 'default'): Promise<Role> => {
    const { body } = await server.api('GET', `/roles?limit=100&namespace=${namespace}`);
    return (body as { roles: Role[] }).roles.find((role) => role.code === code) as Role;
  };
  const make = async (body: object): Promise<Role> => {
    const answer = await server.api('POST', '/roles', body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  let people = 0;
  const person = async (): Promise<string> =>
    ((await server.api('POST', '/users', { username: `roles-${++people}` })).body as { id: string }).id;
  /** A person whose own token may do something. */
  const administrator = async (): Promise<string> => {
    const id = await person();
    await server.api('PUT', `/users/${id}/roles`, { roles: ['super_admin'] });
    return id;
  };
  const tokenVersion = (id: string) =>
    server.work().read(async (db) => {
      const row = await db.selectFrom('users').select('token_version').where('id', '=', id).executeTakeFirstOrThrow();
      return row.token_version;
    });
  const changesOf = (id: string) =>
    server
      .work()
      .read((db) =>
        countRows(db.selectFrom('events').where('type', '=', 'user.roles_changed').where('target_id', '=', id)),
      );
  const codesOf = async (id: string): Promise<string[]> => {
    const { body } = await server.api('GET', `/users/${id}/roles?limit=100`);
    return (body as { roles: Role[] }).roles.map(({ code }) => code).sort();
  };
  const userToken = async (uid: string) => server.token(['users:read'], { uid, tv: await tokenVersion(uid) });
  const statusWith = async (token: string) =>
    (await fetch(`${server.url}/api/v1/users?limit=1`, { headers: { authorization: `Bearer ${token}` } })).status;

  it('keeps codes unique in their namespace, without case', async () => {
    const shop = await make({ code: 'Editor', namespace: 'shop' });
    expect(shop).toMatchObject({ name: 'Editor', level: 100, is_built_in: false });
    const inDefault = await make({ code: 'editor' });
    expect(inDefault.namespace).toBe('default');
    expect((await server.api('POST', '/roles', { code: 'EDITOR' })).body).toMatchObject({ code: 'code_taken' });
    const other = await make({ code: 'other' });
    expect((await server.api('PATCH', `/roles/${other.id}`, { code: 'ediTOR' })).status).toBe(409);
    const { body } = await server.api('GET', '/roles?search=EDIT&include_total=true');
    expect(body).toMatchObject({ total: 2 });
    const coded = async (query: string) => {
      const { roles, total } = (await server.api('GET', `/roles?include_total=true&code=${query}`)).body as {
        roles: Role[];
        total: number;
      };
      expect(total).toBe(roles.length);
      return roles.map(({ id }) => id);
    };
    expect(await coded('eDITOR')).toEqual([inDefault.id, shop.id]);
    expect(await coded('editor&namespace=shop')).toEqual([shop.id]);
    expect(await coded('edit')).toEqual([]);
    const all = await server.api('GET', '/roles?limit=100&include_total=true');
    const { roles, total } = all.body as { roles: Role[]; total: number };
    expect(total).toBe(roles.length);
  });

  it('protects what a built-in role means', async () => {
    expect((await server.api('DELETE', `/roles/${systemAdmin}`)).body).toMatchObject({ code: 'protected_resource' });
    expect((await server.api('PATCH', `/roles/${systemAdmin}`, { level: 7 })).body).toMatchObject({
      code: 'protected_resource',
    });
    expect((await server.api('PATCH', `/roles/${systemAdmin}`, { code: 'boss' })).status).toBe(409);
    const renamed = await server.api('PATCH', `/roles/${systemAdmin}`, { name: 'Boss', level: 0 });
    expect(renamed.body).toMatchObject({ name: 'Boss', code: 'system_admin', level: 0 });
  });

  it('gives and takes roles once, at once, also for tokens that are out', async () => {
    const role = await make({ code: 'auditor' });
    const ada = await administrator();
    const token = await userToken(ada);
    expect(await statusWith(token)).toBe(200);
    await Promise.all(Array.from({ length: 6 }, () => server.api('PUT', `/roles/${role.id}/members/${ada}`)));
    expect(await changesOf(ada)).toBe(2);
    expect(await statusWith(token)).toBe(401);
    const fresh = await userToken(ada);
    expect(await statusWith(fresh)).toBe(200);
    await server.api('PUT', `/roles/${role.id}/members/${ada}`);
    expect(await statusWith(fresh)).toBe(200);
    const { body } = await server.api('GET', `/roles/${role.id}/members?include_total=true`);
    expect(body).toMatchObject({ total: 1, members: [{ id: ada }] });
    await Promise.all(Array.from({ length: 6 }, () => server.api('DELETE', `/roles/${role.id}/members/${ada}`)));
    expect(await changesOf(ada)).toBe(3);
    expect(await statusWith(fresh)).toBe(401);
    expect((await server.api('GET', '/users?role=auditor&include_total=true')).body).toMatchObject({ total: 0 });
  });

  it('replaces the set of a user by ids and codes of the namespace default', async () => {
    const ada = await person();
    const seller = await named('seller');
    const elsewhere = await make({ code: 'elsewhere', namespace: 'shop' });
    const set = (roles: string[]) => server.api('PUT', `/users/${ada}/roles`, { roles });
    const first = await set(['BUYER', seller.id, elsewhere.id]);
    expect((first.body as { roles: Role[] }).roles.map(({ code }) => code).sort()).toEqual([
      'buyer',
      'elsewhere',
      'seller',
    ]);
    expect(await codesOf(ada)).toEqual(['buyer', 'elsewhere', 'seller']);
    await set([elsewhere.id, 'seller', 'buyer']);
    expect(await changesOf(ada)).toBe(1);
    const unknown = await set(['buyer', 'elsewhere']);
    expect(unknown.status).toBe(400);
    expect(unknown.body).toMatchObject({ errors: [{ field: 'roles.1', code: 'exists' }] });
    expect(await codesOf(ada)).toEqual(['buyer', 'elsewhere', 'seller']);
    expect((await set(['buyer', 'Buyer'])).body).toMatchObject({ roles: [{ code: 'buyer' }] });
    expect((await set([])).body).toEqual({ roles: [] });
    expect(await codesOf(ada)).toEqual([]);
    expect((await server.api('GET', '/users?role=buyer&include_total=true')).body).toMatchObject({ total: 0 });
  });

  it('settles concurrent replacements on one of the sets', async () => {
    const ada = await person();
    const sets = [['buyer'], ['seller'], ['buyer', 'base_user'], []];
    await Promise.all(sets.map((roles) => server.api('PUT', `/users/${ada}/roles`, { roles })));
    expect(sets.map((roles) => roles.toSorted().join())).toContain((await codesOf(ada)).join());
    for (const code of ['buyer', 'seller', 'base_user']) {
      const { body } = await server.api('GET', `/users?role=${code}&include_total=true&limit=100`);
      const { users, total } = body as { users: unknown[]; total: number };
      expect([code, total]).toEqual([code, users.length]);
    }
  });

  it('takes a deleted role from everyone', async () => {
    const role = await make({ code: 'shortlived' });
    const ada = await administrator();
    await server.api('PUT', `/roles/${role.id}/members/${ada}`);
    const token = await userToken(ada);
    expect((await server.api('DELETE', `/roles/${role.id}`)).status).toBe(204);
    expect(await statusWith(token)).toBe(401);
    expect(await codesOf(ada)).toEqual(['super_admin']);
    expect((await server.api('GET', `/roles/${role.id}`)).status).toBe(404);
  });

  it('keeps the last active system administrator', async () => {
    const refusals = [
      await server.api('DELETE', `/roles/${systemAdmin}/members/${admin}`),
      await server.api('PUT', `/users/${admin}/roles`, { roles: ['buyer'] }),
      await server.api('POST', `/users/${admin}/disable`),
      await server.api('DELETE', `/users/${admin}`),
    ];
    expect(refusals.map(({ body }) => (body as { code: string }).code)).toEqual(Array(4).fill('last_admin'));
    expect(await codesOf(admin)).toEqual(['system_admin']);
    const second = await person();
    await server.api('PUT', `/roles/${systemAdmin}/members/${second}`);
    await server.api('POST', `/users/${second}/disable`);
    expect((await server.api('DELETE', `/users/${admin}`)).body).toMatchObject({ code: 'last_admin' });
    // One who is disabled counts for nothing, so that taking the role from that one is free.
    expect((await server.api('DELETE', `/roles/${systemAdmin}/members/${second}`)).status).toBe(204);
  });

  it('lets at most one of two last administrators go, whichever way they go', async () => {
    const ways: ((id: string) => Promise<{ status: number }>)[] = [
      (id) => server.api('DELETE', `/roles/${systemAdmin}/members/${id}`),
      (id) => server.api('PUT', `/users/${id}/roles`, { roles: [] }),
      (id) => server.api('POST', `/users/${id}/disable`),
      (id) => server.api('DELETE', `/users/${id}`),
    ];
    for (const [a, one] of ways.entries())
      for (const [b, other] of ways.entries()) {
        const rivals = [await person(), await person()] as [string, string];
        for (const id of rivals) await server.api('PUT', `/roles/${systemAdmin}/members/${id}`);
        await server.api('DELETE', `/roles/${systemAdmin}/members/${admin}`);
        const answers = await Promise.all([one(rivals[0]), other(rivals[1])]);
        const refused = answers.filter(({ status }) => status === 409);
        expect([a, b, refused.length]).toEqual([a, b, 1]);
        expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
        await server.api('PUT', `/roles/${systemAdmin}/members/${admin}`);
        for (const id of rivals) await server.api('DELETE', `/users/${id}`);
      }
    const { body } = await server.api('GET', `/roles/${systemAdmin}/members?include_total=true`);
    expect(body).toMatchObject({ total: 1, members: [{ id: admin }] });
  });
});
