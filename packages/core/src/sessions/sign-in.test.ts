/** What doors that look for the connection by the identifier tell of it. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anonymousActor, createWork } from '../work.ts';
import { type Refused, signIn, signInAt } from './sign-in.ts';

describe.each(databaseKinds)('doors that open any connection on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  it('tell nothing by what bars it', async () => {
    const strategy = 'google-oauth2';
    const name = `social-${kind}`;
    const { id } = (await server.api('POST', '/connections', { name, strategy })).body as { id: string };
    const identifier = `barred-${kind}@example.com`;
    expect((await server.api('POST', '/users', { email: identifier, connection: id })).status).toBe(201);
    const { services, tenant } = server;
    const work = createWork({ services, tenant, actor: anonymousActor });
    const credentials = { identifier, password: 'a long enough one', connection: id };
    expect(await signIn(work, credentials)).toEqual({ refused: 'connection_without_passwords' });
    const refusals: unknown[] = [];
    const door = { opensAnyConnection: true, admit: async () => undefined };
    for (let i = 0; i < 8; i++) refusals.push(((await signInAt(door, work, credentials)) as Refused).refused);
    expect(refusals).toEqual([...Array(7).fill('invalid_credentials'), 'user_locked']);
    const { body } = await server.api('GET', '/audit?event_types=user.sign_in_failed');
    expect((body as { events: { data: object }[] }).events.map(({ data }) => data)).toEqual(
      Array(8).fill({ reason: 'unknown_user', connection: name }),
    );
  });
});
