import { describe, expect, it } from 'vitest';
import type { User } from '../users/document.ts';
import { csvLineOf, EXPORT_COLUMNS, rowOfCells } from './cells.ts';
import { CsvParser } from './csv.ts';

const user = (fields: Partial<User>): User => ({
  id: 'usr_01HZX3V7J5Y6K8M9N0P1Q2R3S4',
  state: 'active',
  email: null,
  email_verified: false,
  username: null,
  phone_number: null,
  phone_verified: false,
  name: null,
  given_name: null,
  family_name: null,
  nickname: null,
  picture: null,
  profile: {},
  user_metadata: {},
  app_metadata: {},
  connection_id: 'con_1',
  identities: [],
  has_password: false,
  password_must_be_reset: false,
  sign_in_count: 0,
  last_sign_in_at: null,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
  last_sign_in_ip: null,
  last_password_change_at: null,
  custom_fields: {},
  ...fields,
});

const backAgain = (exported: User) => {
  const parser = new CsvParser();
  const file = `${EXPORT_COLUMNS.join(',')}\n${csvLineOf(exported)}`;
  const [row] = [...parser.push(Buffer.from(file)), ...parser.end()];
  return rowOfCells(row?.cells?.columns ?? [], row?.cells?.values ?? [], JSON.parse);
};

describe('cells', () => {
  it.each(['=1+1', '+49 30 1', '-x', '@x', '\tx', '\rx', "'=x", "''@x", "'x", ' x ', 'a"b', 'a,b', 'a\r\nb', '#x'])(
    'carry %j there and back, and never as a formula',
    (text) => {
      const cell = csvLineOf(user({ name: text })).split(',')[EXPORT_COLUMNS.indexOf('name')] as string;
      expect(cell.replace(/^"/, '')).not.toMatch(/^[=+\-@\t\r]/);
      expect(backAgain(user({ name: text })).name).toBe(text);
    },
  );

  it('carry every field there and back', () => {
    const full = user({
      email: 'a@example.com',
      email_verified: true,
      phone_number: '+4930123456',
      profile: { locale: 'de-DE', company: 'A, "B"' },
      user_metadata: { a: [1, { b: '=x' }], c: null },
      app_metadata: { n: 1.5, flag: false },
      custom_fields: { age: 20, '=': 'x' },
    });
    expect(backAgain(full)).toMatchObject({
      email: full.email,
      email_verified: true,
      phone_number: full.phone_number,
      profile: full.profile,
      user_metadata: full.user_metadata,
      app_metadata: full.app_metadata,
      custom_fields: full.custom_fields,
      password_must_be_reset: false,
    });
  });

  it('build objects from dotted names', () => {
    const columns = ['user_metadata.plan', 'user_metadata.address.city', 'password_hash.cost', 'a.b', 'app_metadata'];
    expect(rowOfCells(columns, ['gold', 'Bonn', '14', 'x', '{"k":1}'], JSON.parse)).toEqual({
      user_metadata: { plan: 'gold', address: { city: 'Bonn' } },
      password_hash: { cost: 14 },
      'a.b': 'x',
      app_metadata: { k: 1 },
    });
    expect(() => rowOfCells(['app_metadata'], ['[1]'], JSON.parse)).toThrow(/must hold a JSON object/);
    expect(() => rowOfCells(['profile.a', 'profile.a.b'], ['x', 'y'], JSON.parse)).toThrow(/can't stand below/);
    const row = rowOfCells(['user_metadata.__proto__.polluted'], ['yes'], JSON.parse);
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
    expect(Object.keys(row.user_metadata as object)).toEqual(['__proto__']);
  });
});
