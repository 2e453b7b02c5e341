import { describe, expect, it } from 'vitest';
import { newId } from '../id.ts';
import { render, type User } from './document.ts';
import { DocumentCutter } from './document-text.ts';
import { draftUser } from './users.ts';

const plain = draftUser({ now: 1, newId: (prefix) => newId(prefix, 1) }, 'con_1', {});

/** What would end a text, a list or a document too early. */
const SNARES = [
  '"',
  '\\',
  '\\"',
  '\\\\',
  '\\\\"',
  '}',
  ']',
  '{"',
  '","name":"x"',
  '","user_metadata":{',
  'Łódź 🎌\u2028\n',
  '',
];

const odd: readonly User[] = [
  plain,
  ...SNARES.map(
    (text): User => ({
      ...plain,
      email: text,
      name: text,
      nickname: text,
      profile: { website: text },
      user_metadata: { [text]: text, list: [text, [{ [text]: [] }], null], profile: {}, n: 1e21 },
      app_metadata: { custom_fields: { [text]: -0.5 }, off: false },
      identities: [
        ...plain.identities,
        { connection_id: 'con_2', provider: 'x', subject: text, is_primary: false, profile: { [text]: [text] } },
      ],
      sign_in_count: 12,
      last_sign_in_ip: '::1',
      custom_fields: { school: text },
    }),
  ),
];

const NAMES = Object.keys(JSON.parse(render(plain))) as (keyof User)[];
/** Each member alone. */
const each = new DocumentCutter(NAMES.map((name) => [name, name]));
/** How it is cut where it is as `render` makes it, which is told apart by what is at place 0. */
const isMatched = (cuts: readonly unknown[]) => 'index' in cuts;
const expected = (user: User) =>
  NAMES.map((name) => (user[name] === null ? undefined : `"${name}":${JSON.stringify(user[name])}`));

describe('cuts of a document', () => {
  it('are its members as they stand, without those that are null', () => {
    for (const user of odd) {
      const cuts = each.read(render(user));
      expect([...cuts].slice(1)).toEqual(expected(user));
      expect(isMatched(cuts)).toBe(true);
    }
  });

  it('are of several that stand together, by the first of them', () => {
    const cutter = new DocumentCutter([
      ['email', 'email_verified'],
      ['phone_number', 'phone_verified'],
      ['created_at', 'updated_at'],
    ]);
    const { created_at, updated_at } = plain;
    const cuts = cutter.read(render({ ...plain, email: 'a@x', email_verified: true, phone_verified: true }));
    expect([...cuts].slice(1)).toEqual([
      '"email":"a@x","email_verified":true',
      undefined,
      `"created_at":"${created_at}","updated_at":"${updated_at}"`,
    ]);
  });

  it('of one that nests deep are the same', () => {
    let value: object = { text: '"}]\\' };
    const nesting = Array.from({ length: 12 }, () => (value = { in: [value] }));
    const matched = nesting.map((user_metadata) => {
      const user: User = { ...plain, user_metadata };
      const cuts = each.read(render(user));
      expect([...cuts].slice(1)).toEqual(expected(user));
      return isMatched(cuts);
    });
    expect(matched).toEqual([...Array(5).fill(true), ...Array(7).fill(false)]);
  });

  it('take time in proportion to the document, whatever is in it', () => {
    const bags = {
      wide: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, `"${i}`])),
      quoted: { text: '\\"'.repeat(100_000) },
      deep: { list: Array.from({ length: 2000 }, () => ({ a: { b: { c: { d: { e: { f: { g: 'h' } } } } } } })) },
    };
    for (const [name, bag] of Object.entries(bags)) {
      const user: User = { ...plain, user_metadata: bag, app_metadata: bag };
      const doc = render(user);
      const begun = process.cpuUsage();
      const cuts = each.read(doc);
      const { user: took } = process.cpuUsage(begun);
      expect([...cuts].slice(1), name).toEqual(expected(user));
      // A few nanoseconds a character; what tried anything twice would take minutes.
      expect(took / doc.length, `${name}, microseconds a character`).toBeLessThan(5);
    }
  });

  it('of one that is longer than any may be are the same', () => {
    const user: User = { ...plain, user_metadata: { list: Array.from({ length: 3_000_000 }, () => '') } };
    expect([...each.read(render(user))].slice(1)).toEqual(expected(user));
  });

  it('of one that another version wrote are the same', () => {
    const { id, custom_fields, ...rest } = { ...plain, email: 'a@x', state: 'disabled' as const };
    const { email, state, ...others } = rest;
    const shapes = {
      'in another order': { ...rest, custom_fields, id },
      'with members of equal length in each other’s place': { id, email, state, ...others, custom_fields },
      'with a member less': { id, ...rest },
      'with a member more': { id, ...rest, custom_fields, more: 1 },
    };
    const texts = Object.entries(shapes).map(([name, shape]) => [name, JSON.stringify(shape)] as const);
    const spaced = JSON.stringify({ id, ...rest, custom_fields }, undefined, 1);
    for (const [name, doc] of [...texts, ['with white space', spaced] as const]) {
      const cuts = each.read(doc);
      expect(isMatched(cuts), name).toBe(false);
      expect([...cuts].slice(1), name).toEqual(expected({ id, ...rest, custom_fields }));
    }
  });

  it('of none are refused', () => {
    const whole = render({ ...plain, name: 'Ann', user_metadata: { a: ['b'] } });
    for (const at of [0, 1, whole.indexOf('Ann') + 1, whole.indexOf('["b') + 2, whole.length - 1])
      expect(() => each.read(whole.slice(0, at)), String(at)).toThrow(SyntaxError);
  });
});
