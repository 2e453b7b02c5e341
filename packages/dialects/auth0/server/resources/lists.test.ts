/** Lists: exact totals and pages, at a cost that is the page's, however long the list is. */
import { type Auth0Call, auth0Caller, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** More than a native page holds. */
const MANY = 104;
const LISTS = ['clients', 'connections', 'roles', 'organizations', 'resource-servers', 'client-grants'] as const;
type List = (typeof LISTS)[number];
type Item = Readonly<Record<string, unknown>>;

const keyOf = (list: List) => list.replace('-', '_');
const itemsIn = (list: List, answer: object) => (answer as Readonly<Record<string, Item[]>>)[keyOf(list)] as Item[];
const idOf = (item: Item) => String(item.id ?? item.client_id);

describe.each(databaseKinds)('lists of Auth0 on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  /** Units of reading that one request for a page took when the lists were short. */
  const short = new Map<List, number>();
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
    const audience = `https://${new URL(server.url).host}/api/v2/`;
    const furnish = async (i: number): Promise<void> => {
      const app_type = i % 2 === 0 ? 'spa' : 'non_interactive';
      const { body } = await call('POST', '/clients', { name: `Client ${i}`, app_type, is_first_party: i % 5 !== 0 });
      const { client_id } = body as { client_id: string };
      if (i % 2 === 1) await call('POST', '/client-grants', { client_id, audience, scope: ['read:users'] });
      await call('POST', '/connections', {
        name: `connection-${i}`,
        strategy: i % 3 === 0 ? 'google-oauth2' : 'auth0',
      });
      await call('POST', '/roles', { name: `Role ${i}` });
      await call('POST', '/organizations', { name: `organization-${i}` });
      await call('POST', '/resource-servers', { identifier: `urn:api:${i}` });
    };
    for (let i = 0; i < 6; i++) await furnish(i);
    for (const list of LISTS) short.set(list, await costOf(list));
    for (let i = 6; i < MANY; i++) await furnish(i);
  }, 240_000);
  afterAll(() => server.stop());

  const PAGE = 'per_page=3&include_totals=true';

  async function ask(list: List, query: string) {
    const { status, body } = await call('GET', `/${list}?${query}`);
    expect(status, JSON.stringify(body)).toBe(200);
    return body as Record<string, unknown> & { readonly total: number; readonly next?: string };
  }
  const itemsOf = async (list: List, query: string): Promise<Item[]> => itemsIn(list, await ask(list, query));

  /** The least of some requests: what goes on beside them reads, too. */
  async function costOf(list: List): Promise<number> {
    const { database } = server.services;
    const { read } = database;
    let reads = 0;
    Object.assign(database, {
      read: (unit: never) => {
        reads++;
        return read.call(database, unit);
      },
    });
    const costs: number[] = [];
    for (let i = 0; i < 4; i++) {
      reads = 0;
      await ask(list, PAGE);
      costs.push(reads);
    }
    Object.assign(database, { read });
    return Math.min(...costs);
  }

  it.each(LISTS)('cost no more when they are long: %s', async (list) => {
    const before = short.get(list) as number;
    expect(before).toBeGreaterThan(0);
    expect(await costOf(list)).toBe(before);
  });

  it.each(LISTS)('are paged exactly, with their true total: %s', async (list) => {
    const { total } = await ask(list, PAGE);
    expect(total).toBeGreaterThan(list === 'client-grants' ? MANY / 2 - 1 : MANY - 1);
    const seen: Item[] = [];
    for (let page = 0; page * 40 < total; page++) {
      const answer = await ask(list, `per_page=40&page=${page}&include_totals=true`);
      expect([answer.total, answer.start, answer.limit]).toEqual([total, page * 40, 40]);
      seen.push(...itemsIn(list, answer));
    }
    expect(new Set(seen.map(idOf)).size).toBe(total);
    expect(seen).toHaveLength(total);
    if (list === 'roles' || list === 'resource-servers') return;
    const walked: Item[] = [];
    for (let next: string | undefined = ''; next !== undefined; ) {
      const answer: Awaited<ReturnType<typeof ask>> = await ask(list, `take=40${next && `&from=${next}`}`);
      walked.push(...itemsIn(list, answer));
      next = answer.next;
    }
    expect(walked).toEqual(seen);
  });

  it('find the connections of a strategy or a name, and count them', async () => {
    const all = [
      ...(await itemsOf('connections', 'take=100')),
      ...(await itemsOf('connections', 'per_page=100&page=1&include_totals=true')),
    ];
    for (const strategies of [['auth0'], ['google-oauth2'], ['google-oauth2', 'auth0'], ['database'], ['saml']]) {
      const wanted = all.filter(({ strategy }) => strategies.includes(String(strategy)));
      const query = strategies.map((name) => `strategy=${name}`).join('&');
      const answer = await ask('connections', `${query}&per_page=100&include_totals=true`);
      expect([answer.total, answer.connections]).toEqual([wanted.length, wanted.slice(0, 100)]);
    }
    const [named] = all.filter(({ name }) => name === 'connection-3');
    expect(await itemsOf('connections', 'name=connection-3&include_totals=true')).toEqual([named]);
    expect(await itemsOf('connections', 'name=connection-3&strategy=auth0&include_totals=true')).toEqual([]);
    expect(await itemsOf('connections', 'name=CONNECTION-3&include_totals=true')).toEqual([]);
  });

  it('find the clients that a filter asks for, and count them', async () => {
    const all = [
      ...(await itemsOf('clients', 'take=100')),
      ...(await itemsOf('clients', 'per_page=100&page=1&include_totals=true')),
    ];
    const [one] = all as [Item];
    const filters: [string, (client: Item) => boolean][] = [
      ['is_global=true', ({ global }) => global === true],
      ['is_global=false', ({ global }) => global === false],
      ['app_type=spa', ({ app_type }) => app_type === 'spa'],
      ['app_type=spa,non_interactive&is_first_party=false', ({ is_first_party }) => is_first_party === false],
      ['is_first_party=true&is_global=false', (client) => client.is_first_party === true && client.global === false],
      [`external_client_id=${one.client_id}`, ({ client_id }) => client_id === one.client_id],
      [`external_client_id=${one.client_id}&is_global=true`, () => false],
      ['external_client_id=nobody', () => false],
    ];
    for (const [query, isAsked] of filters) {
      const wanted = all.filter(isAsked);
      const answer = await ask('clients', `${query}&per_page=100&include_totals=true`);
      expect([query, answer.total, answer.clients]).toEqual([query, wanted.length, wanted.slice(0, 100)]);
      expect((await ask('clients', `${query}&take=2`)).clients).toEqual(wanted.slice(0, 2));
    }
  });

  it('tell the roles that a member holds, and no other of the same code', async () => {
    const { body } = await call('POST', '/users', {
      connection: 'Username-Password-Authentication',
      email: 'roles@lists.example',
    });
    const { user_id } = body as { user_id: string };
    const member = encodeURIComponent(user_id);
    const [organization] = await itemsOf('organizations', 'take=1');
    const [role, other] = (await itemsOf('roles', 'per_page=2&include_totals=true')) as [Item, Item];
    await call('POST', `/organizations/${organization?.id}/members`, { members: [user_id] });
    await call('POST', `/organizations/${organization?.id}/members/${member}/roles`, { roles: [role.id, other.id] });
    const path = `/organizations/${organization?.id}/members/${member}/roles`;
    expect((await call('GET', path)).body).toEqual([role, other]);
    expect((await call('GET', `${path}?per_page=1&page=1&include_totals=true`)).body).toEqual({
      start: 1,
      limit: 1,
      total: 2,
      roles: [other],
    });
  });
});
