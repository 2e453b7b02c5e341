/** What rules decide of the tokens themselves: their scopes, at every door, and what is refused because nobody here does it. */
import type { ResourceServer } from '@reeve/contract';
import {
  bootServer,
  claimsIn,
  databaseKinds,
  type OAuthResponse,
  postForm,
  refreshWith,
  signInWith,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'a good long password';
const REDIRECT = 'https://app.example/cb';

describe.each(databaseKinds)('what rules make of a grant on %s', (kind) => {
  let server: TestServer;
  let api: ResourceServer;
  let user: { id: string; email: string };
  beforeAll(async () => {
    server = await bootServer(kind);
    api = await made('/resource-servers', {
      identifier: 'https://orders.example/',
      scopes: ['read', 'write', 'drop'].map((value) => ({ value })),
      enforce_policies: true,
      allow_offline_access: true,
    });
    user = await made('/users', { email: `buyer-${kind}@example.com`, password: PASSWORD, email_verified: true });
    const permissions = ['read', 'write'].map((permission) => ({ resource_server: api.id, permission }));
    expect((await server.api('POST', `/users/${user.id}/permissions`, { permissions })).status).toBeLessThan(300);
  });
  afterAll(() => server.stop());

  const rules: string[] = [];
  afterEach(async () => {
    for (const id of rules.splice(0)) await server.api('DELETE', `/rules/${id}`);
  });
  const made = async <T>(path: string, body: object): Promise<T> => {
    const answer = await server.api('POST', path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body as T;
  };
  let count = 0;
  /** A rule of these statements. */
  const rule = async (statements: string): Promise<void> => {
    const script = `function (user, context, callback) { ${statements}; callback(null, user, context); }`;
    rules.push((await made<{ id: string }>('/rules', { name: `rule ${++count}`, script })).id);
  };
  const signIn = (scope?: string): Promise<OAuthResponse> =>
    signInWith(server, {
      username: user.email,
      password: PASSWORD,
      audience: api.identifier,
      ...(scope === undefined ? {} : { scope }),
    });
  const scopesOf = ({ status, body }: OAuthResponse): string => {
    expect(status, JSON.stringify(body)).toBe(200);
    const { scope = '' } = claimsIn(body.access_token) as { scope?: string };
    expect(body.scope ?? '').toBe(scope);
    return scope;
  };
  const only = async (value: string, asked?: string): Promise<string> => {
    await rule(`context.accessToken.scope = ${value}`);
    const scopes = scopesOf(await signIn(asked));
    await server.api('DELETE', `/rules/${rules.pop()}`);
    return scopes;
  };
  const lastFailure = async () => {
    const { body } = await server.api('GET', '/audit?event_types=user.sign_in_failed&limit=1');
    return (body as { events: object[] }).events[0];
  };

  describe('context.accessToken.scope', () => {
    it('narrows and replaces the scopes of the API, as a list or a text', async () => {
      expect(scopesOf(await signIn())).toBe('read write');
      expect(await only(`['write']`)).toBe('write');
      expect(await only(`'write read write'`)).toBe('write read');
      expect(await only(`[]`)).toBe('');
      expect(await only(`['write']`, 'openid email read')).toBe('openid email write');
      expect(await only(`null`, 'read')).toBe('read');
    });

    it('never gives what the person does not hold, and opens nothing of OpenID Connect', async () => {
      expect(await only(`['read', 'drop', 'unknown', 'users:read']`)).toBe('read');
      expect(await only(`['openid', 'offline_access', 'write']`, 'read')).toBe('write');
    });

    it('is the last rule’s word, and in no claim', async () => {
      await rule(`context.accessToken.scope = ['read', 'write']`);
      await rule(`context.accessToken.scope = context.accessToken.scope.slice(1)`);
      const { body } = await signIn('openid');
      expect(claimsIn(body.access_token).scope).toBe('openid write');
      expect(claimsIn(body.id_token)).not.toHaveProperty('scope');
    });

    it('narrows a refreshed token, and gives it no more than the first one had', async () => {
      const { body } = await signIn('offline_access read write');
      await rule(`context.accessToken.scope = ['write']`);
      const narrowed = await refreshWith(server, body.refresh_token);
      expect(scopesOf(narrowed)).toBe('offline_access write');
      const narrow = await signIn('offline_access');
      await server.api('DELETE', `/rules/${rules.pop()}`);
      await rule(`context.accessToken.scope = ['read', 'write']`);
      expect(scopesOf(await refreshWith(server, narrow.body.refresh_token))).toBe('offline_access write');
      expect(scopesOf(await refreshWith(server, narrowed.body.refresh_token))).toBe('offline_access read write');
    });

    it('holds for the management APIs', async () => {
      await rule(`context.accessToken.scope = 'users:read read:users read:current_user'`);
      const host = new URL(server.url).host;
      for (const [audience, scope] of [
        [`${server.url}/api`, 'users:read'],
        [`https://${host}/api/v2/`, 'read:users read:current_user'],
      ] as const)
        expect(scopesOf(await signInWith(server, { audience, scope: 'openid' }))).toBe(`openid ${scope}`);
      const asked = { username: user.email, password: PASSWORD, scope: 'users:read' };
      expect(scopesOf(await signInWith(server, asked))).toBe('');
    });

    it('that is neither a list of texts nor a text denies', async () => {
      for (const value of ['7', '{}', `['read', 7]`, 'true']) {
        await rule(`context.accessToken.scope = ${value}`);
        expect(await signIn(), value).toMatchObject({
          status: 403,
          body: { code: 'rule_denied', error_description: expect.stringContaining('context.accessToken.scope') },
        });
        await server.api('DELETE', `/rules/${rules.pop()}`);
      }
    });
  });

  it.each([
    ['multifactor', `{ provider: 'any' }`],
    ['redirect', `{ url: 'https://elsewhere.example/' }`],
  ])('denies where context.%s asks for a page that is not there, and says so', async (name, value) => {
    const { body: before } = await signIn('offline_access');
    await rule(`if (context.protocol) context.${name} = ${value}`);
    await rule(`throw new Error('asked in vain')`);
    const denied = {
      status: 403,
      body: {
        error: 'access_denied',
        code: 'rule_denied',
        error_description: expect.stringContaining(`context.${name}`),
      },
    };
    expect(await signIn()).toMatchObject(denied);
    expect(await lastFailure()).toMatchObject({
      target: { type: 'user', id: user.id },
      data: {
        reason: 'rule_denied',
        rule: `rule ${count - 1}`,
        message: expect.stringContaining(`context.${name}`),
      },
    });
    expect(await refreshWith(server, before.refresh_token)).toMatchObject(denied);
    for (const id of rules.splice(0)) await server.api('DELETE', `/rules/${id}`);
    await rule(`context.${name} = null`);
    expect((await signIn()).status).toBe(200);
  });

  describe('at the exchange of an impersonation’s code', () => {
    let app: { id: string; client_id: string; client_secret: string };
    beforeAll(async () => {
      app = await made('/applications', {
        name: 'desk',
        type: 'web',
        redirect_uris: [REDIRECT],
        grant_types: ['authorization_code', 'refresh_token'],
      });
    });
    const codeOf = async (more: object = {}): Promise<string> => {
      const body = { application: app.id, redirect_uri: REDIRECT, audience: api.identifier, ...more };
      const { url } = await made<{ url: string }>(`/users/${user.id}/impersonate`, body);
      const { headers } = await fetch(url, { redirect: 'manual' });
      return new URL(headers.get('location') as string).searchParams.get('code') as string;
    };
    const exchange = (code: string) => {
      const { client_id, client_secret } = app;
      const grant_type = 'authorization_code';
      return postForm(server, '/oauth/token', { grant_type, code, redirect_uri: REDIRECT, client_id, client_secret });
    };
    const sessions = async () =>
      ((await server.api('GET', `/users/${user.id}/sessions`)).body as { sessions: unknown[] }).sessions.length;

    it('rules put claims into the tokens, and decide their scopes', async () => {
      await rule(
        `context.idToken['https://x/v'] = [context.protocol, context.clientName, context.authentication.methods.length];
         context.accessToken['https://x/u'] = user.uid;
         context.accessToken.scope = ['write']`,
      );
      const answer = await exchange(await codeOf({ scope: 'openid read' }));
      expect(scopesOf(answer)).toBe('openid write');
      expect(claimsIn(answer.body.id_token)['https://x/v']).toEqual(['oidc-basic-profile', 'desk', 0]);
      expect(claimsIn(answer.body.access_token)['https://x/u']).toBe(user.id);
    });

    it('a rule that refuses begins no session, is recorded with who acts, and leaves the code as it was', async () => {
      const [code, before] = [await codeOf(), await sessions()];
      await rule(`if (context.protocol === 'oidc-basic-profile') throw new UnauthorizedError('not as somebody else')`);
      expect(await exchange(code)).toMatchObject({
        status: 403,
        body: { error: 'access_denied', error_description: 'not as somebody else', code: 'rule_denied' },
      });
      expect(await sessions()).toBe(before);
      expect(await lastFailure()).toMatchObject({
        actor: { type: 'user', id: user.id, application_id: app.id, impersonator_id: expect.stringMatching(/^app_/) },
        target: { type: 'user', id: user.id },
        data: { reason: 'rule_denied', message: 'not as somebody else', rule: `rule ${count}` },
      });
      await server.api('DELETE', `/rules/${rules.pop()}`);
      expect((await exchange(code)).status).toBe(200);
    });

    it('asks no rule about a code that was used, or of somebody who is disabled', async () => {
      const [used, held] = [await codeOf(), await codeOf()];
      expect((await exchange(used)).status).toBe(200);
      await rule(`throw new Error('asked')`);
      expect((await exchange(used)).body).toMatchObject({ error: 'invalid_grant' });
      await server.api('POST', `/users/${user.id}/disable`);
      expect((await exchange(held)).body).toMatchObject({ error: 'invalid_grant' });
      await server.api('POST', `/users/${user.id}/enable`);
    });
  });
});
