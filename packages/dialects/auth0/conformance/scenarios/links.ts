/** Links that are brought to a person, and acting as one: what they do, once. */
import { claimsIn } from '@reeve/testkit';
import { expect } from 'vitest';
import { CONNECTION, type Run, scenario, type User } from '../scenario.ts';

const RESULT = 'https://app.example/done';

interface Ticket {
  readonly ticket: string;
}

/** Confirms the page that a link leads to. Returns where it sends the person. */
const confirm = async (link: string, fields: Record<string, string> = {}): Promise<URL> => {
  const { origin, pathname, searchParams } = new URL(link);
  const body = new URLSearchParams({ ticket: searchParams.get('ticket') ?? '', ...fields });
  const answer = await fetch(origin + pathname, { method: 'POST', body, redirect: 'manual' });
  expect(answer.status, await answer.text()).toBe(303);
  return new URL(answer.headers.get('location') as string);
};

const unverified = (run: Run, name: string) =>
  run.call<User>('users.create', {
    connection: CONNECTION,
    email: run.mail(name),
    email_verified: false,
    verify_email: false,
    password: 'the first passphrase',
  });

const verification = scenario('a link that verifies an address', ['tickets.verifyEmail'], async (run) => {
  const { user_id } = await unverified(run, 'verify');
  const { ticket } = await run.call<Ticket>('tickets.verifyEmail', { user_id, result_url: RESULT, ttl_sec: 600 });
  expect((await fetch(ticket)).status).toBe(200);
  expect(await run.call<User>('users.get', { id: user_id })).toMatchObject({ email_verified: false });
  const away = await confirm(ticket);
  expect([away.origin + away.pathname, away.searchParams.get('success')]).toEqual([RESULT, 'true']);
  expect(await run.call<User>('users.get', { id: user_id })).toMatchObject({ email_verified: true });
  expect((await confirm(ticket)).searchParams.get('success')).toBe('false');
  expect((await run.refused(404, 'tickets.verifyEmail', { user_id: 'auth0|nobody' })).errorCode).toBe(
    'inexistent_user',
  );
});

const change = scenario('a link that changes a password', ['tickets.changePassword'], async (run) => {
  const { user_id, email } = await unverified(run, 'change');
  const { connectionId: connection_id } = run.world;
  const asked = { email, connection_id, result_url: RESULT, mark_email_as_verified: true };
  const { ticket } = await run.call<Ticket>('tickets.changePassword', asked);
  const password = 'the second passphrase';
  const away = await confirm(ticket, { password, password_again: password });
  expect(away.searchParams.get('success')).toBe('true');
  expect((await run.signIn(email, { password: 'the first passphrase' })).status).toBeGreaterThanOrEqual(400);
  expect((await run.signIn(email, { password })).status).toBe(200);
  expect(await run.quiet<User>('users.get', { id: user_id })).toMatchObject({ email_verified: true });
  expect((await confirm(ticket, { password, password_again: password })).searchParams.get('success')).toBe('false');
  const refused = await run.refused(400, 'tickets.changePassword', { user_id, colour: 'red' });
  expect(refused.errorCode).toBe('invalid_body');
});

const info = scenario('who a token speaks for', ['auth.users.getInfo'], async (run) => {
  const { user_id, email } = await run.user('info');
  const { body } = await run.signIn(email, { scope: 'openid profile email' });
  const told = await run.call<Record<string, unknown>>('auth.users.getInfo', body.access_token);
  expect(told).toMatchObject({ sub: user_id, email, email_verified: true, name: email });
});

const noInfo = scenario(
  'who a wrong token speaks for',
  ['auth.users.getInfo'],
  async (run) => {
    await run.refused(401, 'auth.users.getInfo', 'not.a.token');
  },
  { lines: 'legacy' },
);

const impersonation = scenario(
  'acting as another user',
  ['auth.users.impersonate'],
  async (run) => {
    const agent = await run.user('agent');
    const target = await run.user('target');
    const callback = `https://${run.tag}.example/callback`;
    const app = await run.call<{ client_id: string; client_secret: string }>('clients.create', {
      name: `impersonated ${run.tag}`,
      app_type: 'regular_web',
      callbacks: [callback],
      grant_types: ['authorization_code'],
    });
    const settings = {
      impersonator_id: agent.user_id,
      protocol: 'oauth2',
      clientId: app.client_id,
      token: await run.quiet<string>('getAccessToken'),
      additionalParameters: { response_type: 'code', state: 's1', scope: 'openid', callback_url: callback },
    };
    const link = await run.call<string>('auth.users.impersonate', target.user_id, settings);
    const answer = await fetch(link, { redirect: 'manual' });
    expect(answer.status).toBe(302);
    const away = new URL(answer.headers.get('location') as string);
    expect([away.origin + away.pathname, away.searchParams.get('state')]).toEqual([callback, 's1']);
    const { client_id, client_secret } = app;
    const code = away.searchParams.get('code') as string;
    const asked = { grant_type: 'authorization_code', code, redirect_uri: callback, client_id, client_secret };
    const { status, body } = await run.token(asked);
    expect(status, JSON.stringify(body)).toBe(200);
    expect(claimsIn(body.id_token).sub).toBe(target.user_id);
    expect((await fetch(link, { redirect: 'manual' })).status).toBeGreaterThanOrEqual(400);
    const events = await run.world.native<{ events: { data: Record<string, unknown> }[] }>(
      'GET',
      '/audit?event_types=user.impersonation_requested&limit=10',
    );
    expect(JSON.stringify(events)).toContain('impersonator_id');
    await run.refused(401, 'auth.users.impersonate', target.user_id, { ...settings, token: 'not.a.token' });
  },
  { lines: 'legacy' },
);

export const links = [verification, change, info, noInfo, impersonation];
