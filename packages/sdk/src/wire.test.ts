import { expect, test } from 'vitest';
import { cutTemplate, fillTemplate, queryOf } from './wire.ts';

const fill = (id: unknown) => fillTemplate(cutTemplate('/users/{user_id}'), [id]);

test.each(['', '.', '..', undefined, null, 7, {}, ['a'], '\ud800', 'a\udc00'])('%j cannot be an id', (id) => {
  expect(fill(id)).toBeNull();
});

test.each([
  'a/../../users/victim',
  '../victim',
  './',
  'a?b=c',
  'a#b',
  'a\\..\\b',
  '%2e%2e',
  '%2e%2e%2f',
  'a%2F..',
  '...',
  ' ',
  'a\nb',
  'auth0|5f7',
  'ünï/cödé',
  '😀',
])('%j stays one segment', (id) => {
  const path = fill(id) as string;
  const { pathname, search, hash } = new URL(`http://tenant/api/v1${path}`);
  expect(pathname.split('/')).toHaveLength(5);
  expect(pathname.startsWith('/api/v1/users/')).toBe(true);
  expect(decodeURIComponent(pathname.split('/')[4] as string)).toBe(id);
  expect(search + hash).toBe('');
});

test('two ids go into their two places', () => {
  const pieces = cutTemplate('/groups/{group_id}/members/{user_id}');
  expect(fillTemplate(pieces, ['g/1', 'u'])).toBe('/groups/g%2F1/members/u');
  expect(fillTemplate(pieces, ['g'])).toBeNull();
  expect(fillTemplate(cutTemplate('/tenant'), [])).toBe('/tenant');
});

test('a query joins arrays, spells instants, and encodes', () => {
  expect(queryOf(undefined)).toBe('');
  expect(queryOf({})).toBe('');
  expect(queryOf({ event_types: ['user.created', 'user.deleted'], live: true, limit: 5 })).toBe(
    '?event_types=user.created%2Cuser.deleted&live=true&limit=5',
  );
  expect(queryOf({ start: new Date(0), end: '2025-01-01T00:00:00+01:00' })).toBe(
    '?start=1970-01-01T00%3A00%3A00.000Z&end=2025-01-01T00%3A00%3A00%2B01%3A00',
  );
  expect(queryOf({ search: 'a&b=c d\ud800' })).toBe('?search=a%26b%3Dc%20d%EF%BF%BD');
});

test('what is absent falls away; what is wrong is sent, so that the server refuses it instead of listing everybody', () => {
  expect(queryOf({ search: undefined })).toBe('');
  expect(queryOf({ group: null })).toBe('?group=');
  expect(queryOf({ start: new Date(Number.NaN) })).toBe('?start=null');
  expect(queryOf({ event_types: [] })).toBe('?event_types=');
  expect(queryOf({ limit: Number.NaN })).toBe('?limit=NaN');
  expect(queryOf({ serach: 'x' })).toBe('?serach=x');
});
