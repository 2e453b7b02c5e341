/** Who may do what with resources, asked and told at the door on both databases. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, type Door, openDoor } from './door.fixture.ts';

describe.each(databaseKinds)('the Authing door on %s', (kind) => {
  let server: TestServer;
  let door: Door;
  let token: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    door = await openDoor(server);
    token = door.token;
  });
  afterAll(() => server.stop());
  const ask: Door['ask'] = (...args) => door.ask(...args);
  const newUser: Door['newUser'] = (info) => door.newUser(info);

  describe('grants', () => {
    const ALLOW =
      'mutation ($resource: String!, $action: String!, $userId: String) { allow(resource: $resource, action: $action, userId: $userId) { code } }';
    const HELD =
      'query ($id: String, $type: PolicyAssignmentTargetType) { authorizedResources(targetType: $type, targetIdentifier: $id) { list { code actions } } }';

    it('of a thing that nobody described are made by all who ask at once', async () => {
      const people = await Promise.all(Array.from({ length: 5 }, () => newUser()));
      const answers = await Promise.all(
        people.map(({ id }) => ask(ALLOW, { resource: 'raced', action: 'see', userId: id })),
      );
      expect(answers.map(codeOf)).toEqual(Array(5).fill(undefined));
      for (const { id } of people)
        expect((await ask(HELD, { id, type: 'USER' })).data).toEqual({
          authorizedResources: { list: [{ code: 'raced', actions: ['see'] }] },
        });
    });

    it('name actions as natively, and somebody', async () => {
      const { id } = await newUser();
      for (const action of ['', 'a b', 'x'.repeat(257)])
        expect(codeOf(await ask(ALLOW, { resource: 'bounded', action, userId: id })), action).toBe(500);
      expect(codeOf(await ask(ALLOW, { resource: 'bounded', action: 'a' }))).toBe(2231);
      const authorize =
        'mutation ($o: [AuthorizeResourceOpt]) { authorizeResource(resource: "bounded", opts: $o) { code } }';
      for (const o of [[], null]) expect(codeOf(await ask(authorize, { o }))).toBe(2231);
      const assign = 'mutation ($r: [String], $u: [String!]) { assignRole(roleCodes: $r, userIds: $u) { code } }';
      for (const [r, u] of [
        [['base_user'], []],
        [[], [id]],
        [undefined, undefined],
      ])
        expect(codeOf(await ask(assign, { r, u }))).toBe(2231);
    });

    it('of all actions are told as those that there are, and none of a menu', async () => {
      const made = await server.api('POST', '/resources', {
        code: 'whole',
        type: 'data',
        actions: [{ name: 'read' }, { name: 'write' }],
      });
      expect(made.status).toBe(201);
      await server.api('POST', '/resources', { code: 'a-menu', type: 'menu' });
      const { body } = await server.api('POST', '/groups', { name: 'Whole', code: 'whole' });
      await server.api('POST', '/resource-grants', {
        resources: [{ code: 'whole' }, { code: 'a-menu' }],
        subjects: [{ type: 'group', id: (body as { id: string }).id }],
      });
      const { data } = await ask(HELD, { id: 'whole', type: 'GROUP' });
      const { list } = (data as unknown as { authorizedResources: { list: { code: string }[] } }).authorizedResources;
      expect(list.toSorted((a, b) => (a.code < b.code ? -1 : 1))).toEqual([
        { code: 'a-menu', actions: null },
        { code: 'whole', actions: ['read', 'write'] },
      ]);
    });

    it('of a resource whose texts are taken away, and whose code stays', async () => {
      const send = async (method: string, path: string, body: object) => {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
        const response = await fetch(`${server.url}/authing${path}`, { method, headers, body: JSON.stringify(body) });
        return (await response.json()) as { code: number; data: object };
      };
      const made = { code: 'told', type: 'API', description: 'Told', apiIdentifier: 'https://a.test' };
      expect(await send('POST', '/api/v2/resources', made)).toMatchObject({ code: 200, data: made });
      expect(await send('POST', '/api/v2/resources/told', { code: 'other' })).toMatchObject({ code: 500 });
      expect(await send('POST', '/api/v2/resources/told', { description: '', apiIdentifier: null })).toMatchObject({
        code: 200,
        data: { code: 'told', type: 'API', description: null, apiIdentifier: null },
      });
    });

    it('are asked for of organizations that there are', async () => {
      const { body } = await server.api('POST', '/roles', { code: 'no-org' });
      for (const id of ['nowhere', (body as { id: string }).id])
        expect(codeOf(await ask(HELD, { id, type: 'ORG' })), id).toBe(500);
    });
  });
});
