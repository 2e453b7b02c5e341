/** What a link or a verification mail is asked to be for: each field has its effect or is refused by name. */
import {
  type Auth0Answer,
  type Auth0Call,
  auth0Caller,
  bootServer,
  CLIENT_ID,
  databaseKinds,
  readMail,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CONNECTION = 'Username-Password-Authentication';
const RESULT = 'https://app.example/done';

interface User {
  readonly user_id: string;
  readonly email: string;
  readonly identities: readonly { readonly user_id: string; readonly provider: string }[];
}

describe.each(databaseKinds)('links of Auth0 on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  let organization: { id: string };
  let application: { id: string };
  let connectionId: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
    organization = (await call('POST', '/organizations', { name: 'acme', display_name: 'Acme Works' })).body;
    application = (await server.api('GET', `/applications/${CLIENT_ID}`)).body as { id: string };
    const { connections } = (await server.api('GET', '/connections')).body as { connections: { id: string }[] };
    connectionId = connections[0]?.id as string;
  });
  afterAll(() => server.stop());

  let people = 0;
  const make = async (): Promise<User> => {
    const email = `link${++people}-${kind}@example.com`;
    const answer = await call('POST', '/users', { connection: CONNECTION, email, verify_email: false });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const ASKED = {
    'a job': (user: User, more: object) => call('POST', '/jobs/verification-email', { user_id: user.user_id, ...more }),
    'a verification ticket': (user: User, more: object) =>
      call('POST', '/tickets/email-verification', { user_id: user.user_id, ...more }),
    'a password ticket': (user: User, more: object) =>
      call('POST', '/tickets/password-change', { user_id: user.user_id, ...more }),
  } as const;
  const kinds = Object.keys(ASKED) as (keyof typeof ASKED)[];
  const expectRefused = (answer: Auth0Answer, field: string, words = '') =>
    expect([answer.status, answer.body], JSON.stringify(answer.body)).toMatchObject([
      400,
      { errorCode: 'invalid_body', message: expect.stringMatching(new RegExp(`${words}.*on property ${field}\\.`)) },
    ]);
  const requestOf = async ({ user_id }: User) => {
    const { uid } = (await call('GET', `/users/${encodeURIComponent(user_id)}`)).body as { uid?: string };
    expect(uid).toBeUndefined();
    const { users } = (await server.api('GET', `/users?email=link${people}-${kind}@example.com`)).body as {
      users: { id: string }[];
    };
    const types = 'user.email_verification_requested,user.password_reset_requested';
    const { body } = await server.api('GET', `/audit?event_types=${types}&target=${users[0]?.id}`);
    return (body as { events: { data: object }[] }).events[0]?.data;
  };

  it.each(kinds)('%s is recorded with its client and its organization', async (what) => {
    const user = await make();
    const asked = { client_id: CLIENT_ID, organization_id: organization.id };
    expect((await ASKED[what](user, asked)).status).toBe(201);
    expect(await requestOf(user)).toMatchObject({ application_id: application.id, organization_id: organization.id });
  });

  it.each(kinds)('%s for nobody’s client, organization or identity is refused by name, and not made', async (what) => {
    const user = await make();
    const { user_id: subject, provider } = user.identities[0] as User['identities'][number];
    const ask = ASKED[what];
    expectRefused(await ask(user, { client_id: 'nobody' }), 'client_id');
    // Neither goes by another name here.
    expectRefused(await ask(user, { client_id: application.id }), 'client_id');
    expectRefused(await ask(user, { organization_id: 'acme' }), 'organization_id');
    expectRefused(await ask(user, { identity: { user_id: 'nobody', provider } }), 'identity');
    expectRefused(await ask(user, { identity: { user_id: subject, provider: 'google-oauth2' } }), 'identity');
    const elsewhere = { user_id: subject, provider, connection_id: 'con_elsewhere' };
    expectRefused(await ask(user, { identity: elsewhere }), 'identity.connection_id');
    expect((await ask(user, { identity: { user_id: subject } })).status).toBe(400);
    expect((await ask(user, { identity: { user_id: subject, provider, colour: 1 } })).status).toBe(400);
    expect(await requestOf(user)).toBeUndefined();
    for (const identity of [
      { user_id: subject, provider },
      { user_id: user.user_id, provider, connection_id: connectionId },
    ])
      expect((await ask(user, { identity })).status).toBe(201);
  });

  it.each(kinds)('%s for a linked identity is refused: only the primary one’s address is proved', async (what) => {
    const [user, second] = [await make(), await make()];
    const { user_id, provider } = second.identities[0] as User['identities'][number];
    const linked = await call('POST', `/users/${encodeURIComponent(user.user_id)}/identities`, { user_id, provider });
    expect(linked.status, JSON.stringify(linked.body)).toBe(201);
    expectRefused(await ASKED[what](user, { identity: { user_id, provider } }), 'identity', 'primary');
  });

  it('a ticket sends the person on with its organization', async () => {
    const user = await make();
    const asked = { organization_id: organization.id, result_url: RESULT };
    const { ticket } = (await ASKED['a verification ticket'](user, asked)).body as { ticket: string };
    const { origin, pathname, searchParams } = new URL(ticket);
    const body = new URLSearchParams({ ticket: searchParams.get('ticket') as string });
    const answer = await fetch(origin + pathname, { method: 'POST', body, redirect: 'manual' });
    const { searchParams: told } = new URL(answer.headers.get('location') as string);
    expect(Object.fromEntries(told)).toMatchObject({
      success: 'true',
      organization_id: organization.id,
      organization_name: 'acme',
    });
  });

  it('a verification mail names its organization', async () => {
    const user = await make();
    expect((await ASKED['a job'](user, { organization_id: organization.id })).status).toBe(201);
    expect((await readMail(server, user.email)).text).toContain('Acme Works');
  });

  describe('PATCH /users/{id}', () => {
    const patch = ({ user_id }: User, body: object) => call('PATCH', `/users/${encodeURIComponent(user_id)}`, body);

    it('mails a verification for its client_id, which must be there', async () => {
      const user = await make();
      expectRefused(await patch(user, { name: 'changed', client_id: 'nobody' }), 'client_id');
      expect((await patch(user, { verify_email: true, client_id: CLIENT_ID })).body).not.toMatchObject({
        name: 'changed',
      });
      expect(await requestOf(user)).toMatchObject({ application_id: application.id });
    });

    it('refuses verify_phone_number, as nothing is sent to phones', async () => {
      const user = await make();
      const asked = { phone_number: '+4930123456', verify_phone_number: true };
      expectRefused(await patch(user, asked), 'verify_phone_number');
      const plain = await patch(user, { ...asked, verify_phone_number: false, phone_verified: true });
      expect(plain.body).toMatchObject({ phone_number: '+4930123456', phone_verified: true });
    });
  });
});
