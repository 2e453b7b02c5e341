/** The authentication side beside auth0@3.7.2: the same requests, and the same errors for bad arguments. */
import { type Capture, type Captured, startCapture } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, genuine } from './genuine.ts';
import { AuthenticationClient } from './index.ts';

let capture: Capture;
let both: Caller[];
beforeAll(async () => {
  capture = await startCapture();
  const options = { domain: capture.domain, clientId: 'CID', clientSecret: 'SECRET' };
  const Own = AuthenticationClient as unknown as new (options: object) => Caller;
  both = [new Own(options), new genuine.AuthenticationClient(options)];
});
afterAll(() => capture[Symbol.dispose]());

const user = { username: 'u', password: 'p' };
const mail = { email: 'a@b.c', connection: 'c' };
const delegation = { id_token: 'i', target: 't', api_type: 'a', grant_type: 'g' };
const own = { client_id: 'x', client_secret: 'y' };

/** Calls that send. */
const sending: [string, ...unknown[]][] = [
  ['clientCredentialsGrant', { audience: 'A', scope: 's' }],
  ['clientCredentialsGrant', { audience: 'A', ...own }],
  ['oauth.clientCredentialsGrant', {}],
  ['passwordGrant', user],
  ['passwordGrant', { ...user, realm: 'r', scope: 's', audience: 'A' }],
  ['oauth.passwordGrant', user, { forwardedFor: '192.0.2.1' }],
  ['refreshToken', { refresh_token: 'r' }],
  ['oauth.authorizationCodeGrant', { code: 'c', redirect_uri: 'https://a/cb' }],
  ['oauth.socialSignIn', { access_token: 't', connection: 'c' }],
  ['oauth.signIn', { ...user, connection: 'c' }],
  ['database.signIn', user],
  ['database.signUp', { ...mail, password: 'p' }],
  ['changePassword', { ...mail, password: 'p' }],
  ['requestChangePasswordEmail', mail],
  ['requestMagicLink', { email: 'a@b.c', authParams: { scope: 's' } }],
  ['requestEmailCode', { email: 'a@b.c' }],
  ['verifyEmailCode', { email: 'a@b.c', otp: '1' }],
  ['requestSMSCode', { phone_number: '+1' }],
  ['verifySMSCode', { phone_number: '+1', otp: '1' }],
  ['verifySMSCode', { username: '+1', otp: '1' }],
  ['passwordless.signIn', { username: '+1', otp: '1', realm: 'sms' }],
  ['passwordless.signIn', { username: '+1', password: '1' }],
  ['passwordless.sendEmail', { email: 'a@b.c', send: 'link' }],
  ['passwordless.sendSMS', { phone_number: '+1' }],
  ['tokens.getInfo', 'ID'],
  ['tokens.getDelegationToken', delegation],
  ['tokens.revokeRefreshToken', { token: 't' }],
  ['tokens.revokeRefreshToken', { token: 't', ...own }],
  ['getProfile', 'ACCESS'],
  ['users.getInfo', 'ACCESS'],
  ['users.impersonate', 'u1', { impersonator_id: 'i', protocol: 'p', token: 't', additionalParameters: { a: 1 } }],
];

