/** What leaves the server: no formula, no page in another one’s frame, no secret in a cache, no file without a right to it. */
import { gunzipSync } from 'node:zlib';
import {
  askForToken,
  auth0Caller,
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  databaseKinds,
  rw3issCaller,
  signInWith,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const WAIT = { timeout: 15_000, interval: 20 };
const FORMULAS = ['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1+1', '\r=1+1', "'=1+1"] as const;

/** The cells of a CSV text (RFC 4180). */
function cellsOf(text: string): string[] {
  const cells = text.matchAll(/(?:^|,|\n)(?:"((?:[^"]|"")*)"|([^",\n]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

describe.each(databaseKinds)('answers on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
    for (const [i, text] of FORMULAS.entries()) {
      const body = {
        username: `formula${i}`,
        name: text,
        nickname: text,
        given_name: text,
        user_metadata: { a: text },
      };
      expect((await server.api('POST', '/users', body)).status, text).toBe(201);
    }
  });
  afterAll(() => server.stop());

  interface Job {
    readonly id: string;
    readonly location: string;
  }
  const fileOf = async (location: string): Promise<string> => {
    const answer = await fetch(location);
    expect(answer.status).toBe(200);
    return gunzipSync(Buffer.from(await answer.arrayBuffer())).toString('utf8');
  };
  const exported = async (body: object): Promise<Job> => {
    const { id } = (await server.api('POST', '/jobs/exports', body)).body as Job;
    return vi.waitFor(async () => {
      const job = (await server.api('GET', `/jobs/${id}`)).body as Job & { state: string };
      expect(job.state).toBe('completed');
      return job;
    }, WAIT);
  };
  const expectNoFormula = (csv: string): void => {
    const cells = cellsOf(csv);
    expect(cells.filter((cell) => cell.includes('1+1')).length).toBeGreaterThan(FORMULAS.length);
    expect(cells.filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
  };

  it('hold no formula in any CSV, headers included', async () => {
    const streamed = await fetch(`${server.url}/api/v1/users/export?format=csv`, {
      headers: { authorization: `Bearer ${await server.token()}` },
    });
    expectNoFormula(await streamed.text());
    expectNoFormula(await fileOf((await exported({ format: 'csv' })).location));
    const auth0 = await auth0Caller(server);
    const fields = FORMULAS.map((text, i) => ({
      name: ['name', 'nickname', 'user_metadata.a'][i % 3],
      export_as: text,
    }));
    const made = await auth0('POST', '/jobs/users-exports', { format: 'csv', fields });
    expect(made.status, JSON.stringify(made.body)).toBe(200);
    const { id } = made.body as Job;
    const { location } = await vi.waitFor(async () => {
      const job = (await auth0('GET', `/jobs/${id}`)).body as { status: string; location: string };
      expect(job.status).toBe('completed');
      return job;
    }, WAIT);
    expectNoFormula(await fileOf(location));
  });

  it('give a file to who has its own link, unchanged and in time, and to nobody else', async () => {
    const [one, other] = [await exported({ limit: 1 }), await exported({ limit: 2 })];
    const link = new URL(one.location);
    const statusOf = async (change: (url: URL) => void) => {
      const url = new URL(link);
      change(url);
      return (await fetch(url)).status;
    };
    expect(await statusOf(() => {})).toBe(200);
    const expires = Number(link.searchParams.get('expires'));
    for (const change of [
      (url: URL) => url.searchParams.set('expires', String(expires + 1)),
      (url: URL) => url.searchParams.delete('expires'),
      (url: URL) => url.searchParams.delete('signature'),
      (url: URL) => url.searchParams.set('signature', ''),
      (url: URL) => url.searchParams.append('signature', 'x'),
      (url: URL) => url.searchParams.set('signature', new URL(other.location).searchParams.get('signature') ?? ''),
      (url: URL) => {
        url.pathname = `/exports/${other.id}`;
      },
    ])
      expect(await statusOf(change), String(change)).toBe(404);
    server.clock.advance(61_000);
    expect(await statusOf(() => {})).toBe(404);
  });

  it('that hold a secret are kept by no cache, nor taken for another type', async () => {
    const { id } = (await server.api('POST', '/users', { email: 'secret@example.com' })).body as { id: string };
    const query = `{ accessToken(userPoolId: "${CLIENT_ID}", secret: "${CLIENT_SECRET}") { accessToken } }`;
    const answers: readonly { readonly status: number; readonly headers: Headers }[] = [
      await askForToken(server),
      await signInWith(server, { scope: 'openid offline_access' }),
      await askForToken(server, { client_secret: 'wrong' }),
      await server.api('POST', '/applications', { name: 'kept', type: 'machine_to_machine' }),
      await server.api('POST', `/users/${id}/authentication-methods`, { type: 'totp' }),
      await server.api('POST', `/users/${id}/tickets/password-change`, {}),
      await server.api('GET', '/users/nobody'),
      await rw3issCaller(server)('POST', '/auth/login', { email: 'x@example.com', password: 'x' }),
      await fetch(`${server.url}/authing/graphql/v2`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      }),
      await fetch((await exported({ limit: 1 })).location),
      await fetch(`${server.url}/reset-password?ticket=x`),
      await fetch(`${server.url}/nothing`),
    ];
    for (const [i, { headers }] of answers.entries()) {
      expect(headers.get('cache-control'), `answer ${i}`).toContain('no-store');
      expect(headers.get('x-content-type-options'), `answer ${i}`).toBe('nosniff');
      expect(headers.get('set-cookie'), `answer ${i}`).toBeNull();
    }
  });

  it('that are pages stand in no frame, run no foreign script and send no form elsewhere', async () => {
    for (const path of [
      '/docs',
      '/docs/problems',
      '/verify-email?ticket=x',
      '/reset-password',
      '/invitation',
      '/impersonate',
    ]) {
      const { headers } = await fetch(server.url + path);
      expect(headers.get('content-type'), path).toMatch(/^text\/html/);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy, path).toContain("default-src 'none'");
      expect(policy, path).toContain("frame-ancestors 'none'");
      expect(policy, path).toContain("base-uri 'none'");
      expect(policy, path).toMatch(/form-action '(none|self)'(;|$)/);
      expect(policy, path).not.toMatch(/script-src[^;]*(unsafe|\*|https?:)/);
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
    }
  });

  it('lead to no place that a request alone names', async () => {
    const evil = 'https://evil.example/x';
    for (const path of [
      `/verify-email?ticket=x&result_url=${evil}&redirect_uri=${evil}`,
      `/reset-password?ticket=x&resultUrl=${evil}`,
      `/impersonate?ticket=x&redirect_uri=${evil}`,
      `/invitation?ticket=x&next=${evil}`,
      `/oauth/token?redirect_uri=${evil}`,
      '//evil.example/x',
      '/\\evil.example',
      '/docs//evil.example',
    ]) {
      const answer = await fetch(server.url + path, { redirect: 'manual' });
      expect(answer.headers.get('location'), path).toBeNull();
      expect(await answer.text(), path).not.toContain('href="https://evil');
    }
    const form = new URLSearchParams({ ticket: 'x', result_url: evil });
    const posted = await fetch(`${server.url}/verify-email`, { method: 'POST', body: form, redirect: 'manual' });
    expect([posted.status, posted.headers.get('location')]).toEqual([404, null]);
  });

  it('lead to nothing that a browser would run', async () => {
    for (const uri of ['javascript://x%0aalert(1)', 'data://text/html,x', 'vbscript://x', 'file:///etc/passwd']) {
      const made = await server.api('POST', '/applications', { name: 'runs', type: 'web', redirect_uris: [uri] });
      expect(made.status, uri).toBe(400);
    }
  });
});
