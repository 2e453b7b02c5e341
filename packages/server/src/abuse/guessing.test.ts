/**
 * Guessing: before the right password nobody is told, by words, status or work, whether there is an account; and whoever
 * guesses is stopped at every door, from however many addresses of one network.
 */
import { operations } from '@reeve/core';
import {
  askForToken,
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  databaseKinds,
  postForm,
  rw3issCaller,
  signInWith,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'Correct-horse-1';
const BCRYPT = '$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2';
/** One more than lock an account. */
const TRIES = 8;

describe.each(databaseKinds)('guessing on %s', (kind) => {
  let server: TestServer;
  let hashes = 0;
  beforeAll(async () => {
    server = await bootServer(kind, { realHashes: true });
    const { hasher } = server.services;
    const { verify } = hasher;
    Object.assign(hasher, {
      verify(phc: string, password: string) {
        hashes++;
        return verify(phc, password);
      },
    });
  });
  afterAll(() => server.stop());

  let count = 0;
  const make = async (fields: object): Promise<string> => {
    const email = `person${++count}@example.com`;
    const { status, body } = await server.api('POST', '/users', { email, email_verified: true, ...fields });
    expect(status, JSON.stringify(body)).toBe(201);
    return email;
  };
  const makeImported = async (): Promise<string> => {
    const email = await make({ password: PASSWORD });
    const password_hash = JSON.stringify({ algorithm: 'bcrypt', value: BCRYPT });
    await server.work().write(async ({ db }) => {
      const users = db.selectFrom('identities').select('user_num').where('email_key', '=', email);
      await db.updateTable('credentials').set({ password_hash }).where('user_num', 'in', users).execute();
    });
    return email;
  };
  /** Of every kind of account. */
  const makePeople = async () => {
    const disabled = await make({ password: PASSWORD });
    const { users } = (await server.api('GET', `/users?email=${disabled}`)).body as { users: { id: string }[] };
    await server.api('POST', `/users/${users[0]?.id}/disable`);
    const elsewhere = `elsewhere-${++count}`;
    await server.api('POST', '/connections', { name: elsewhere });
    return {
      'with a password': await make({ password: PASSWORD }),
      'without a password': await make({}),
      'with an imported hash': await makeImported(),
      'that is disabled': disabled,
      'that must reset the password': await make({ password: PASSWORD, password_must_be_reset: true }),
      'that is not verified': await make({ password: PASSWORD, email_verified: false }),
      'of another connection': await make({ password: PASSWORD, connection: elsewhere }),
    };
  };

  interface Told {
    readonly status: number;
    readonly body: unknown;
    readonly hashes: number;
  }
  type Try = (identifier: string) => Promise<{ readonly status: number; readonly body: unknown }>;
  const told = async (attempt: Try, identifier: string): Promise<Told[]> => {
    const all: Told[] = [];
    for (let i = 0; i < TRIES; i++) {
      hashes = 0;
      const { status, body } = await attempt(identifier);
      all.push({ status, body, hashes });
    }
    return all;
  };

  it.each<[door: string, attempt: (server: TestServer) => Try]>([
    ['the token endpoint', (at) => (username) => signInWith(at, { username, password: 'wrong password' })],
    [
      'the rw3iss door',
      (at) => (email) => rw3issCaller(at)('POST', '/auth/login', { email, password: 'wrong password' }),
    ],
  ])('at %s is told the same, after the same work, of every account and of none', async (_door, attemptAt) => {
    const people = await makePeople();
    const attempt = attemptAt(server);
    const stranger = await told(attempt, `nobody${++count}@example.com`);
    expect(stranger.map((one) => one.hashes)).toEqual([...Array(TRIES - 1).fill(1), 0]);
    for (const [who, email] of Object.entries(people)) expect(await told(attempt, email), who).toEqual(stranger);
  });

  it('by asking for a mail is told nothing of any account', async () => {
    const people = await makePeople();
    const call = rw3issCaller(server);
    for (const path of ['/auth/password/reset-request', '/auth/verify-email/resend']) {
      const emails = ['nobody-at-all@example.com', ...Object.values(people)];
      const answers = await Promise.all(emails.map((email) => call('POST', path, { email })));
      expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size, path).toBe(1);
    }
  });

  it('of client secrets is told the same of every application and of none', async () => {
    const spa = (await server.api('POST', '/applications', { name: 'spa', type: 'spa' })).body as { client_id: string };
    const ask = async (id: string, secret: string) => {
      const query = `{ accessToken(userPoolId: "${id}", secret: "${secret}") { accessToken } }`;
      const response = await fetch(`${server.url}/authing/graphql/v2`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      const { errors } = (await response.json()) as { errors: { message: unknown }[] };
      return [response.status, errors[0]?.message];
    };
    const refused = await ask('nobody', 'x');
    expect(refused).toEqual([200, { code: 2224, message: expect.any(String) }]);
    for (const [id, secret] of [
      [CLIENT_ID, 'x'],
      [CLIENT_ID, ''],
      [spa.client_id, 'x'],
      [`${CLIENT_ID} `, CLIENT_SECRET],
    ] as const)
      expect(await ask(id, secret), `${id} ${secret}`).toEqual(refused);
  });
});

describe('limits of guesses', () => {
  /** Too long to be anybody's password: refused without a hash. */
  const wrong = 'x'.repeat(2000);

  it('hold for a whole network of IPv6 addresses, and for no other one', async () => {
    const environment = { REEVE_RATE_LIMIT: '100000', REEVE_TRUSTED_PROXIES: '127.0.0.1' };
    const server = await bootServer('sqlite', { environment });
    try {
      const from = (address: string, username: string, password = wrong) =>
        postForm(
          server,
          '/oauth/token',
          { grant_type: 'password', username, password, client_id: CLIENT_ID, client_secret: CLIENT_SECRET },
          { 'x-forwarded-for': address },
        );
      for (let i = 0; i < 100; i++)
        expect((await from(`2001:db8:1:2::${i.toString(16)}`, `n${i}@example.com`)).status).toBe(400);
      expect((await from('2001:db8:1:2:ffff::1', 'admin@reeve.test', 'correct horse battery')).status).toBe(429);
      expect((await from('2001:db8:1:3::1', 'admin@reeve.test', 'correct horse battery')).status).toBe(200);
    } finally {
      await server.stop();
    }
  });

  it('of client secrets are one for all doors, and one request tries one', async () => {
    const server = await bootServer('sqlite', { environment: { REEVE_RATE_LIMIT: '100000' } });
    try {
      const ask = async (fields: string[]) => {
        const response = await fetch(`${server.url}/authing/graphql/v2`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query: `{ ${fields.join(' ')} }` }),
        });
        return (await response.json()) as { errors?: { message: { code: number } }[] };
      };
      const guess = (name: string, secret: string) =>
        `${name}: accessToken(userPoolId: "${CLIENT_ID}", secret: "${secret}") { accessToken }`;
      const codeOf = async (fields: string[]) => (await ask(fields)).errors?.[0]?.message.code;
      expect(await codeOf([guess('right', CLIENT_SECRET), guess('other', 'guess')])).toBe(500);
      for (let round = 0; round < 10; round++) {
        const guesses = Array.from({ length: 30 }, (_, i) => codeOf([guess('a', `guess ${i}`)]));
        expect(new Set(await Promise.all(guesses))).toEqual(new Set([2224]));
      }
      expect(await codeOf([guess('right', CLIENT_SECRET)])).toBe(1000);
      expect((await askForToken(server)).status).toBe(429);
      server.clock.advance(5 * 60_000 + 1000);
      expect((await ask([guess('right', CLIENT_SECRET)])).errors).toBeUndefined();
    } finally {
      await server.stop();
    }
  });

  it('hold for the ways to look somebody up that need no password: there are none', async () => {
    const server = await bootServer('sqlite');
    try {
      const paths = ['/api/v1/users?email=admin@reeve.test', '/api/v2/users-by-email?email=admin@reeve.test'];
      for (const path of [...paths, '/rw3iss/api/v1/admin/users', '/userinfo'])
        expect((await fetch(server.url + path)).status, path).toBe(401);
      const query = '{ isUserExists(email: "admin@reeve.test") }';
      const response = await fetch(`${server.url}/authing/graphql/v2`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      expect(await response.json()).toMatchObject({ errors: [{ message: { code: 2020 } }], data: null });
      expect(Object.keys(operations.users)).toContain('lookup');
      expect((await fetch(`${server.url}/api/v1/users/lookup`, { method: 'POST' })).status).toBe(401);
    } finally {
      await server.stop();
    }
  });
});
