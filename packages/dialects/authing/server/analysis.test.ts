/** What the log tells at the door, and of whom: the pool is one of the tenant's connections, and its log is of all of them. */
import { bootServer, CLIENT_ID, databaseKinds, signInWith, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Door, openDoor } from './door.fixture.ts';

const PASSWORD = 'correct horse battery';
/** A sign-in that names the connection. */
const GRANT = 'http://auth0.com/oauth/grant-type/password-realm';

describe.each(databaseKinds)('what users of the pool did on %s', (kind) => {
  let server: TestServer;
  let door: Door;
  beforeAll(async () => {
    server = await bootServer(kind);
    door = await openDoor(server);
  });
  afterAll(() => server.stop());

  const get = async (path: string) => (await door.get(`/api/v2/analysis/${path}`, door.token)).body;
  const actions = async (query: string) =>
    (await get(`user-action?operation_name[]=user.signed_in&${query}`)).data as {
      totalCount: number;
      list: { user: object }[];
    };

  it('is told and counted of no user of another connection', async () => {
    const connection = `other-${kind}`;
    await server.api('POST', '/connections', { name: connection, strategy: 'database' });
    const subjects: string[] = [];
    for (const [more, grant] of [
      [{}, {}],
      [{ connection }, { grant_type: GRANT, realm: connection }],
    ]) {
      const username = `signer${subjects.length}`;
      const made = await server.api('POST', '/users', { username, password: PASSWORD, ...more });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      subjects.push((made.body as { identities: [{ subject: string }] }).identities[0].subject);
      const signedIn = await signInWith(server, { username, password: PASSWORD, ...grant });
      expect(signedIn.status, JSON.stringify(signedIn.body)).toBe(200);
    }
    const [own = '', apart = ''] = subjects;
    expect((await get(`total-login-count?appId=${CLIENT_ID}`)).data).toBe(1);
    const arn = (subject: string) => `operator_arn[]=arn:cn:authing:${CLIENT_ID}:user:${subject}`;
    expect((await actions(arn(own))).totalCount).toBe(1);
    expect((await actions(arn(apart))).totalCount).toBe(0);
    expect((await actions('')).list.map(({ user }) => user)).toEqual([
      { id: null, displayName: null },
      { id: own, displayName: 'signer0' },
    ]);
  });

  it('leaves out what no application carried, where that is asked for', async () => {
    const { body } = await server.api('POST', '/users', { username: 'locked' });
    const { id, identities } = body as { id: string; identities: [{ subject: string }] };
    await server.work().write((unit) => unit.emit('user.locked', { target: { type: 'user', id } }));
    const asked = `user-action?operator_arn[]=arn:cn:authing:any:user:${identities[0].subject}`;
    const totalOf = async (more: string) => (await get(`${asked}${more}`)).data;
    expect(await totalOf('')).toMatchObject({ totalCount: 1, list: [{ operation_name: 'user.locked', app_id: null }] });
    expect(await totalOf('&exclude_non_app_records=1')).toEqual({ totalCount: 0, list: [] });
  });

  it('is asked for in words that it has', async () => {
    for (const [query, field] of [
      ['operator_arn[]=someone', 'operator_arn'],
      ['operation_name[]=login', 'operation_name'],
      ['start=yesterday', 'start'],
      ['colour=red', 'colour'],
    ])
      expect(await get(`user-action?${query}`)).toMatchObject({
        code: 500,
        message: expect.stringContaining(field ?? ''),
      });
  });
});
