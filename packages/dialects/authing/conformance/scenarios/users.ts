import { expect } from 'vitest';
import { codeOf, type Scenario, scenario } from '../scenario.ts';

const NOBODY = '000000000000000000000000';

export const users: readonly Scenario[] = [
  scenario(
    'a user is created, changed and read',
    ['users.create', 'users.update', 'users.detail', 'users.exists', 'users.find', 'users.batch'],
    async ({ client, word }) => {
      const email = `${word}@Example.COM`;
      const info = {
        username: word,
        email,
        password: 'six-ch',
        phone: `1${word}`,
        externalId: `x${word}`,
        company: 'Acme',
      };
      const signedUp = '2020-10-15T17:55:37+08:00';
      const made = await client.users.create({ ...info, loginsCount: 2, signedUp, city: 'Bern' });
      expect(made).toMatchObject({
        username: word,
        email: email.toLowerCase(),
        status: 'Activated',
        gender: 'U',
        registerSource: ['import:manual'],
        loginsCount: 2,
        city: 'Bern',
        signedUp: '2020-10-15T09:55:37.000Z',
        password: null,
      });
      expect(made.id).toMatch(/^[0-9a-f]{24}$/);
      const changed = await client.users.update(made.id, { nickname: 'Nick', blocked: true, unionid: 'u1' });
      expect(changed).toMatchObject({ nickname: 'Nick', blocked: true, unionid: 'u1', city: 'Bern', company: 'Acme' });
      const detail = await client.users.detail(made.id);
      expect(detail).toMatchObject({ id: made.id, nickname: 'Nick' });
      const found = [
        await client.users.find({ username: word }),
        await client.users.find({ email: email.toUpperCase() }),
        await client.users.find({ externalId: `x${word}` }),
        await client.users.find({ phone: `1${word}`, username: word }),
      ];
      for (const one of found) expect(one?.id).toBe(made.id);
      expect(await client.users.find({ username: word.toUpperCase() })).toBeNull();
      expect(await client.users.exists({ username: word })).toBe(true);
      expect(await client.users.exists({ username: `${word}?` })).toBe(false);
      const batch = await client.users.batch([made.id, NOBODY]);
      expect(batch).toHaveLength(1);
      expect(await client.users.batch([`x${word}`], { queryField: 'externalId' })).toHaveLength(1);
      return { made, changed, detail, found, batch, nobody: await client.users.detail(NOBODY) };
    },
  ),
  scenario(
    'what is refused has its code',
    ['users.create', 'users.update', 'users.delete'],
    async ({ client, word }) => {
      await client.users.create({ username: word, email: `${word}@a.test`, externalId: word });
      const codes = [
        await codeOf(client.users.create({ username: word })),
        await codeOf(client.users.create({ email: `${word}@A.test` })),
        await codeOf(client.users.create({ username: `${word}2`, externalId: word })),
        await codeOf(client.users.create({ nickname: 'N' })),
        await codeOf(client.users.create({ username: `${word}3`, lastLogin: 'yesterday' })),
        await codeOf(client.users.update(NOBODY, { nickname: 'N' })),
        await codeOf(client.users.delete(NOBODY)),
        await codeOf(client.users.list(0, 10)),
        await codeOf(client.users.refreshToken(NOBODY)),
      ];
      expect(codes).toEqual([2026, 2026, 2026, 2028, 500, 2004, 2004, 2231, 2004]);
      return codes;
    },
  ),
  scenario(
    'users are listed and searched',
    ['users.list', 'users.search', 'users.listArchivedUsers'],
    async ({ client, word }) => {
      for (const n of [1, 2, 3]) await client.users.create({ username: `${word}${n}`, company: `Firm ${word}` });
      const first = await client.users.list(1, 2);
      expect(first.list.map(({ username }) => username)).toEqual([`${word}3`, `${word}2`]);
      expect(first.totalCount).toBeGreaterThan(3);
      const found = await client.users.search(word.toUpperCase(), { page: 2, limit: 2 });
      expect(found.totalCount).toBe(3);
      expect(found.list.map(({ username }) => username)).toEqual([`${word}1`]);
      const byCompany = await client.users.search(`firm ${word}`, { fields: ['company'] });
      expect(byCompany.totalCount).toBe(3);
      expect((await client.users.search(word, { fields: ['nickname'] })).totalCount).toBe(0);
      return { found, byCompany, archived: await client.users.listArchivedUsers(1, 5) };
    },
  ),
  scenario('users are deleted', ['users.delete', 'users.deleteMany'], async ({ client, word }) => {
    const ids = [];
    for (const n of [1, 2, 3]) ids.push((await client.users.create({ username: `${word}${n}` })).id);
    const [first = '', ...rest] = ids;
    expect(await codeOf(client.users.deleteMany([first, NOBODY]))).toBe(2004);
    expect(await client.users.detail(first)).not.toBeNull();
    const answers = [await client.users.delete(first), await client.users.deleteMany(rest)];
    expect(answers.map(({ code }) => code)).toEqual([200, 200]);
    for (const id of ids) expect(await client.users.detail(id)).toBeNull();
    return answers;
  }),
  scenario('a user’s token tells who it is', ['users.refreshToken', 'checkLoginStatus'], async ({ client, word }) => {
    const { id } = await client.users.create({ username: word });
    const issued = await client.users.refreshToken(id);
    expect(Number(issued.exp) - Number(issued.iat)).toBe(1_296_000);
    const status = await client.checkLoginStatus(issued.token as string);
    expect(status).toMatchObject({ id });
    const user = await client.checkLoginStatus(issued.token as string, { fetchUserDetail: true });
    expect(user).toMatchObject({ id, username: word });
    return { issued, status, user };
  }),
];
