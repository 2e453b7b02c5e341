/** Giving the password again: what is right, what counts as a failure, and that it can't be guessed beside the lockout. */
import type { User } from '@reeve/contract';
import { bootServer, databaseKinds, signInWith, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCKOUT_FAILURES, LOCKOUT_MILLISECONDS } from '../credentials/lockout.ts';
import { asUser } from '../tickets/tickets.ts';
import { provePassword } from './password-proof.ts';

const PASSWORD = 'correct horse battery';

describe.each(databaseKinds)('proving a password on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let count = 0;
  const person = async (password: string | undefined = PASSWORD) => {
    const email = `proof${++count}@example.com`;
    const answer = await server.api('POST', '/users', {
      email,
      email_verified: true,
      ...(password ? { password } : {}),
    });
    return answer.body as User & { email: string };
  };
  const prove = ({ id }: User, password: string) => provePassword(asUser(server.work(), id), id, password);
  const failures = async ({ id }: User) =>
    ((await server.api('GET', `/audit?event_types=user.sign_in_failed&target=${id}`)).body as { events: object[] })
      .events;

  it('tells right from wrong, and records the wrong', async () => {
    const user = await person();
    expect(await prove(user, PASSWORD)).toBeUndefined();
    for (const wrong of ['', `${PASSWORD} `, 'x'.repeat(100_000)])
      expect(await prove(user, wrong)).toBe('invalid_credentials');
    expect(await failures(user)).toHaveLength(3);
    expect(await prove(await person(''), '')).toBe('invalid_credentials');
    await expect(prove({ ...user, id: 'usr_x' }, PASSWORD)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('counts with the failures of signing in, and is locked like it', async () => {
    const user = await person();
    for (let i = 1; i < LOCKOUT_FAILURES; i++)
      expect((await signInWith(server, { username: user.email, password: 'wrong' })).status).toBe(400);
    expect(await prove(user, 'wrong')).toBe('invalid_credentials');
    expect(await prove(user, PASSWORD)).toBe('user_locked');
    expect((await signInWith(server, { username: user.email, password: PASSWORD })).status).not.toBe(200);
    server.clock.advance(LOCKOUT_MILLISECONDS + 1);
    expect(await prove(user, PASSWORD)).toBeUndefined();
  });
});
