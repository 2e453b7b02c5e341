/** Filters that a vendor's search needs: a part of a text, profile included, and what a user belongs to. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UserFilter } from './filter.ts';
import { searchUsers } from './user-search.ts';

describe.each(databaseKinds)('a filter on %s', (kind) => {
  let server: TestServer;
  const ids: Record<string, string> = {};
  const make = async (path: string, body: object) => ((await server.api('POST', path, body)).body as { id: string }).id;
  const found = async (filter: UserFilter) => {
    const { users } = await searchUsers(server.work(), { filter, limit: 10 });
    return users.map(({ username }) => username).toSorted();
  };
  beforeAll(async () => {
    server = await bootServer(kind);
    ids.ann = await make('/users', { username: 'ann', name: '50%_off', profile: { company: 'ACME Works' } });
    ids.bob = await make('/users', { username: 'bob', profile: { company: 'Other', middle_name: 'Acme' } });
    ids.group = await make('/groups', { name: 'Group' });
    ids.role = await make('/roles', { code: 'reader' });
    await server.api('PUT', `/groups/${ids.group}/members/${ids.ann}`);
    await server.api('PUT', `/roles/${ids.role}/members/${ids.bob}`);
  });
  afterAll(() => server.stop());

  it('finds a part of a field of the profile, the case of ASCII letters aside', async () => {
    expect(await found({ kind: 'part', field: 'profile.company', text: 'me WORK' })).toEqual(['ann']);
    expect(await found({ kind: 'part', field: 'profile.middle_name', text: 'acme' })).toEqual(['bob']);
  });

  it('takes what databases take for wildcards as text, and is false of who lacks the field', async () => {
    expect(await found({ kind: 'part', field: 'name', text: '0%_O' })).toEqual(['ann']);
    expect(await found({ kind: 'part', field: 'name', text: '5_%' })).toEqual([]);
    const lacking: UserFilter = { kind: 'not', of: { kind: 'part', field: 'profile.middle_name', text: 'acme' } };
    expect(await found({ kind: 'and', of: [lacking, { kind: 'exists', field: 'username' }] })).toEqual(['ann']);
  });

  it('finds the members of a group and the holders of a role, and who is in none', async () => {
    expect(await found({ kind: 'equals', field: 'group', value: ids.group as string })).toEqual(['ann']);
    expect(await found({ kind: 'equals', field: 'role', value: ids.role as string })).toEqual(['bob']);
    const inNone: UserFilter = { kind: 'not', of: { kind: 'exists', field: 'group' } };
    expect(await found({ kind: 'and', of: [inNone, { kind: 'exists', field: 'username' }] })).toEqual(['bob']);
  });
});
