/** What the server answers against the shapes that the contract tells: nothing is missing, of another type, or beside them. */
import { readFileSync } from 'node:fs';
import { bootServer, databaseKinds, type Rw3issPerson, rw3issPerson, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'Correct-horse-1';

type Shapes = Readonly<Record<string, Readonly<Record<string, string>>>>;
const { shapes } = JSON.parse(readFileSync(new URL('../contract/rw3iss.json', import.meta.url), 'utf8')) as {
  readonly shapes: Shapes;
};

/** What an answer leaves out though the contract tells it, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'Invitation.code': 'whoever reads the list could come in as the invited person',
};

/** Contract `http.timestamps`: these have fractions of a second. */
const FRACTIONAL: ReadonlySet<string> = new Set(['App', 'Invitation', 'M2MClient', 'AuditEntry']);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const textLike = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);

interface Member {
  readonly name: string;
  readonly isOptional: boolean;
  readonly type: string;
}

/** `(a, b)?` stands for several; behind ` (`, ` — ` and `;` is a remark. */
const membersOf = (shape: string): Member[] =>
  Object.entries(shapes[shape] ?? {}).flatMap(([key, told]) => {
    const isOptional = key.endsWith('?');
    const names = key
      .replace(/\?$/, '')
      .replace(/^\(|\)$/g, '')
      .split(', ');
    const type = (told.split(/ \(| — |;|, /)[0] as string).trim();
    return names.map((name) => ({ name, isOptional, type }));
  });

const simple = (shape: string): Readonly<Record<string, (value: unknown) => boolean>> => ({
  uuid: textLike(UUID),
  string: textLike(/^/),
  ts: textLike(FRACTIONAL.has(shape) ? /^\d{4}-.*T.*\.\d+Z$/ : /^\d{4}-.*T\d\d:\d\d:\d\dZ$/),
  '6 characters': textLike(/^.{6}$/),
  boolean: (value) => typeof value === 'boolean',
  true: (value) => value === true,
  int: Number.isInteger,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
});

/** What is wrong with a value of a shape's member; each as `Shape.member …`. */
function faultsIn(shape: string, type: string, value: unknown, at: string): string[] {
  const alternatives = type.split('|').map((part) => part.trim());
  if (value === null && alternatives.includes('null')) return [];
  const [only = ''] = alternatives.filter((part) => part !== 'null');
  const list = /^(\w+)\[\]$/.exec(only)?.[1];
  if (list) {
    if (!Array.isArray(value)) return [`${at} is no list`];
    return value.flatMap((item) => faultsIn(shape, list, item, at));
  }
  if (only.startsWith('[{')) return Array.isArray(value) ? [] : [`${at} is no list`];
  if (only in shapes) return faultsOf(only, value, `${at}.*` in LEFT_OUT);
  const judge = simple(shape)[only];
  const isGood = judge && alternatives.length === 1 ? judge(value) : alternatives.includes(value as string);
  return isGood ? [] : [`${at} is ${JSON.stringify(value)}, no ${type}`];
}

/** `isPartial`: what is missing is no fault. */
function faultsOf(shape: string, value: unknown, isPartial = false): string[] {
  const given = value as Readonly<Record<string, unknown>> | null | undefined;
  if (typeof given !== 'object' || given === null) return [`${shape} is ${JSON.stringify(value)}`];
  const members = membersOf(shape);
  const names = members.map(({ name }) => name);
  return [
    ...Object.keys(given).flatMap((name) => (names.includes(name) ? [] : [`${shape}.${name} is unknown`])),
    ...members.flatMap(({ name, isOptional, type }) => {
      if (name in given) return faultsIn(shape, type, given[name], `${shape}.${name}`);
      return isOptional || isPartial || `${shape}.${name}` in LEFT_OUT ? [] : [`${shape}.${name} is missing`];
    }),
  ];
}

describe('the judge of shapes', () => {
  const pair = {
    access_token: 'a',
    refresh_token: 'r',
    token_type: 'Bearer',
    expires_in: 900,
    expires_at: '2026-01-01T00:00:00Z',
  };
  it.each([
    [pair, []],
    [{ ...pair, token_type: 'Mac' }, ['TokenPair.token_type is "Mac", no Bearer']],
    [{ ...pair, expires_in: 1.5 }, ['TokenPair.expires_in is 1.5, no int']],
    [{ ...pair, expires_at: '2026-01-01T00:00:00.5Z' }, ['TokenPair.expires_at is "2026-01-01T00:00:00.5Z", no ts']],
    [
      { ...pair, more: 1, refresh_token: null },
      ['TokenPair.more is unknown', 'TokenPair.refresh_token is null, no string'],
    ],
    [{ ...pair, access_token: undefined }, ['TokenPair.access_token is undefined, no string']],
    [null, ['TokenPair is null']],
  ])('finds in %j %j', (value, faults) => {
    expect(faultsOf('TokenPair', value)).toEqual(faults);
  });

  it('knows every shape', () => {
    for (const shape of Object.keys(shapes)) expect(membersOf(shape).length, shape).toBeGreaterThan(1);
  });
});

describe.each(databaseKinds)('the shapes of answers on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  let user: { readonly id: string; readonly email: string };
  let organization: string;
  let app: { readonly id: string; readonly code: string };
  beforeAll(async () => {
    server = await bootServer(kind);
    admin = await rw3issPerson(server);
    const email = 'shaped@example.com';
    const made = await server.api('POST', '/users', {
      email,
      email_verified: true,
      password: PASSWORD,
      given_name: 'Ann',
      name: 'Ann Lee',
      picture: 'https://a.example/p.png',
      phone_number: '+4912345678',
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    user = { id: (await rw3issPerson(server, { email, password: PASSWORD })).id, email };
    organization = (
      (await asked('POST', '/admin/organizations', { name: 'Acme', website: 'https://a.example' })) as { id: string }
    ).id;
    app = (await asked('POST', '/admin/apps', {
      code: 'shop',
      name: 'Shop',
      default_organization_id: organization,
      frontend_url: 'https://shop.example',
      registration_namespace: 'shoppers',
      default_role_code: 'org_member',
      webhooks: [{ url: 'https://a.example', events: ['x'], enabled: true }],
    })) as typeof app;
    await asked('POST', `/admin/users/${user.id}/apps/${app.id}`);
    await asked('POST', `/admin/users/${user.id}/namespaces`, { namespace: 'tagged' });
    await asked('POST', `/admin/organizations/${organization}/members`, { user_id: user.id });
    await asked('POST', `/orgs/${organization}/invitations`, { email: 'guest@example.com' });
    await asked('POST', '/admin/m2m-clients', { client_id: 'robot', name: 'Robot', scopes: ['a'] });
  });
  afterAll(() => server.stop());

  const asked = async (verb: string, path: string, body?: unknown, by = admin): Promise<unknown> => {
    const answer = await by.call(verb, path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    return answer.body;
  };
  /** Every value of an answer that has the shape; at least one. */
  const expectShape = (shape: string, values: unknown): void => {
    const list = [values].flat();
    expect(list.length, shape).toBeGreaterThan(0);
    for (const value of list) expect(faultsOf(shape, value), JSON.stringify(value)).toEqual([]);
  };
  const within = (answer: unknown, name: string): unknown => (answer as Readonly<Record<string, unknown>>)[name];

  it('AuthResponse, TokenPair and Organization of a sign-in', async () => {
    const body = { email: user.email, password: PASSWORD, organization_id: organization };
    for (const more of [{}, { remember_me: true }])
      expectShape('AuthResponse', await asked('POST', '/auth/login', { ...body, ...more }));
    const { tokens } = await rw3issPerson(server, body);
    const answer = (await asked('POST', '/auth/refresh', { refresh_token: tokens.refresh_token })) as object;
    const { tokens: pair, ...bare } = answer as { tokens: object };
    expectShape('TokenPair', [pair, bare]);
    expectShape('AuthResponse', await asked('POST', `/admin/users/${user.id}/impersonate`, { reason: 'a call' }));
  });

  it('User', async () => {
    expectShape('User', within(await asked('GET', '/admin/users'), 'users'));
    expectShape('User', within(await asked('POST', '/admin/users/lookup', { ids: [user.id] }), 'users'));
    expectShape('User', within(await asked('GET', `/admin/users/${user.id}`), 'user'));
    const newcomer = { email: 'new@example.com', password: PASSWORD, first_name: 'N', last_name: 'N' };
    const registered = await asked('POST', '/auth/register', { ...newcomer, organization_name: 'Own' });
    expectShape('User', within(registered, 'user'));
    expectShape('Organization', within(registered, 'organization'));
  });

  it('Role', async () => {
    expectShape('Role', within(await asked('GET', `/admin/users/${admin.id}/roles`), 'roles'));
    expectShape(
      'Role',
      within(await asked('PUT', `/admin/users/${user.id}/roles`, { role_codes: ['buyer'] }), 'roles'),
    );
    const roles = within(await asked('GET', `/orgs/${organization}/roles`), 'roles') as { id: string }[];
    expectShape('Role', roles);
    expectShape('Role', await asked('GET', `/orgs/${organization}/roles/${roles[0]?.id}`));
  });

  it('Session', async () => {
    await rw3issPerson(server, { email: user.email, password: PASSWORD });
    expectShape('Session', await asked('GET', `/admin/users/${user.id}/sessions`));
    expectShape('Session', await asked('GET', '/auth/sessions'));
  });

  it('App and RegistrationPolicy', async () => {
    expectShape('App', within(await asked('GET', '/admin/apps'), 'apps'));
    expectShape('App', await asked('GET', `/admin/apps/${app.id}`));
    expectShape('App', await asked('PATCH', `/admin/apps/${app.id}`, { name: 'Shop 2' }));
    expectShape('App', within(await asked('GET', `/admin/users/${user.id}/apps`), 'apps'));
    for (const code of [app.code, 'console'])
      expectShape('RegistrationPolicy', await asked('GET', `/apps/${code}/registration-policy`));
  });

  it('NamespaceInfo and UserNamespaces', async () => {
    expectShape('NamespaceInfo', within(await asked('GET', '/admin/namespaces'), 'namespaces'));
    expectShape('UserNamespaces', await asked('GET', `/admin/users/${user.id}/namespaces`));
  });

  it('Organization and OrgMember', async () => {
    expectShape('Organization', within(await asked('GET', '/admin/organizations'), 'organizations'));
    expectShape('Organization', await asked('GET', `/orgs/${organization}`));
    expectShape('Organization', await asked('PUT', `/admin/organizations/${organization}`, { city: 'Berlin' }));
    expectShape('OrgMember', within(await asked('GET', `/orgs/${organization}/members`), 'members'));
    expectShape('OrgMember', within(await asked('GET', `/admin/organizations/${organization}/members`), 'members'));
    const path = `/admin/organizations/${organization}/members/${user.id}/roles`;
    expectShape('OrgMember', await asked('PUT', path, { role_codes: ['org_manager'] }));
  });

  it('Invitation', async () => {
    expectShape('Invitation', within(await asked('GET', `/orgs/${organization}/invitations`), 'invitations'));
    expectShape('Invitation', await asked('POST', `/orgs/${organization}/invitations`, { email: 'g2@example.com' }));
  });

  it('M2MClient', async () => {
    const clients = within(await asked('GET', '/admin/m2m-clients'), 'clients') as { id: string }[];
    expectShape('M2MClient', clients);
    await asked('DELETE', `/admin/m2m-clients/${clients[0]?.id}`);
    expectShape('M2MClient', await asked('GET', `/admin/m2m-clients/${clients[0]?.id}`));
  });

  it('AuditEntry', async () => {
    await admin.call('GET', '/admin/users/no-uuid');
    const { entries } = (await asked('GET', '/admin/audit-log?page_size=200')) as { entries: { action: string }[] };
    expect(new Set(entries.map(({ action }) => action)).size).toBeGreaterThan(8);
    expectShape('AuditEntry', entries);
  });
});
