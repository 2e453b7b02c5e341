import { CLIENT_ID } from '@reeve/testkit';
import { expect } from 'vitest';
import { UdfDataType, UdfTargetType } from '../../client/index.ts';
import { codeOf, type Scenario, scenario } from '../scenario.ts';

const PASSWORD = 'six-ch';
/** An application that nobody signs in through. */
const IDLE = 'console';
const SIGN_INS = ['user.signed_in'];

export const analysis: readonly Scenario[] = [
  scenario('what users did is listed', ['users.listUserActions'], async ({ client, word, signIn }) => {
    const { id } = await client.users.create({ username: word, password: PASSWORD });
    const { id: other } = await client.users.create({ username: `${word}2`, password: PASSWORD });
    for (const name of [word, word, `${word}2`]) await signIn(name, PASSWORD);
    const list = client.users.listUserActions;
    const counted = async (options: Parameters<typeof list>[0]) =>
      (await list({ userIds: [id], operationNames: SIGN_INS, ...options })).totalCount;
    const page = await list({ userIds: [id], operationNames: SIGN_INS, page: 1, limit: 1 });
    const seen = { userId: id, username: word, operationName: 'user.signed_in' };
    expect(page).toMatchObject({ totalCount: 2, list: [{ ...seen, userpoolId: CLIENT_ID, appId: CLIENT_ID }] });
    const [{ timestamp = '', clientIp = '', ...action } = {}] = page.list;
    expect((await list({ userIds: [id], operationNames: SIGN_INS, page: 3, limit: 1 })).list).toEqual([]);
    const since = Date.parse(timestamp) + 1;
    const bounded = [await counted({ end: since }), await counted({ start: since })];
    const places = [await counted({ clientIp }), await counted({ clientIp: '192.0.2.1' })];
    const apps = [await counted({ appIds: [IDLE, CLIENT_ID] }), await counted({ appIds: [IDLE] })];
    const carried = await counted({ excludeNonAppRecords: true });
    const both = await counted({ userIds: [id, other] });
    expect([bounded, places, apps, carried, both]).toEqual([[2, 0], [2, 0], [2, 0], 2, 3]);
    const all = await list({ userIds: [id], page: 1, limit: 100 });
    expect(new Set(all.list.map(({ operationName }) => operationName)).size).toBeGreaterThan(1);
    expect(all.list.every(({ userId }) => userId === id)).toBe(true);
    // Made and changed by others is nothing that a user did.
    expect(all.list.map(({ operationName }) => operationName)).not.toContain('user.created');
    await client.users.delete(other);
    const gone = await list({ userIds: [other], operationNames: SIGN_INS });
    expect(gone).toMatchObject({ totalCount: 1, list: [{ userId: other, appId: CLIENT_ID }] });
    expect(await counted({ userIds: ['000000000000000000000000'] })).toBe(0);
    const wrong = [await codeOf(list({ operationNames: ['nothing'] })), await codeOf(list({ limit: -1 }))];
    expect(wrong).toEqual([500, 2231]);
    const newest = await list();
    expect(newest.list).toHaveLength(Math.min(10, newest.totalCount));
    return { action, wrong, names: all.list.map(({ operationName }) => operationName) };
  }),
  scenario(
    'who signed in, and who has a field, is counted',
    ['users.getApplicationLoginUserNum', 'users.getUdfFieldUserNum'],
    async ({ client, word, signIn }) => {
      const appId = CLIENT_ID;
      const { getApplicationLoginUserNum: logins, getUdfFieldUserNum: holders } = client.users;
      const before = await logins({ appId });
      const definedFieldKey = `${word}_f`;
      await client.udf.set(UdfTargetType.User, definedFieldKey, UdfDataType.Boolean, 'F');
      const ids: string[] = [];
      for (const n of [1, 2, 3])
        ids.push((await client.users.create({ username: `${word}${n}`, password: PASSWORD })).id);
      const [first = '', , third = ''] = ids;
      for (const n of [1, 1, 2]) await signIn(`${word}${n}`, PASSWORD);
      for (const id of [first, third]) await client.users.setUdfValue(id, { [definedFieldKey]: false });
      expect([(await logins({ appId })) - before, await logins({ appId: IDLE })]).toEqual([2, 0]);
      expect([await holders({ definedFieldKey }), await holders({ definedFieldKey, appId })]).toEqual([2, 1]);
      expect(await holders({ definedFieldKey, appId: IDLE })).toBe(0);
      const wrong = [
        await codeOf(logins({ appId: 'none' })),
        await codeOf(logins({ appId: '' })),
        await codeOf(holders({ definedFieldKey: `${word}_none` })),
        await codeOf(holders({ definedFieldKey, appId: 'none' })),
      ];
      expect(wrong).toEqual([500, 500, 500, 500]);
      await client.users.delete(first);
      expect([(await logins({ appId })) - before, await holders({ definedFieldKey, appId })]).toEqual([1, 0]);
      await client.udf.remove(UdfTargetType.User, definedFieldKey);
      return wrong;
    },
  ),
];
