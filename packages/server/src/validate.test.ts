/** How much of what is wrong is told, and that a large body is not searched for all of it. */
import { array, integer, json, object, optional, string } from '@reeve/contract';
import { Problem } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { bodyJudge, queryJudge, rowJudge } from './validate.ts';

const schema = object({
  name: string({ minLength: 1 }),
  level: integer({ minimum: 0 }),
  tags: optional(array(string({ maxLength: 3 }))),
  bag: optional(json()),
  kept: optional(integer({ default: 7 })),
});
const route = { verb: 'POST', path: '/x', scope: null, status: 200, body: schema } as never;

const refusalOf = (run: () => unknown): Problem => {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('It was accepted.');
};
const fieldsOf = ({ errors = [] }: Problem): string[] => errors.map(({ field, code }) => `${field} ${code}`).sort();

describe('a body', () => {
  const judge = bodyJudge(route);

  it('that is right comes back with its defaults', () => {
    expect(judge({ name: 'a', level: 1 })).toEqual({ name: 'a', level: 1, kept: 7 });
  });

  it('is told of everything that is wrong with it', () => {
    const refused = refusalOf(() => judge({ level: -1, tags: ['ab', 'abcd', 5], wrong: 1, worse: 2 }));
    expect(refused.code).toBe('invalid_request');
    expect(fieldsOf(refused)).toEqual([
      'level minimum',
      'name required',
      'tags.1 maxLength',
      'tags.2 type',
      'worse unknown',
      'wrong unknown',
    ]);
  });

  it('is told of 50 wrong fields at most', () => {
    const wrong = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i]));
    expect(refusalOf(() => judge({ name: 'a', level: 1, ...wrong })).errors).toHaveLength(50);
  });

  it.each([
    ['unknown fields', Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`f${i}`, i]))],
    ['wrong elements', { tags: Array.from({ length: 50_000 }, () => 5) }],
    ['parts far inside', { wrong: 1, bag: Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => 1)) }],
    ['levels', { wrong: JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) }],
  ])('with very many %s is told of the first wrong one', (_what, wrong) => {
    const refused = refusalOf(() => judge({ name: 'a', level: 1, ...wrong }));
    expect([refused.code, refused.errors?.length]).toEqual(['invalid_request', 1]);
  });

  it('with very many parts is taken where nothing is wrong with them', () => {
    const body = { name: 'a', level: 1, kept: 2, tags: Array.from({ length: 50_000 }, () => 'abc') };
    expect(judge(body)).toEqual(body);
  });
});

it('a row of a stream and a query are told of everything, too', () => {
  expect(fieldsOf(refusalOf(() => rowJudge(schema as never)({ wrong: 1 })))).toEqual([
    'level required',
    'name required',
    'wrong unknown',
  ]);
  const query = object({ limit: integer({ minimum: 1 }), tags: optional(array(string({ maxLength: 3 }))) });
  const judge = queryJudge({ verb: 'GET', path: '/x', scope: null, status: 200, query } as never);
  expect(judge({ limit: '5', tags: 'a,b' })).toEqual({ limit: 5, tags: ['a', 'b'] });
  expect(fieldsOf(refusalOf(() => judge({ limit: 'none', tags: 'abcd', wrong: '1' })))).toEqual([
    'limit type',
    'tags.0 maxLength',
    'wrong unknown',
  ]);
});
