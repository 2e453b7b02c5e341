import { expect, it } from 'vitest';
import { newId } from '../id.ts';
import { render } from './document.ts';
import { ShownTexts } from './shown-texts.ts';
import type { ShownUser } from './shown-users.ts';
import { draftUser } from './users.ts';

const shown = (name: string, size = 0): ShownUser => ({
  doc: render({
    ...draftUser({ now: 1, newId: (prefix) => newId(prefix, 1) }, 'con_1', {}),
    name,
    user_metadata: { long: 'x'.repeat(size) },
  }),
  connection: 'first',
  factors: null,
});

it('gives what was made of an equal user, and of no other', () => {
  const texts = new ShownTexts();
  const user = shown('Ann');
  const equal = () => ({ ...user, doc: JSON.stringify(JSON.parse(user.doc)) });
  expect(texts.find(user)).toBeUndefined();
  expect(texts.keep(user, 'seen once')).toBe('seen once');
  expect(texts.find(equal())).toBeUndefined();
  expect(texts.keep(user, 'made')).toBe('made');
  expect(texts.find(equal())).toBe('made');
  const others: ShownUser[] = [
    { ...user, doc: user.doc.replace('Ann', 'Eve') },
    { ...user, connection: 'second' },
    { ...user, factors: 1 },
    shown('Ann'),
  ];
  for (const other of others) expect(texts.find(other), JSON.stringify(other)).toBeUndefined();
  texts.keep(others[0] as ShownUser, 'made anew');
  expect(texts.find(user)).toBeUndefined();
});

it('keeps so many characters, and forgets who is asked for no more', () => {
  const texts = new ShownTexts();
  const users = Array.from({ length: 30 }, (_, i) => shown(`n${i}`, 100_000));
  const [asked] = users as [ShownUser];
  for (const user of users)
    for (let time = 0; time < 2; time++) {
      texts.keep(user, user.doc);
      expect(texts.find(asked), 'who is asked for all the time').toBe(
        time === 0 && user === asked ? undefined : asked.doc,
      );
    }
  const known = users.filter((user) => texts.find(user) !== undefined);
  expect(known.length).toBeGreaterThan(2);
  expect(known.length).toBeLessThan(12);
  expect(known).toContain(users[29]);
  expect(known).not.toContain(users[1]);
});

it('keeps nobody of a long walk', () => {
  const texts = new ShownTexts();
  const users = Array.from({ length: 3000 }, (_, i) => shown(`n${i}`));
  for (let time = 0; time < 2; time++)
    for (const user of users) {
      texts.keep(user, 'made');
      expect(texts.find(user)).toBeUndefined();
    }
});
