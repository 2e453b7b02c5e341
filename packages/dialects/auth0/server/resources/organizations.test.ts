/** Auth0's list of organizations in the order that is asked for. */
import { type Auth0Call, auth0Caller, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Organization {
  readonly name: string;
}

describe.each(databaseKinds)('GET /organizations?sort= on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
    for (const [name, display_name] of [
      ['beta', 'Zulu'],
      ['alpha', 'mike'],
      ['gamma', 'Alpha'],
    ])
      expect((await call('POST', '/organizations', { name, display_name })).status).toBe(201);
  });
  afterAll(() => server.stop());

  const names = (rows: readonly Organization[]) => rows.map(({ name }) => name.charAt(0)).join('');

  it('orders by name, display_name and created_at, either way', async () => {
    for (const [sort, order] of [
      ['name:1', 'abg'],
      ['name:-1', 'gba'],
      ['display_name:1', 'gab'],
      ['display_name:-1', 'bag'],
      ['created_at:1', 'bag'],
      ['created_at:-1', 'gab'],
    ] as const)
      expect([sort, names((await call('GET', `/organizations?sort=${sort}`)).body)]).toEqual([sort, order]);
  });

  it('holds over pages of both kinds', async () => {
    const totals = await call('GET', '/organizations?sort=name:1&per_page=1&page=1&include_totals=true');
    expect(totals.body).toMatchObject({ total: 3, start: 1, organizations: [{ name: 'beta' }] });
    type Page = { organizations: Organization[]; next?: string };
    const first = (await call('GET', '/organizations?sort=name:-1&take=2')).body as Page;
    const rest = (await call('GET', `/organizations?sort=name:-1&take=2&from=${first.next}`)).body as Page;
    expect([names(first.organizations), names(rest.organizations), rest.next]).toEqual(['gb', 'a', undefined]);
    const other = await call('GET', `/organizations?sort=name:1&take=2&from=${first.next}`);
    expect([other.status, other.body]).toMatchObject([400, { errorCode: 'invalid_paging' }]);
  });

  it('refuses an order that there is none of', async () => {
    for (const sort of ['owner:1', 'name', 'name:2', 'name:1,id:1', '-name'])
      expect((await call('GET', `/organizations?sort=${sort}`)).body, sort).toMatchObject({
        statusCode: 400,
        errorCode: 'invalid_query_string',
        message: expect.stringContaining('on property sort'),
      });
  });
});

describe.each(databaseKinds)('PATCH /organizations/{id} on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
  });
  afterAll(() => server.stop());

  it('replaces the metadata whole, however many do so at once', async () => {
    const organizations = Array.from({ length: 8 }, async (_, n) => {
      const made = await call('POST', '/organizations', { name: `raced-${n}`, metadata: { before: 'x' } });
      const path = `/organizations/${(made.body as { id: string }).id}`;
      const bags = Array.from({ length: 4 }, (_, i) => ({ [`key${i}`]: String(i) }));
      const answers = await Promise.all(bags.map((metadata) => call('PATCH', path, { metadata })));
      expect(answers.map(({ status, body }) => [status, (body as { metadata: object }).metadata])).toEqual(
        bags.map((bag) => [200, bag]),
      );
      expect(bags).toContainEqual(((await call('GET', path)).body as { metadata: object }).metadata);
    });
    await Promise.all(organizations);
  });
});
