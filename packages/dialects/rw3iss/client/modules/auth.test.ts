/** Signing in by another provider, registering, and asking for providers and policies. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryStorage } from '../index.ts';
import { clientOf, signIn, startUpstream, type Upstream } from '../upstream.fixture.ts';

let upstream: Upstream;
beforeEach(async () => {
  upstream = await startUpstream();
});
afterEach(() => upstream[Symbol.asyncDispose]());

const started = async () => {
  const storage = new MemoryStorage();
  const client = clientOf(upstream, { ports: { storage } });
  upstream.answering = () => ({ body: { auth_url: 'https://provider.test/', state: 's1' } });
  const sso = await client.auth.startSso({ provider: 'google', redirectUrl: 'https://app.test/back' });
  return { client, storage, sso };
};

it('startSso sends the digest of a verifier that is kept', async () => {
  const { storage, sso } = await started();
  expect(sso).toEqual({
    authUrl: 'https://provider.test/',
    state: 's1',
    codeVerifier: expect.stringMatching(/^[\w-]{43}$/),
  });
  expect(await storage.get('sso:pkce_verifier')).toBe(sso.codeVerifier);
  expect(await storage.get('sso:state')).toBe('s1');
  const [asked] = upstream.asked;
  expect(asked?.headers.authorization).toBeUndefined();
  expect(JSON.parse(asked?.body ?? '')).toEqual({
    provider: 'google',
    redirect_url: 'https://app.test/back',
    code_challenge: createHash('sha256').update(sso.codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
});

it.each(['auth_code', 'session'])('completeSso signs in with an answer that is a %s', async (kind) => {
  const { client, storage, sso } = await started();
  upstream.answering = ({ url }) =>
    url === '/auth/sso/callback' && kind === 'auth_code'
      ? { body: { auth_code: 'ac', expires_in: 60 } }
      : { body: signIn('u') };
  const answer = await client.auth.completeSso({ code: 'c', state: 's1', provider: 'google' });
  expect(answer.user.id).toBe('u');
  expect(client.auth.getCurrentUser()?.id).toBe('u');
  const bodies = upstream.asked.slice(1).map(({ url, body }) => [url, JSON.parse(body)]);
  expect(bodies).toEqual([
    ['/auth/sso/callback', { code: 'c', state: 's1', provider: 'google' }],
    ...(kind === 'auth_code' ? [['/auth/sso/exchange', { auth_code: 'ac', code_verifier: sso.codeVerifier }]] : []),
  ]);
  expect(await storage.get('sso:state')).toBeNull();
  expect(await storage.get('sso:pkce_verifier')).toBeNull();
  await expect(client.auth.completeSso({ code: 'c', state: 's1' })).rejects.toThrow('state');
});

it('completeSso refuses a state that was not given out', async () => {
  const { client } = await started();
  upstream.asked.length = 0;
  await expect(client.auth.completeSso({ code: 'c', state: 'other' })).rejects.toThrow('state');
  const fresh = clientOf(upstream);
  await expect(fresh.auth.completeSso({ code: 'c', state: '' })).rejects.toThrow('state');
  expect(upstream.asked).toEqual([]);
});

it('a registration that answers with tokens signs in', async () => {
  const client = clientOf(upstream, { appCode: 'own' });
  upstream.answering = () => ({ status: 201, body: { ...signIn('new'), logged_in: true } });
  const input = { email: 'e', password: 'p', firstName: 'f', lastName: 'l', inviteCode: 'i', appCode: 'given' };
  await client.auth.register(input);
  expect(JSON.parse(upstream.asked[0]?.body ?? '')).toMatchObject({ invite_code: 'i', app_code: 'given' });
  expect(client.auth.getCurrentUser()?.id).toBe('new');
});

it('providers have names in lower case, and there are none where they cannot be asked for', async () => {
  const client = clientOf(upstream);
  upstream.answering = () => ({ body: [{ name: 'Google', type: 'OIDC', enabled: true }] });
  expect(await client.getSsoProviders()).toEqual([{ name: 'google', type: 'OIDC', enabled: true }]);
  expect(upstream.asked[0]).toMatchObject({ verb: 'GET', url: '/auth/sso/providers' });
  upstream.answering = () => ({ status: 404 });
  expect(await client.getSsoProviders()).toEqual([]);
});

it('a registration policy needs an app', async () => {
  const client = clientOf(upstream);
  await expect(client.auth.getRegistrationPolicy()).rejects.toThrow('appCode is required');
  await expect(client.apps.getRegistrationPolicy()).rejects.toThrow('appCode is required');
  upstream.answering = () => ({ body: { code: 'x' } });
  expect(await client.apps.getRegistrationPolicy('x')).toEqual({ code: 'x' });
});
