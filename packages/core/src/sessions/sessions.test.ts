/** Sessions as administrators see and end them. */
import { bootServer, claimsIn, databaseKinds, signInWith, type TestServer, withBearer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'a good long password';

describe.each(databaseKinds)('sessions on %s', (kind) => {
  let server: TestServer;
  let count = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  interface Page {
    readonly sessions: { readonly id: string; readonly user_id: string; readonly expires_at: string }[];
    readonly next_cursor: string | null;
  }
  const makeUser = async () => {
    const email = `session-${kind}-${count++}@example.test`;
    const { body } = await server.api('POST', '/users', { email, password: PASSWORD, email_verified: true });
    const enter = async () => {
      const answer = await signInWith(server, { username: email, password: PASSWORD, scope: 'openid' });
      expect(answer.status).toBe(200);
      return { token: answer.body.access_token, sid: claimsIn(answer.body.access_token).sid as string };
    };
    return { id: (body as { id: string }).id, enter };
  };
  const list = async (userId: string, query = '') =>
    (await server.api('GET', `/users/${userId}/sessions${query}`)).body as Page;
  const isAlive = async (token: string) => (await withBearer(server, token, '/userinfo')).status === 200;
  const eventsOn = async (target: string) => {
    const { body } = await server.api('GET', `/audit?target=${target}`);
    return (body as { events: { event_type: string }[] }).events.map(({ event_type }) => event_type);
  };

  it('are listed newest first, page by page', async () => {
    const { id, enter } = await makeUser();
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.unshift((await enter()).sid);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Page = await list(id, `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.sessions.map((session) => session.id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(made);
    expect((await list(id)).sessions.every(({ user_id }) => user_id === id)).toBe(true);
    const strange = await server.api('GET', `/users/${id}/sessions?cursor=xyz`);
    expect(strange).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
    for (const unknown of ['usr_00000000000000000000000000', 'nobody'])
      expect((await server.api('GET', `/users/${unknown}/sessions`)).status).toBe(404);
  });

  it('end one by one: tokens are refused at once, the others live', async () => {
    const { id, enter } = await makeUser();
    const [one, other] = [await enter(), await enter()];
    expect(await Promise.all([isAlive(one.token), isAlive(other.token)])).toEqual([true, true]);
    expect((await server.api('DELETE', `/sessions/${one.sid}`)).status).toBe(204);
    expect(await Promise.all([isAlive(one.token), isAlive(other.token)])).toEqual([false, true]);
    expect((await list(id)).sessions.map((session) => session.id)).toEqual([other.sid]);
    expect(await eventsOn(one.sid)).toEqual(expect.arrayContaining(['session.created', 'session.revoked']));
    for (const gone of [one.sid, 'ses_00000000000000000000000000', 'nothing'])
      expect((await server.api('DELETE', `/sessions/${gone}`)).status).toBe(404);
  });

  it('end all together, each with its event', async () => {
    const { id, enter } = await makeUser();
    const made = [await enter(), await enter(), await enter()];
    const stranger = await (await makeUser()).enter();
    expect((await server.api('DELETE', `/users/${id}/sessions`)).body).toEqual({ revoked: 3 });
    for (const { token, sid } of made) {
      expect(await isAlive(token)).toBe(false);
      expect((await eventsOn(sid)).filter((type) => type === 'session.revoked')).toHaveLength(1);
    }
    expect(await isAlive(stranger.token)).toBe(true);
    expect((await server.api('DELETE', `/users/${id}/sessions`)).body).toEqual({ revoked: 0 });
    expect((await server.api('DELETE', '/users/usr_00000000000000000000000000/sessions')).status).toBe(404);
  });

  it('are ended once, however many try at the same time', async () => {
    const { enter } = await makeUser();
    const { sid } = await enter();
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.api('DELETE', `/sessions/${sid}`)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect((await eventsOn(sid)).filter((type) => type === 'session.revoked')).toHaveLength(1);
  });
});
