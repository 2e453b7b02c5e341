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

  it('is refused in another shape', () => {
    const { id, ...rest } = plain;
    const shapes = {
      'in another order': JSON.stringify({ ...rest, id }),
      'with a member less': JSON.stringify(rest),
      'with a member more': JSON.stringify({ ...plain, more: 1 }),
      'with white space': JSON.stringify(plain, undefined, 1),
      'cut off': render(plain).slice(0, -1),
      'cut off in a text': render({ ...plain, name: 'Ann' }).slice(0, render(plain).indexOf('"name"') + 10),
      empty: '',
    };
    for (const [name, shape] of Object.entries(shapes))
      expect(() => new DocumentText().read(shape), name).toThrow('another shape');
  });
});
