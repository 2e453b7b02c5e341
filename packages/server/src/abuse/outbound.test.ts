/** Where the server connects to: nowhere, whatever URLs it is given; and for a tenant’s mails to no host beside itself. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { auth0 } from '@reeve/auth0/server';
import type { Schema } from '@reeve/contract';
import {
  ask,
  auth0Scopes,
  bootServer,
  databaseKinds,
  managementClient,
  postForm,
  type TestServer,
} from '@reeve/testkit';
import { markedBodies, markedValue, parametersIn, vendorAsk, vendorPath } from '@reeve/testkit/walk';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectPublic, HostNotPublic, isPublicAddress, lookupPublic } from '../mail/reach.ts';

const OTHER_HOST = 'other.example.com';

/** Counts who connects to it. */
async function startTrap() {
  let visits = 0;
  const server = createServer((socket) => {
    visits++;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    get visits() {
      return visits;
    },
    stop: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
type Trap = Awaited<ReturnType<typeof startTrap>>;

describe.each(databaseKinds)('connections of the server on %s', (kind) => {
  let server: TestServer;
  let trap: Trap;
  let url: string;
  beforeAll(async () => {
    trap = await startTrap();
    url = `http://127.0.0.1:${trap.port}/x`;
    server = await bootServer(kind);
  });
  afterAll(async () => {
    await server.stop();
    await trap.stop();
  });

  it('are none to what resources name by a URL', async () => {
    const bearer = await server.token(auth0Scopes, { aud: `https://${new URL(server.url).host}/api/v2/` });
    let taken = 0;
    for (const row of auth0.rows.filter(({ body, path }) => body && !path.startsWith('/emails'))) {
      const params = Object.fromEntries(parametersIn(row).map((name) => [name, 'auth0|x']));
      const schema = row.body as Schema;
      const good = Object.fromEntries(
        (schema.required ?? []).map((name) => [name, markedValue(schema.properties?.[name] ?? {}, url)]),
      );
      const path = vendorPath(auth0.prefix, row, { params });
      for (const body of [good, ...markedBodies(schema, good, url)])
        if ((await vendorAsk(server.url, row, path, { bearer, body })).status < 300) taken++;
    }
    // Of what was refused nobody knows where it would have led.
    expect(taken).toBeGreaterThan(60);
    const made = await server.api('POST', '/users', { email: 'trapped@example.com', picture: url });
    expect(made.status).toBe(201);
    const { id } = made.body as { id: string };
    const application = { name: 'trapped', type: 'web', redirect_uris: [url] };
    expect((await server.api('POST', '/applications', application)).status).toBe(201);
    const ticket = await server.api('POST', `/users/${id}/tickets/email-verification`, { result_url: url });
    expect(ticket.status, JSON.stringify(ticket.body)).toBe(201);
    const link = new URL((ticket.body as { ticket: string }).ticket);
    const form = new URLSearchParams({ ticket: link.searchParams.get('ticket') ?? '' });
    const page = await fetch(`${server.url}/verify-email`, { method: 'POST', body: form, redirect: 'manual' });
    expect(page.headers.get('location')).toContain(url);
    expect(trap.visits).toBe(0);
  });

  it('are none to what requests of OAuth and tokens name by a URL', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const header = { alg: 'RS256', jku: url, x5u: url, kid: url, typ: 'JWT' };
    const assertion = await new SignJWT({ iss: url, sub: url, aud: `${server.url}/`, jti: 'x', jwks_uri: url })
      .setProtectedHeader(header)
      .setExpirationTime('5m')
      .sign(privateKey);
    const named = { request_uri: url, sector_identifier_uri: url, jwks_uri: url, redirect_uri: url, resource: url };
    const asked = [
      { ...named, client_id: url },
      { ...named, client_id: url, client_secret: 'x' },
      { ...named, ...managementClient },
      { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion },
      { ...managementClient, request: assertion },
    ];
    for (const more of asked)
      for (const grant_type of ['client_credentials', 'password', 'authorization_code', 'refresh_token']) {
        const parameters = { username: url, password: url, code: url, refresh_token: assertion, grant_type };
        const { status } = await postForm(server, '/oauth/token', { ...parameters, ...more });
        expect(status, JSON.stringify(more)).toBeLessThan(500);
      }
    for (const path of ['/oauth/introspect', '/oauth/revoke'])
      await postForm(server, path, { ...managementClient, token: assertion });
    for (const path of ['/api/v1/users', '/api/v2/users', '/rw3iss/api/v1/auth/me', '/userinfo'])
      expect((await ask(server.url, { path, headers: { authorization: `Bearer ${assertion}` } })).status).toBe(401);
    for (const name of ['x-forwarded-host', 'forwarded', 'x-original-url', 'x-rewrite-url', 'referer', 'origin'])
      await ask(server.url, { path: '/.well-known/openid-configuration', headers: { [name]: url } });
    expect(trap.visits).toBe(0);
  });

  it('go to the mail server of another tenant only where that is a public host', async () => {
    const made = await server.api('POST', '/tenants', { name: 'other', domains: [OTHER_HOST] });
    expect(made.status).toBe(201);
    const { client_id, client_secret } = made.body as { client_id: string; client_secret: string };
    const at = async (path: string, body: object, bearer?: string) => {
      const { status, text } = await ask(server.url, {
        path,
        method: 'POST',
        headers: {
          host: OTHER_HOST,
          'content-type': 'application/json',
          ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
        },
        body: JSON.stringify(body),
      });
      expect(status, text).toBeLessThan(300);
      return JSON.parse(text) as { access_token: string };
    };
    const { access_token } = await at('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret });
    const provider = { name: 'smtp', credentials: { smtp_host: 'localhost', smtp_port: trap.port } };
    await at('/api/v1/mail-provider', provider, access_token);
    await at('/api/v1/users', { email: 'kept@example.com' }, access_token);
    const failure = (recipient: string) =>
      vi.waitFor(async () => {
        const mail = await server.services.database.read((db) =>
          db.selectFrom('mails').select('last_error').where('recipient', '=', recipient).executeTakeFirstOrThrow(),
        );
        expect(mail.last_error).not.toBeNull();
        return mail.last_error;
      }, 15_000);
    expect(await failure('kept@example.com')).toContain('not a host of the public Internet');
    expect(trap.visits).toBe(0);
    // Who runs the server may have a mail server beside it.
    expect((await server.api('POST', '/mail-provider', provider)).status).toBe(201);
    expect((await server.api('POST', '/users', { email: 'sent@example.com' })).status).toBe(201);
    await failure('sent@example.com');
    expect(trap.visits).toBeGreaterThan(0);
  });
});

describe('a public address', () => {
  it.each([
    ...['93.184.216.34', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.0.1', '223.255.255.255'],
    ...['2606:2800:220:1::1', '2a00:1450:4001::8a', '2003::1'],
  ])('is %s', (address) => expect(isPublicAddress(address)).toBe(true));

  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1'],
    ...['172.31.255.255', '192.168.1.1', '192.0.0.8', '198.18.0.1', '203.0.113.7', '224.0.0.1', '255.255.255.255'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::7f00:1'],
    ...[
      'fe80::1',
      'fe80::1%eth0',
      'fc00::1',
      'fd12:3456::1',
      'ff02::1',
      '2002:7f00:1::',
      '2001:0:7f00:1::',
      '2001:db8::1',
    ],
    ...['localhost', '127.1', '2130706433', '0x7f000001', '017700000001', '', '127.0.0.1.'],
  ])('is not %s', (address) => expect(isPublicAddress(address)).toBe(false));
});

describe('a connection to a public host', () => {
  let trap: Trap | undefined;
  afterEach(() => trap?.stop());

  it('is none to this machine, however it is called', async () => {
    trap = await startTrap();
    for (const host of ['127.0.0.1', 'localhost', '127.1', '2130706433', '0x7f.1', '0', '0.0.0.0', '::ffff:127.0.0.1'])
      await expect(connectPublic(host, trap.port), host).rejects.toThrow();
    await expect(connectPublic('localhost', trap.port)).rejects.toThrow(HostNotPublic);
    expect(trap.visits).toBe(0);
  });

  it('leads to what was judged: a name is asked for once, and answers that are not public are left out', async () => {
    const answers = [['10.0.0.1', '93.184.216.34', '::1', '2606:2800:220:1::1'], ['127.0.0.1']];
    let asked = 0;
    const resolve = lookupPublic((_name, { all }, told) => {
      expect(all).toBe(true);
      const addresses = answers[asked++] ?? [];
      told(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    });
    const lookedUp = () =>
      new Promise((done) => resolve('rebound.example', {}, (error, addresses) => done(error ?? addresses)));
    expect(await lookedUp()).toEqual([
      { address: '93.184.216.34', family: 4 },
      { address: '2606:2800:220:1::1', family: 6 },
    ]);
    expect(asked).toBe(1);
    expect(await lookedUp()).toBeInstanceOf(HostNotPublic);
  });
});