/** Calls that throw. */
const throwing: [string, ...unknown[]][] = [
  ['clientCredentialsGrant'],
  ['passwordGrant'],
  ['passwordGrant', {}],
  ['passwordGrant', { username: 'u' }],
  ['refreshToken'],
  ['refreshToken', {}],
  ['oauth.authorizationCodeGrant'],
  ['oauth.authorizationCodeGrant', {}],
  ['oauth.authorizationCodeGrant', { code: 'c' }],
  ['oauth.socialSignIn'],
  ['oauth.socialSignIn', {}],
  ['oauth.socialSignIn', { access_token: 't' }],
  ['oauth.signIn'],
  ['oauth.signIn', user],
  ['database.signIn'],
  ['database.signIn', {}],
  ['database.signIn', { username: 'u' }],
  ['database.signUp'],
  ['database.signUp', {}],
  ['database.signUp', { email: 'e' }],
  ['database.signUp', { email: 'e', password: 'p' }],
  ['database.changePassword', mail],
  ['database.requestChangePasswordEmail', { email: 'e' }],
  ['requestMagicLink', {}],
  ['requestSMSCode', {}],
  ['verifyEmailCode', {}],
  ['verifyEmailCode', { email: 'e' }],
  ['passwordless.signIn'],
  ['passwordless.signIn', {}],
  ['passwordless.sendEmail', {}],
  ['passwordless.sendEmail', { email: 'e' }],
  ['passwordless.sendSMS', {}],
  ['tokens.getInfo'],
  ['tokens.getInfo', ''],
  ['tokens.getDelegationToken'],
  ['tokens.getDelegationToken', {}],
  ['tokens.getDelegationToken', { ...delegation, refresh_token: 'r' }],
  ['tokens.getDelegationToken', { id_token: 'i' }],
  ['tokens.getDelegationToken', { id_token: 'i', target: 't' }],
  ['tokens.getDelegationToken', { id_token: 'i', target: 't', api_type: 'a' }],
  ['tokens.revokeRefreshToken'],
  ['tokens.revokeRefreshToken', { token: '' }],
  ['users.getInfo'],
  ['users.getInfo', 5],
  ['users.getInfo', ' '],
  ['users.impersonate'],
  ['users.impersonate', ''],
  ['users.impersonate', 'u'],
  ['users.impersonate', 'u', {}],
  ['users.impersonate', 'u', { impersonator_id: 'i' }],
  ['users.impersonate', 'u', { impersonator_id: 'i', protocol: 'p' }],
];

const call = (client: Caller, name: string, args: unknown[]) => {
  const path = name.split('.');
  const method = path.pop() as string;
  const holder = path.reduce((object, part) => object[part] as unknown as Caller, client);
  return (holder[method] as (...args: unknown[]) => unknown).apply(holder, structuredClone(args));
};

const named = (list: [string, ...unknown[]][]) =>
  list.map(([name, ...args]) => [`${name} ${JSON.stringify(args)}`, name, args] as const);

describe('the same requests', () => {
  it.each(named(sending))('%s', async (_title, name, args) => {
    const sent = [];
    for (const client of both) {
      capture.take();
      await call(client, name, args);
      const [{ method, url, headers, body }] = capture.take() as [Captured];
      const { accept, authorization, 'content-type': type, 'auth0-client': info, 'user-agent': agent } = headers;
      const forwarded = headers['auth0-forwarded-for'];
      sent.push({ method, url, accept, authorization, type, info, agent, forwarded, body: body && JSON.parse(body) });
    }
    expect(sent[0]).toEqual(sent[1]);
  });

  it('by callback, too', async () => {
    const [client] = both as [Caller];
    for (const [name, ...args] of sending) {
      const outcome = await new Promise<unknown[]>((resolve) => {
        expect(call(client, name, args.concat([]))).toBeInstanceOf(Promise);
        const path = name.split('.');
        const method = path.pop() as string;
        const holder = path.reduce((object, part) => object[part] as unknown as Caller, client);
        const done = (...values: unknown[]) => resolve(values);
        expect((holder[method] as (...args: unknown[]) => unknown).apply(holder, [...args, done])).toBeUndefined();
      });
      expect(outcome).toEqual([null, {}]);
    }
  });
});

describe('the same errors at once', () => {
  it.each(named(throwing))('%s', (_title, name, args) => {
    const outcomes = both.map((client) => {
      try {
        call(client, name, args);
        return 'nothing';
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
    });
    expect(outcomes[0]).toBe(outcomes[1]);
    expect(outcomes[0]).toMatch(/^ArgumentError: /);
  });
});
