import { expect } from 'vitest';
import { UdfDataType, UdfTargetType } from '../../client/index.ts';
import { codeOf, type Scenario, scenario } from '../scenario.ts';

export const fields: readonly Scenario[] = [
  scenario(
    'fields of users are defined, written and read',
    [
      'udf.set',
      'udf.list',
      'udf.remove',
      'udf.listUdv',
      'udf.setUdvBatch',
      'users.getUdfValue',
      'users.getUdfValueBatch',
      'users.setUdfValue',
      'users.setUdfValueBatch',
      'users.removeUdfValue',
    ],
    async ({ client, word }) => {
      const target = UdfTargetType.User;
      const key = (name: string) => `${word}_${name}`;
      const types = { s: 'String', n: 'Number', b: 'Boolean', o: 'Object', d: 'Datetime', l: 'Select' } as const;
      for (const [name, type] of Object.entries(types))
        await client.udf.set(target, key(name), UdfDataType[type], name);
      const defined = (await client.udf.list(target)).filter(({ key: one }) => one.startsWith(word));
      expect(defined).toHaveLength(6);
      expect(new Set(defined.map(({ dataType }) => dataType))).toHaveProperty('size', 6);
      const { id } = await client.users.create({ username: word });
      const born = new Date('2001-02-03T04:05:06.789Z');
      const values = { s: 'abc', n: 20.5, b: false, o: { a: [1] }, d: born, l: 'gold' };
      const keyed = Object.fromEntries(Object.entries(values).map(([name, value]) => [key(name), value]));
      await client.users.setUdfValue(id, keyed);
      expect(await client.users.getUdfValue(id)).toEqual(keyed);
      expect(await client.users.getUdfValueBatch([id])).toEqual({ [id]: keyed });
      const detail = await client.users.detail(id, { withCustomData: true });
      expect(detail).toMatchObject({ customData: { [key('s')]: 'abc', [key('n')]: 20.5 } });
      expect((await client.udf.listUdv(target, id)).find(({ key: one }) => one === key('d'))?.value).toEqual(born);
      await client.users.setUdfValueBatch([{ userId: id, data: { [key('s')]: '20' } }]);
      await client.users.removeUdfValue(id, key('o'));
      const left = await client.users.getUdfValue(id);
      expect(left[key('s')]).toBe('20');
      expect(left).not.toHaveProperty(key('o'));
      const set = await client.udf.setUdvBatch(target, id, [{ key: key('b'), value: true }]);
      const wrong = [
        await codeOf(client.users.setUdfValue(id, { [key('n')]: 'text' })),
        await codeOf(client.users.setUdfValue(id, { [key('none')]: 1 })),
        await codeOf(client.udf.remove(target, key('none'))),
      ];
      expect(wrong).toEqual([500, 500, 500]);
      await client.udf.remove(target, key('d'));
      expect(await client.users.getUdfValue(id)).not.toHaveProperty(key('d'));
      const listed = (await client.udf.listUdv(target, id)).filter(({ key: one }) => one !== key('d'));
      for (const name of ['s', 'n', 'b', 'o', 'l']) await client.udf.remove(target, key(name));
      return { defined, left, set: set.filter(({ key: one }) => one !== key('d')), listed };
    },
  ),
];
