/** Mails that strangers ask for: to whom they go, to whom not, and how often. */
import type { User } from '@reeve/contract';
import { bootServer, databaseKinds, readMail, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestPasswordReset, requestVerification } from './requested-mails.ts';

describe.each(databaseKinds)('requested mails on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind, { environment: { REEVE_RATE_LIMIT: '100000' } });
  });
  afterAll(() => server.stop());

  let count = 0;
  const person = async (more: object = {}) => {
    const email = `mailed${++count}@example.com`;
    const answer = await server.api('POST', '/users', { email, email_verified: false, ...more });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body as User & { email: string };
  };
  const poolOf = ({ connection_id }: User) =>
    server.work().read(async (db) => {
      const row = db.selectFrom('connections').select('num').where('id', '=', connection_id);
      return (await row.executeTakeFirstOrThrow()).num;
    });
  const mailsTo = (email: string) =>
    server.work().read(async (db) => {
      const rows = await db
        .selectFrom('mails')
        .select('template')
        .where('recipient', '=', email)
        .orderBy('id')
        .execute();
      return rows.map(({ template }) => template);
    });
  const eventsOf = async (type: string, target: string) => {
    const { body } = await server.api('GET', `/audit?event_types=${type}&target=${target}`);
    return (body as { events: { data: object | null }[] }).events;
  };

  it('go to active users of the pools, each with its link', async () => {
    const user = await person();
    const pools = [await poolOf(user)];
    await requestVerification(server.work(), { email: user.email.toUpperCase(), pools });
    expect((await readMail(server, user.email)).link).toContain('/verify-email?');
    await requestPasswordReset(server.work(), { email: user.email, pools });
    expect((await readMail(server, user.email)).link).toContain('/reset-password?');
    expect(await mailsTo(user.email)).toEqual(['verify_email', 'reset_password']);
  });

  it('go to nobody else, and are in the audit log all the same', async () => {
    const [user, disabled, verified] = [await person(), await person(), await person({ email_verified: true })];
    const named = await person({ email: undefined, email_verified: undefined, username: `mailed-${kind}` });
    await server.api('POST', `/users/${disabled.id}/disable`);
    const pools = [await poolOf(user)];
    for (const email of [disabled.email, named.username as string]) {
      await requestPasswordReset(server.work(), { email, pools });
      await requestVerification(server.work(), { email, pools });
    }
    await requestVerification(server.work(), { email: verified.email, pools });
    await requestPasswordReset(server.work(), { email: user.email, pools: [] });
    for (const email of [disabled.email, named.username as string, verified.email, user.email])
      expect(await mailsTo(email), email).toEqual([]);
    expect(await eventsOf('user.password_reset_requested', disabled.id)).toMatchObject([{ data: { mailed: false } }]);
    expect(await eventsOf('user.email_verification_requested', verified.id)).toMatchObject([
      { data: { mailed: false } },
    ]);
  });

  it('are answered no sooner for one address than for another', async () => {
    const user = await person();
    const pools = [await poolOf(user)];
    for (const email of [user.email, `nobody-${kind}@example.com`]) {
      const begun = performance.now();
      await requestPasswordReset(server.work(), { email, pools });
      expect(performance.now() - begun, email).toBeGreaterThanOrEqual(249);
    }
  });

  it('go to an address five times an hour, and the answer is the same after that', async () => {
    const user = await person();
    const pools = [await poolOf(user)];
    const ask = (times: number) =>
      Promise.all(
        Array.from({ length: times }, (_, i) =>
          requestPasswordReset(server.work(), { email: i % 2 ? user.email : user.email.toUpperCase(), pools }),
        ),
      );
    const begun = performance.now();
    await ask(8);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(249);
    expect(await mailsTo(user.email)).toEqual(Array(5).fill('reset_password'));
    const told = await eventsOf('user.password_reset_requested', user.id);
    expect(told.map(({ data }) => data).filter((data) => data !== null)).toEqual(Array(3).fill({ mailed: false }));
    // The other mail is counted by itself: nobody keeps the one away by asking for the other.
    await requestVerification(server.work(), { email: user.email, pools });
    expect(await mailsTo(user.email)).toHaveLength(6);
    server.clock.advance(60 * 60_000 + 1000);
    await ask(1);
    expect(await mailsTo(user.email)).toHaveLength(7);
  });

  it('for a new password go to who has one here', async () => {
    const { body } = await server.api('POST', '/connections', { name: `social-${kind}`, strategy: 'google-oauth2' });
    const social = await person({ connection: (body as { id: string }).id });
    expect((await server.api('PUT', `/users/${social.id}/pools/default`)).status).toBe(204);
    const pools = [await poolOf(await person())];
    await requestPasswordReset(server.work(), { email: social.email, pools });
    expect(await mailsTo(social.email)).toEqual([]);
    await requestVerification(server.work(), { email: social.email, pools });
    expect(await mailsTo(social.email)).toEqual(['verify_email']);
  });
});
