import { expect } from 'vitest';
import { codeOf, type Scenario, scenario } from '../scenario.ts';

const NOBODY = '000000000000000000000000';
const PASSWORD = 'six-ch';

export const signIns: readonly Scenario[] = [
  scenario('access ends', ['users.kick', 'users.logout', 'users.refreshToken'], async (stage) => {
    const { client, word, signIn, stands } = stage;
    const { id } = await client.users.create({ username: word, password: PASSWORD });
    const { id: other } = await client.users.create({ username: `${word}2`, password: PASSWORD });
    const status = () => client.users.checkLoginStatus(id);
    const before = await status();
    expect(before).toMatchObject({ isLogin: false });
    const token = await signIn(word, PASSWORD);
    const signedIn = await status();
    expect(signedIn).toMatchObject({ isLogin: true, user: { id, username: word } });
    expect(await codeOf(client.users.kick([id, NOBODY]))).toBe(2004);
    expect(await stands(token)).toBe(true);
    const kicked = await client.users.kick([id, other]);
    expect([await stands(token), await status()]).toEqual([false, before]);
    const again = await signIn(word, PASSWORD);
    const own = (await client.users.refreshToken(id)).token as string;
    expect(await codeOf(client.users.logout({ userId: id, appId: 'none' }))).toBe(500);
    await client.users.logout({ userId: id, appId: 'console' });
    expect([await stands(again), await status()]).toMatchObject([true, { isLogin: true }]);
    await client.users.logout({ userId: id });
    expect([await stands(again), await stands(own), await status()]).toEqual([false, false, before]);
    return { before, signedIn: { ...signedIn, user: null }, code: kicked.code };
  }),
  scenario(
    'who resigns keeps what is told of them, and may do nothing',
    ['users.resignUser', 'users.resignUserBatch', 'users.listOrgs', 'users.listDepartment'],
    async ({ client, word, organization, signIn, stands }) => {
      const { id } = await client.users.create({ username: word, password: PASSWORD, nickname: 'Nick' });
      const { id: second } = await client.users.create({ username: `${word}2` });
      const { id: third } = await client.users.create({ username: `${word}3` });
      await organization(`${word}-org`, [word]);
      const orgs = await client.users.listOrgs(id);
      expect(orgs).toMatchObject([[{ name: `${word}-org`, root: true }]]);
      expect((await client.users.listDepartment(id)).list.map(({ department }) => department)).toMatchObject(
        orgs[0] ?? [],
      );
      await client.roles.create(word);
      await client.groups.create(word, 'Group');
      await client.users.addRoles(id, [word]);
      await client.users.addGroup(id, word);
      await client.acl.allow(id, 'thing', 'thing:use', 'default');
      const token = await signIn(word, PASSWORD);
      const gone = await client.users.resignUser(id);
      const detail = await client.users.detail(id);
      expect(detail).toMatchObject({ status: 'Resigned', blocked: true, nickname: 'Nick' });
      expect(await stands(token)).toBe(false);
      const left = [
        await client.users.listOrgs(id),
        (await client.users.listRoles(id)).list,
        (await client.users.listGroups(id)).list,
        (await client.users.listAuthorizedResources(id, 'default')).list,
      ];
      expect(left).toEqual([[], [], [], []]);
      expect(await codeOf(client.users.resignUserBatch([second, NOBODY]))).toBe(2004);
      expect(await client.users.detail(second)).toMatchObject({ status: 'Activated', blocked: false });
      const both = await client.users.resignUserBatch([second, third]);
      expect(await client.users.batch([second, third])).toMatchObject([{ status: 'Resigned' }, { status: 'Resigned' }]);
      const back = await client.users.update(id, { blocked: false });
      expect(back).toMatchObject({ status: 'Activated', blocked: false });
      return { orgs, gone, both, back };
    },
  ),
];
