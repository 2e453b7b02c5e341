import { expect } from 'vitest';
import { PolicyAssignmentTargetType, ResourceType } from '../../client/index.ts';
import { codeOf, type Scenario, scenario } from '../scenario.ts';

const NOBODY = '000000000000000000000000';

export const access: readonly Scenario[] = [
  scenario(
    'groups have members',
    [
      'groups.create',
      'groups.update',
      'groups.detail',
      'groups.list',
      'groups.delete',
      'groups.deleteMany',
      'groups.listUsers',
      'groups.addUsers',
      'groups.removeUsers',
      'users.addGroup',
      'users.removeGroup',
      'users.listGroups',
    ],
    async ({ client, word }) => {
      const { id } = await client.users.create({ username: word });
      const made = await client.groups.create(word, 'A group', 'of people');
      const changed = await client.groups.update(word, { name: 'Another name' });
      expect(changed).toMatchObject({ code: word, name: 'Another name', description: 'of people' });
      expect((await client.groups.list(1, 1)).list.map(({ code }) => code)).toEqual([word]);
      expect(await client.users.addGroup(id, word)).toMatchObject({ code: 200 });
      const groups = await client.users.listGroups(id);
      expect(groups).toMatchObject({ totalCount: 1, list: [{ code: word }] });
      const members = await client.groups.listUsers(word, { page: 1, limit: 5 });
      expect(members).toMatchObject({ totalCount: 1, list: [{ id }] });
      expect(await client.users.search(word, { groupOpts: [{ code: word }] })).toMatchObject({ totalCount: 1 });
      const refused = [
        await codeOf(client.users.addGroup(NOBODY, word)),
        await codeOf(client.users.addGroup(id, `${word}none`)),
        await codeOf(client.groups.delete(`${word}none`)),
        await codeOf(client.groups.create(word, 'again')),
      ];
      expect(refused).toEqual([2004, 500, 500, 500]);
      await client.users.removeGroup(id, word);
      await client.groups.addUsers(word, [id]);
      await client.groups.removeUsers(word, [id]);
      expect(await client.users.listGroups(id)).toMatchObject({ totalCount: 0, list: [] });
      await client.groups.create(`${word}2`, 'Second');
      const gone = [await client.groups.delete(word), await client.groups.deleteMany([`${word}2`])];
      return { made, changed, groups, members, gone, detail: await client.groups.detail(word) };
    },
  ),
  scenario(
    'roles are held in namespaces',
    [
      'roles.create',
      'roles.update',
      'roles.detail',
      'roles.findByCode',
      'roles.list',
      'roles.delete',
      'roles.deleteMany',
      'roles.listUsers',
      'roles.findUsers',
      'roles.addUsers',
      'roles.removeUsers',
      'users.addRoles',
      'users.removeRoles',
      'users.listRoles',
      'users.hasRole',
    ],
    async ({ client, word }) => {
      const { id } = await client.users.create({ username: word });
      const made = await client.roles.create(word, 'A role');
      await client.roles.create(word, 'Elsewhere', `${word}ns`);
      const changed = await client.roles.update(word, { description: 'Changed' });
      expect(changed).toMatchObject({ code: word, namespace: 'default', description: 'Changed' });
      await client.users.addRoles(id, [word]);
      await client.users.addRoles(id, [word], `${word}ns`);
      const held = await client.users.listRoles(id);
      expect(held).toMatchObject({ totalCount: 1, list: [{ code: word, namespace: 'default', parent: null }] });
      expect(await client.users.listRoles(id, `${word}ns`)).toMatchObject({ list: [{ description: 'Elsewhere' }] });
      expect(await client.users.hasRole(id, word)).toBe(true);
      expect(await client.roles.listUsers(word)).toMatchObject({ totalCount: 1, list: [{ id }] });
      expect(await client.roles.findUsers(word, { search: word.toUpperCase() })).toMatchObject({
        totalCount: 1,
        list: [{ id }],
      });
      expect(await client.roles.findUsers(word, { search: 'nobody' })).toMatchObject({ totalCount: 0, list: [] });
      expect(await codeOf(client.users.addRoles(id, [`${word}none`]))).toBe(500);
      await client.users.removeRoles(id, [word]);
      expect(await client.users.listRoles(id)).toMatchObject({ totalCount: 0 });
      await client.roles.addUsers(word, [id]);
      await client.roles.removeUsers(word, [id]);
      expect(await client.users.hasRole(id, word)).toBe(false);
      const list = await client.roles.list({ namespace: `${word}ns` });
      expect(list).toMatchObject({ totalCount: 1 });
      const found = [await client.roles.detail(word), await client.roles.findByCode(word)];
      const gone = [await client.roles.delete(word), await client.roles.deleteMany([word], `${word}ns`)];
      return { made, changed, held, list, found, gone };
    },
  ),
  scenario(
    'resources are granted and inherited',
    [
      'acl.createNamespace',
      'acl.listNamespaces',
      'acl.updateNamespace',
      'acl.deleteNamespace',
      'acl.createResource',
      'acl.updateResource',
      'acl.deleteResource',
      'acl.listResources',
      'acl.getResources',
      'acl.getResourceById',
      'acl.getResourceByCode',
      'acl.authorizeResource',
      'acl.revokeResource',
      'acl.allow',
      'acl.isAllowed',
      'acl.listAuthorizedResources',
      'users.listAuthorizedResources',
      'groups.listAuthorizedResources',
      'roles.listAuthorizedResources',
    ],
    async ({ client, word }) => {
      const namespace = word;
      await client.acl.createNamespace(word, 'A namespace', 'of things');
      await client.acl.updateNamespace(word, { name: 'Renamed' });
      const namespaces = await client.acl.listNamespaces(1, 1);
      expect(namespaces.list).toMatchObject([{ code: word, name: 'Renamed' }]);
      const actions = [
        { name: 'book:read', description: 'Read' },
        { name: 'book:write', description: 'Write' },
      ];
      const made = await client.acl.createResource({
        code: 'book',
        type: ResourceType.Data,
        actions,
        namespace,
      } as never);
      await client.acl.createResource({
        code: 'menu',
        type: ResourceType.Menu,
        actions: [{ name: 'menu:see', description: '' }],
        namespace,
      } as never);
      await client.acl.updateResource('book', {
        namespace,
        description: 'Books',
        type: ResourceType.Data,
        actions,
      } as never);
      const listed = await client.acl.listResources({ namespace });
      expect(listed.totalCount).toBe(2);
      expect(await client.acl.getResources({ namespace, type: ResourceType.Menu })).toMatchObject({ totalCount: 1 });
      const byCode = await client.acl.getResourceByCode({ namespace, code: 'book' });
      expect(await client.acl.getResourceById((byCode as unknown as { id: string }).id)).toEqual(byCode);
      const { id } = await client.users.create({ username: word });
      await client.groups.create(word, 'Group');
      await client.users.addGroup(id, word);
      await client.roles.create(word, 'Role', namespace);
      await client.users.addRoles(id, [word], namespace);
      const grant = (
        resource: string,
        targetType: PolicyAssignmentTargetType,
        targetIdentifier: string,
        names: string[],
      ) =>
        client.acl.authorizeResource({
          namespace,
          resource,
          opts: [{ targetType, targetIdentifier, actions: names }],
        } as never);
      await grant('book', PolicyAssignmentTargetType.Group, word, ['book:read']);
      await grant('book', PolicyAssignmentTargetType.Role, word, ['book:read', 'book:write']);
      await grant('menu', PolicyAssignmentTargetType.User, id, []);
      const own = await client.users.listAuthorizedResources(id, namespace);
      expect(own.totalCount).toBe(2);
      expect(own.list.find(({ code }) => code === 'book')?.actions?.toSorted()).toEqual(['book:read', 'book:write']);
      const menus = await client.users.listAuthorizedResources(id, namespace, { resourceType: ResourceType.Menu });
      expect(menus.list.map(({ code }) => code)).toEqual(['menu']);
      const ofGroup = await client.groups.listAuthorizedResources(word, namespace);
      expect(ofGroup.list).toMatchObject([{ code: 'book', actions: ['book:read'] }]);
      const ofRole = await client.roles.listAuthorizedResources(word, namespace);
      const ofTarget = await client.acl.listAuthorizedResources(PolicyAssignmentTargetType.Group, word, namespace);
      expect(ofTarget).toEqual(ofGroup);
      await client.acl.allow(id, 'shelf:1', 'shelf:open', namespace);
      const allowed = [
        await client.acl.isAllowed(id, 'shelf:1', 'shelf:open', { namespace }),
        await client.acl.isAllowed(id, 'shelf:1', 'shelf:close', { namespace }),
        await client.acl.isAllowed(id, 'book', 'book:write', { namespace }),
      ];
      expect(allowed).toEqual([true, false, true]);
      await client.acl.revokeResource({
        namespace,
        resource: 'book',
        opts: [{ targetType: PolicyAssignmentTargetType.Role, targetIdentifier: word, actions: ['book:write'] }],
      } as never);
      expect(await client.acl.isAllowed(id, 'book', 'book:write', { namespace })).toBe(false);
      const gone = [await client.acl.deleteResource('menu', namespace), await client.acl.deleteNamespace(word)];
      expect(await client.users.listAuthorizedResources(id, namespace)).toEqual({ list: [], totalCount: 0 });
      return { made, byCode, menus, ofGroup, ofRole, gone };
    },
  ),
  scenario(
    'several resources are granted to several at once',
    ['acl.authorizeResources', 'acl.revokeResources', 'acl.listAuthorizedResourcesBatch', 'acl.getAuthorizedTargets'],
    async ({ client, word, organization }) => {
      const namespace = word;
      await client.acl.createNamespace(word, 'A namespace');
      const actions = ['read', 'write'].map((name) => ({ name, description: '' }));
      await client.acl.createResource({ code: 'book', type: ResourceType.Data, actions, namespace } as never);
      const { id } = await client.users.create({ username: word });
      const { id: other } = await client.users.create({ username: `${word}2` });
      await client.groups.create(word, 'Group');
      const grant = (targetType: PolicyAssignmentTargetType, targetIdentifiers: string[], names: string[]) => ({
        targetType,
        targetIdentifiers,
        resources: [
          { code: 'book', actions: names, resourceType: ResourceType.Data },
          { code: 'menu', actions: [], resourceType: ResourceType.Menu },
        ],
      });
      const users = grant(PolicyAssignmentTargetType.User, [id, other], ['read', 'write']);
      const group = grant(PolicyAssignmentTargetType.Group, [word], ['read']);
      const nobody = grant(PolicyAssignmentTargetType.User, [NOBODY], ['read']);
      expect(await codeOf(client.acl.authorizeResources({ namespace, opts: [users, nobody] }))).toBe(2004);
      const targetsOf = (more: object = {}) =>
        client.acl.getAuthorizedTargets({ namespace, resource: 'book', resourceType: 'DATA', ...more } as never);
      expect(await targetsOf()).toMatchObject({ totalCount: 0, list: [] });
      const given = await client.acl.authorizeResources({ namespace, opts: [users, group] });
      const targets = await targetsOf();
      expect(targets.list.map(({ targetIdentifier }) => targetIdentifier).toSorted()).toEqual(
        [id, other, word].toSorted(),
      );
      const groups = await targetsOf({ targetType: 'GROUP' });
      expect(groups.list).toMatchObject([{ targetType: 'GROUP', targetIdentifier: word, actions: ['read'] }]);
      expect(await targetsOf({ actions: { op: 'AND', list: ['read', 'write'] } })).toMatchObject({ totalCount: 2 });
      expect(await targetsOf({ actions: { op: 'OR', list: ['read', 'none'] } })).toMatchObject({ totalCount: 3 });
      expect(await codeOf(targetsOf({ resource: 'none' }))).toBe(500);
      expect(await codeOf(targetsOf({ resourceType: 'MENU' }))).toBe(500);
      const batch = await client.acl.listAuthorizedResourcesBatch({
        namespace,
        targets: [
          { targetType: PolicyAssignmentTargetType.Group, targetIdentifier: word },
          { targetType: PolicyAssignmentTargetType.User, targetIdentifier: other },
        ],
      });
      expect(batch.list.map(({ list }) => list.map(({ code }) => code).toSorted())).toEqual([
        ['book', 'menu'],
        ['book', 'menu'],
      ]);
      const department = await organization(`${word}-org`, [word]);
      const ofOrg = grant(PolicyAssignmentTargetType.Org, [department], ['read']);
      await client.acl.authorizeResources({ namespace, opts: [ofOrg] });
      expect((await targetsOf({ targetType: 'ORG' })).list).toMatchObject([{ targetIdentifier: department }]);
      const { list: inherited } = await client.acl.listAuthorizedResources(
        PolicyAssignmentTargetType.Org,
        department,
        namespace,
      );
      expect(inherited.map(({ code }) => code).toSorted()).toEqual(['book', 'menu']);
      const own = await client.users.listAuthorizedResources(id, namespace, { resourceType: ResourceType.Data });
      expect(own.list).toMatchObject([{ code: 'book', actions: ['read', 'write'] }]);
      const taken = await client.acl.revokeResources({ namespace, opts: [{ ...users, targetIdentifiers: [other] }] });
      expect(await client.acl.isAllowed(other, 'book', 'read', { namespace })).toBe(false);
      expect(await client.acl.isAllowed(id, 'book', 'write', { namespace })).toBe(true);
      return { given, groups, taken, batch: batch.list[0] };
    },
  ),
  scenario(
    'who is in no department',
    ['users.listDepartment', 'users.sendFirstLoginVerifyEmail'],
    async ({ client, word }) => {
      const { id } = await client.users.create({ username: word, email: `${word}@a.test` });
      const departments = await client.users.listDepartment(id);
      expect(departments).toMatchObject({ totalCount: 0, list: [] });
      const sent = await client.users.sendFirstLoginVerifyEmail({ userId: id, appId: 'any' } as never);
      return { departments, sent };
    },
  ),
];
