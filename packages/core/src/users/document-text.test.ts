import { describe, expect, it } from 'vitest';
import { newId } from '../id.ts';
import { render, type User } from './document.ts';
import { DocumentText, PLACE } from './document-text.ts';
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

describe('the text of a document', () => {
  it('is in the order of PLACE', () => {
    expect(Object.keys(JSON.parse(render(plain)))).toEqual(Object.keys(PLACE));
    expect(Object.values(PLACE)).toEqual(Object.keys(PLACE).map((_name, i) => i));
  });

  it('tells each value as it stands', () => {
    const text = new DocumentText();
    for (const user of odd) {
      text.read(render(user));
      for (const [name, place] of Object.entries(PLACE)) {
        const value = user[name as keyof User];
        expect(text.value(place), name).toBe(JSON.stringify(value));
        expect(text.isNull(place), name).toBe(value === null);
        expect(text.members(place), name).toBe(`"${name}":${JSON.stringify(value)}`);
      }
      expect(`{${text.members(PLACE.id, PLACE.custom_fields)}}`).toBe(render(user));
    }
  });

  it('that another version wrote is told all the same', () => {
    const { id, custom_fields, ...rest } = { ...plain, email: 'a@x', state: 'disabled' as const };
    const { email, state, ...others } = rest;
    const shapes = {
      'in another order': { ...rest, custom_fields, id },
      'with members of equal length in each other’s place': { id, email, state, ...others, custom_fields },
      'with a member less': { id, ...rest },
      'with a member more': { id, ...rest, custom_fields, more: 1 },
    };
    for (const [name, shape] of Object.entries(shapes)) {
      const text = new DocumentText();
      text.read(JSON.stringify(shape));
      expect(
        [PLACE.id, PLACE.email, PLACE.state, PLACE.custom_fields].map((place) => text.value(place)),
        name,
      ).toEqual([JSON.stringify(id), '"a@x"', '"disabled"', '{}']);
    }
    const text = new DocumentText();
    text.read(JSON.stringify({ id, ...rest, custom_fields }, undefined, 1));
    expect(text.members(PLACE.state, PLACE.email)).toBe('"state":"disabled","email":"a@x"');
  });

  it('that is none is refused', () => {
    const whole = render({ ...plain, name: 'Ann', user_metadata: { a: ['b'] } });
    for (const at of [0, 1, whole.indexOf('Ann') + 1, whole.indexOf('["b') + 2, whole.length - 1])
      expect(() => new DocumentText().read(whole.slice(0, at)), String(at)).toThrow(SyntaxError);
  });
});
