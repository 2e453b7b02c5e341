import type { DeviceCredential } from '@reeve/contract';
import {
  bootServer,
  claimsIn,
  databaseKinds,
  refreshWith,
  rw3issCaller,
  rw3issPerson,
  signInWith,
  type TestServer,
  withBearer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../rows.ts';

const PASSWORD = 'a good long password';

interface Listed {
  readonly device_credentials: DeviceCredential[];
  readonly next_cursor: string | null;
  readonly total?: number;
}

describe.each(databaseKinds)('device credentials on %s', (kind) => {
  let server: TestServer;
  let count = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const person = async () => {
    const email = `device-${++count}@example.com`;
    const { body } = await server.api('POST', '/users', { email, password: PASSWORD, email_verified: true });
    return { id: (body as { id: string }).id, email };
  };
  const application = async () =>
    ((await server.api('POST', '/applications', { name: `device-${++count}`, type: 'web' })).body as { id: string }).id;
  const signIn = async (email: string) => {
    const scope = 'openid offline_access';
    const { body, status } = await signInWith(server, { username: email, password: PASSWORD, scope });
    expect(status).toBe(200);
    return body;
  };
  const key = (user_id: string, device_id: string, more: object = {}) =>
    server.api('POST', '/device-credentials', {
      type: 'public_key',
      device_name: 'Phone',
      device_id,
      value: 'a-public-key',
      user_id,
      ...more,
    });
  const list = async (query: string): Promise<Listed> => {
    const { status, body } = await server.api('GET', `/device-credentials?${query}`);
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  };
  const events = (type: string, target: string) =>
    server
      .work()
      .read((db) => countRows(db.selectFrom('events').where('type', '=', type).where('target_id', '=', target)));

  it('keeps one key for each user, application and device, also when several come at the same time', async () => {
    const { id } = await person();
    const answers = await Promise.all(Array.from({ length: 5 }, () => key(id, 'one')));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.body).toMatchObject({ code: 'conflict', errors: [{ field: 'device_id' }] });
    const made = answers.find(({ status }) => status === 201)?.body as unknown as DeviceCredential;
    expect(made).toMatchObject({ type: 'public_key', user_id: id, device_id: 'one', device_name: 'Phone' });
    expect(made.id).toMatch(/^dcr_[0-9A-Z]{26}$/);
    expect(made.application_id).toMatch(/^app_/);
    expect(JSON.stringify(answers)).not.toContain('a-public-key');
    expect((await key(id, 'two')).status).toBe(201);
    expect((await key(id, 'one', { application_id: await application() })).status).toBe(201);
    expect((await key((await person()).id, 'one')).status).toBe(201);
    expect(await events('device_credential.created', made.id)).toBe(1);
    expect((await server.api('DELETE', `/device-credentials/${made.id}`)).status).toBe(204);
    expect((await server.api('DELETE', `/device-credentials/${made.id}`)).status).toBe(404);
    expect(await events('device_credential.deleted', made.id)).toBe(1);
    expect((await key(id, 'one')).status).toBe(201);
  });

  it('belongs to the user who asks, unless another is named who is there', async () => {
    const { id } = await person();
    const token = await server.token(undefined, { uid: id });
    const { users } = (await server.api('GET', '/users?role=system_admin')).body as { users: { id: string }[] };
    const own = await server.token(undefined, { uid: users[0]?.id as string });
    const send = (bearer: string, body: object) =>
      fetch(`${server.url}/api/v1/device-credentials`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'public_key', device_name: 'd', device_id: 'mine', value: 'v', ...body }),
      });
    expect((await send(token, {})).status).toBe(403);
    const made = await send(own, {});
    expect([made.status, await made.json()]).toMatchObject([201, { user_id: users[0]?.id }]);
    for (const [body, field] of [
      [{}, 'user_id'],
      [{ user_id: 'usr_nobody' }, 'user_id'],
      [{ user_id: id, application_id: 'app_none' }, 'application_id'],
    ] as const) {
      const answer = await send(await server.token(), body);
      expect([answer.status, await answer.json()]).toMatchObject([400, { errors: [{ field }] }]);
    }
  });

  it('shows a session of another door than OAuth’s, and ends it', async () => {
    const { id, email } = await person();
    const { tokens } = await rw3issPerson(server, { email, password: PASSWORD });
    const renew = () => rw3issCaller(server)('POST', '/auth/refresh', { refresh_token: tokens.refresh_token });
    const { device_credentials: found } = await list(`user_id=${id}`);
    expect(found).toMatchObject([{ type: 'rotating_refresh_token', user_id: id }]);
    expect((await server.api('DELETE', `/device-credentials/${found[0]?.id}`)).status).toBe(204);
    expect((await list(`user_id=${id}&include_total=true`)).total).toBe(0);
    expect((await renew()).status).toBe(401);
  });

  it('shows the refresh tokens of a session as one, under an id that stays, and ends the session with it', async () => {
    const { id, email } = await person();
    const first = await signIn(email);
    const [credential] = (await list(`user_id=${id}`)).device_credentials;
    expect(credential).toMatchObject({ type: 'rotating_refresh_token', user_id: id, device_id: null });
    const second = await refreshWith(server, first.refresh_token);
    expect(second.status).toBe(200);
    expect((await list(`user_id=${id}`)).device_credentials).toEqual([credential]);
    const other = await signIn(email);
    expect((await list(`user_id=${id}&include_total=true`)).total).toBe(2);
    expect((await list(`user_id=${id}&type=refresh_token&include_total=true`)).total).toBe(0);
    const target = credential?.id as string;
    expect((await server.api('DELETE', `/device-credentials/${target}`)).status).toBe(204);
    expect((await server.api('DELETE', `/device-credentials/${target}`)).status).toBe(404);
    expect(await events('device_credential.deleted', target)).toBe(1);
    expect(await events('session.revoked', claimsIn(first.access_token).sid as string)).toBe(1);
    expect((await refreshWith(server, second.body.refresh_token)).status).toBe(400);
    expect((await withBearer(server, second.body.access_token, '/userinfo')).status).toBe(401);
    expect((await refreshWith(server, other.refresh_token)).status).toBe(200);
    expect((await list(`user_id=${id}`)).device_credentials).toHaveLength(1);
  });

  it('pages both kinds in one order, newest first, and filters', async () => {
    const { id, email } = await person();
    const made: string[] = [];
    for (let i = 0; i < 3; i++) {
      made.push(((await key(id, `paged-${i}`)).body as DeviceCredential).id);
      const { access_token } = await signIn(email);
      made.push(`dcr_${(claimsIn(access_token).sid as string).slice(4)}`);
    }
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Listed = await list(`user_id=${id}&limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.device_credentials.map((credential) => credential.id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(made.toReversed());
    const only = async (more: string) => (await list(`user_id=${id}&include_total=true${more}`)).total;
    expect([await only(''), await only('&type=public_key'), await only('&type=rotating_refresh_token')]).toEqual([
      6, 3, 3,
    ]);
    expect(await only(`&application_id=${await application()}`)).toBe(0);
    const everything = await list('limit=100&include_total=true');
    expect(everything.device_credentials).toHaveLength(everything.total as number);
    await server.api('DELETE', `/users/${id}`);
    expect(await only('')).toBe(0);
  });
});
