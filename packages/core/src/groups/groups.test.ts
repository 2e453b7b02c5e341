import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../rows.ts';

interface Listed {
  readonly groups: { id: string; code: string; name: string; member_count: number }[];
  readonly members: { id: string; state: string; email: string | null; added_at: string }[];
  readonly total?: number;
  readonly next_cursor: string | null;
}

describe.each(databaseKinds)('groups on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const make = async (body: object) => {
    const { status, body: group, headers } = await server.api('POST', '/groups', body);
    expect(status, JSON.stringify(group)).toBe(201);
    return { ...(group as { id: string; code: string; member_count: number }), etag: headers.get('etag') as string };
  };
  let people = 0;
  const person = async (): Promise<string> => {
    const { body } = await server.api('POST', '/users', { username: `groups-${++people}` });
    return (body as { id: string }).id;
  };
  const list = async (path: string): Promise<Listed> => {
    const { status, body } = await server.api('GET', path);
    expect(status, JSON.stringify(body)).toBe(200);
    return body as Listed;
  };
  const eventsOf = (type: string, target: string) =>
    server
      .work()
      .read((db) => countRows(db.selectFrom('events').where('type', '=', type).where('target_id', '=', target)));

  it('gives a group without a code its id, and keeps codes unique without case', async () => {
    const plain = await make({ name: 'Plain' });
    expect(plain.code).toBe(plain.id);
    await make({ name: 'Ops', code: 'Ops' });
    const again = await server.api('POST', '/groups', { name: 'Ops 2', code: 'oPS' });
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ code: 'code_taken', errors: [{ field: 'code' }] });
    const renamed = await server.api('PATCH', `/groups/${plain.id}`, { code: 'OPS' });
    expect(renamed.body).toMatchObject({ code: 'code_taken' });
    expect((await server.api('POST', '/groups', { name: 'x', code: 'no spaces' })).status).toBe(400);
  });

  it('makes one group of two creations of one code', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => server.api('POST', '/groups', { name: 'Race', code: 'race' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
  });

  it('changes by merge patch under If-Match, and records only changes', async () => {
    const group = await make({ name: 'Before', description: 'text' });
    const { headers, body } = await server.api(
      'PATCH',
      `/groups/${group.id}`,
      { name: 'After', description: null },
      { 'if-match': group.etag },
    );
    expect(body).toMatchObject({ name: 'After', description: null, code: group.id });
    expect(headers.get('etag')).toBe('"v2"');
    const stale = await server.api('PATCH', `/groups/${group.id}`, { name: 'Lost' }, { 'if-match': group.etag });
    expect(stale.status).toBe(412);
    const same = await server.api('PATCH', `/groups/${group.id}`, { name: 'After' });
    expect(same.headers.get('etag')).toBe('"v2"');
    expect(await eventsOf('group.updated', group.id)).toBe(1);
    expect((await server.api('PATCH', `/groups/${group.id}`, { name: null })).status).toBe(400);
    expect((await server.api('DELETE', `/groups/${group.id}`, undefined, { 'if-match': '"v1"' })).status).toBe(412);
    expect((await server.api('DELETE', `/groups/${group.id}`, undefined, { 'if-match': '"v2"' })).status).toBe(204);
    expect((await server.api('GET', `/groups/${group.id}`)).status).toBe(404);
  });

  it('adds and removes members once, counts them, and tells each change once', async () => {
    const group = await make({ name: 'Team', code: 'team' });
    const [ada, bob] = [await person(), await person()] as [string, string];
    const member = (id: string) => `/groups/${group.id}/members/${id}`;
    expect((await server.api('PUT', member(ada))).status).toBe(204);
    await Promise.all(Array.from({ length: 10 }, () => server.api('PUT', member(bob))));
    expect(await eventsOf('group.member_added', group.id)).toBe(2);
    const { members, total } = await list(`/groups/${group.id}/members?include_total=true`);
    expect(members.map(({ id }) => id)).toEqual([bob, ada]);
    expect(total).toBe(2);
    expect((await server.api('GET', `/groups/${group.id}`)).body).toMatchObject({ member_count: 2 });
    expect((await list('/users?group=TEAM&include_total=true')).total).toBe(2);
    await Promise.all(Array.from({ length: 10 }, () => server.api('DELETE', member(ada))));
    expect(await eventsOf('group.member_removed', group.id)).toBe(1);
    expect((await list(`/groups/${group.id}/members?include_total=true`)).total).toBe(1);
    expect((await server.api('PUT', member('usr_nobody'))).status).toBe(404);
    expect((await server.api('PUT', `/groups/grp_none/members/${ada}`)).status).toBe(404);
    expect((await server.api('DELETE', member('usr_01ARZ3NDEKTSV4RRFFQ69G5FAV'))).status).toBe(404);
  });

  it('pages members and the groups of a user, each exactly once', async () => {
    const group = await make({ name: 'Paged' });
    const ids = [];
    for (let i = 0; i < 7; i++) ids.push(await person());
    for (const id of ids.toSorted(() => Math.random() - 0.5))
      await server.api('PUT', `/groups/${group.id}/members/${id}`);
    const seen: string[] = [];
    let path = `/groups/${group.id}/members?limit=3`;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await list(path);
      seen.push(...page.members.map(({ id }) => id));
      cursor = page.next_cursor;
      path = `/groups/${group.id}/members?limit=3&cursor=${cursor}`;
    }
    expect(seen).toEqual(ids.toReversed());
    const first = ids[0] as string;
    const others = [];
    for (let i = 0; i < 4; i++) {
      const other = await make({ name: `Of one ${i}` });
      await server.api('PUT', `/groups/${other.id}/members/${first}`);
      others.push(other.id);
    }
    const start = await list(`/users/${first}/groups?limit=2`);
    const rest = await list(`/users/${first}/groups?limit=100&cursor=${start.next_cursor}`);
    expect([...start.groups, ...rest.groups].map(({ id }) => id)).toEqual([...others.toReversed(), group.id]);
    expect(rest.groups.at(-1)?.member_count).toBe(7);
    expect((await server.api('GET', `/groups/${group.id}/members?cursor=${start.next_cursor}`)).body).toMatchObject({
      code: 'invalid_cursor',
    });
  });

  it('searches names and codes, special characters as they are', async () => {
    await make({ name: '100%_Ünïcode \\ "Quoted"', code: 'special' });
    for (const [search, found] of [
      ['%_ÜN', 1],
      ['\\ "q', 1],
      ['SPECI', 1],
      ['%x', 0],
      ['1__', 0],
    ] as const) {
      const { groups, total } = await list(`/groups?include_total=true&search=${encodeURIComponent(search)}`);
      expect([search, groups.length, total]).toEqual([search, found, found]);
    }
    const { groups, total } = await list('/groups?include_total=true&limit=100');
    expect(total).toBe(groups.length);
  });

  it('finds a group by its whole code, without case', async () => {
    const { id } = await make({ name: 'Coded', code: 'Coded.1' });
    await make({ name: 'Coded', code: 'Coded.10' });
    expect(await list('/groups?include_total=true&code=cODED.1')).toMatchObject({ groups: [{ id }], total: 1 });
    expect(await list('/groups?include_total=true&code=Coded')).toMatchObject({ groups: [], total: 0 });
  });

  it('forgets a deleted group, also while members come and go', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, person));
    for (let round = 0; round < 5; round++) {
      const group = await make({ name: `Doomed ${round}` });
      await server.api('PUT', `/groups/${group.id}/members/${ids[0]}`);
      const changes = ids.map((id, i) => server.api(i % 2 ? 'PUT' : 'DELETE', `/groups/${group.id}/members/${id}`));
      const [gone, ...answers] = await Promise.all([server.api('DELETE', `/groups/${group.id}`), ...changes]);
      expect(gone?.status).toBe(204);
      for (const { status } of answers) expect([204, 404]).toContain(status);
      const left = await server
        .work()
        .read((db) => countRows(db.selectFrom('counters').where('name', '=', `users:group:${group.id}`)));
      expect(left).toBe(0);
    }
  });
});
