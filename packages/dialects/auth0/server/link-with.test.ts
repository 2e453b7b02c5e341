/** `link_with`: an id token proves another account only to the application that was given it, while its session lasts. */
import type { User } from '@reeve/contract';
import {
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  claimsIn,
  databaseKinds,
  managementClient,
  postForm,
  signInWith,
  type TestServer,
  withBearer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'a long enough one';
const REDIRECT = 'https://app.example/cb';
const OWN = 'update:current_user_identities';

describe.each(databaseKinds)('link_with on %s', (kind) => {
  let server: TestServer;
  let audience: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    audience = `https://${new URL(server.url).host}/api/v2/`;
    const grant_types = ['client_credentials', 'password', 'refresh_token', 'authorization_code'];
    const changed = await server.api('PATCH', `/applications/${CLIENT_ID}`, { grant_types, redirect_uris: [REDIRECT] });
    expect(changed.status, JSON.stringify(changed.body)).toBe(200);
  });
  afterAll(() => server.stop());

  let count = 0;
  const person = async () => {
    const email = `link${++count}@example.com`;
    const made = await server.api('POST', '/users', { email, email_verified: true, password: PASSWORD });
    const { id, identities } = made.body as User;
    return { email, id, user_id: `${identities[0]?.provider}|${identities[0]?.subject}` };
  };
  type Person = Awaited<ReturnType<typeof person>>;
  const idTokenOf = async ({ email }: Person, client: Record<string, string> = managementClient): Promise<string> => {
    const answer = await signInWith(server, { username: email, password: PASSWORD, scope: 'openid', ...client });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body.id_token as string;
  };
  const ownTokenOf = async ({ email }: Person): Promise<string> =>
    (await signInWith(server, { username: email, password: PASSWORD, audience, scope: OWN })).body.access_token;
  const impersonated = async ({ id }: Person, more: object) => {
    const body = { application: CLIENT_ID, redirect_uri: REDIRECT, ...more };
    const { url } = (await server.api('POST', `/users/${id}/impersonate`, body)).body as { url: string };
    const away = new URL((await fetch(url, { redirect: 'manual' })).headers.get('location') as string);
    const code = away.searchParams.get('code') as string;
    const client = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
    const asked = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, ...client };
    const answer = await postForm(server, '/oauth/token', asked);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  };
  const linkTo = (token: string, { user_id }: Person, link_with: string | undefined) =>
    withBearer(server, token, `/api/v2/users/${encodeURIComponent(user_id)}/identities`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ link_with }),
    });
  const unproven = { status: 400, body: { message: expect.stringContaining('link_with must be an id token') } };

  it('links the account of an id token that the same application was given', async () => {
    const [own, other] = [await person(), await person()];
    const idToken = await idTokenOf(other);
    const linked = await linkTo(await ownTokenOf(own), own, idToken);
    expect(linked.status, JSON.stringify(linked.body)).toBe(201);
    expect(linked.body).toHaveLength(2);
    // The account is another's now, so the token proves nothing more.
    const third = await person();
    expect(await linkTo(await ownTokenOf(third), third, idToken)).toMatchObject(unproven);
  });

  it('takes no id token of another application, and no access token', async () => {
    const [own, other] = [await person(), await person()];
    const made = await server.api('POST', '/applications', {
      name: 'another',
      type: 'web',
      grant_types: ['password'],
    });
    const { client_id, client_secret } = made.body as { client_id: string; client_secret: string };
    const foreign = await idTokenOf(other, { client_id, client_secret });
    expect(claimsIn(foreign).aud).toBe(client_id);
    const token = await ownTokenOf(own);
    for (const proof of [foreign, await ownTokenOf(other), 'no token'])
      expect(await linkTo(token, own, proof)).toMatchObject(unproven);
    // Nor has an application that may change users a token of its own that proves more.
    const manager = await server.token(['update:users'], { aud: audience });
    expect(await linkTo(manager, own, foreign)).toMatchObject(unproven);
  });

  it('takes none that has expired, whose session ended, or whose user is disabled', async () => {
    const [own, expired, ended, disabled] = [await person(), await person(), await person(), await person()];
    const old = await idTokenOf(expired);
    server.clock.advance(((claimsIn(old).exp as number) - (claimsIn(old).iat as number)) * 1000 + 1000);
    const over = await idTokenOf(ended);
    expect((await server.api('DELETE', `/sessions/${claimsIn(over).sid}`)).status).toBe(204);
    const of = await idTokenOf(disabled);
    expect((await server.api('POST', `/users/${disabled.id}/disable`)).status).toBe(200);
    const token = await ownTokenOf(own);
    for (const proof of [old, over, of]) expect(await linkTo(token, own, proof)).toMatchObject(unproven);
  });

  it('takes none of an impersonation, and nothing from who acts as another', async () => {
    const [own, other] = [await person(), await person()];
    const { id_token: proof } = await impersonated(other, { scope: 'openid' });
    expect(claimsIn(proof)).toMatchObject({ aud: CLIENT_ID, uid: other.id });
    expect(await linkTo(await ownTokenOf(own), own, proof)).toMatchObject(unproven);
    const { access_token: token } = await impersonated(own, { audience, scope: OWN });
    expect(await linkTo(token, own, await idTokenOf(other))).toMatchObject({ status: 403 });
  });
});
