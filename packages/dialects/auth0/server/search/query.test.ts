/** The query language by example, and every way of getting it wrong: where, and what was expected. */
import { MANY, ONE, Problem } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { filterOf } from './filter.ts';
import { sortOf } from './sort.ts';

const equals = (field: string, value: string) => ({ kind: 'equals', field, value });
const words = (text: string) => ({ kind: 'words', text, isOpenLeft: false, isOpenRight: false });
const or = (...of: object[]) => ({ kind: 'or', of });
const and = (...of: object[]) => ({ kind: 'and', of });
const not = (of: object) => ({ kind: 'not', of });
const at = (text: string) => Date.parse(text);
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(words) as [object, object, object, object];

describe('the queries of real clients', () => {
  it.each<[string, object]>([
    ['email:"a@b.c"', equals('email', 'a@b.c')],
    ['email:a@b.c', equals('email', 'a@b.c')],
    ['email.raw:"A@b.c"', equals('exact_email', 'A@b.c')],
    ['email.domain:b.c', equals('email_domain', 'b.c')],
    [
      'user_id:"auth0|1" OR user_id:"auth0|2"',
      or(equals('primary_identity', 'auth0|1'), equals('primary_identity', 'auth0|2')),
    ],
    [
      'user_id:("auth0|1" OR "auth0|2")',
      or(equals('primary_identity', 'auth0|1'), equals('primary_identity', 'auth0|2')),
    ],
    ['user_id:auth0\\|1', equals('primary_identity', 'auth0|1')],
    ['identities.connection:"X"', equals('identity_connection', 'X')],
    ['identities.provider:auth0', equals('identity_provider', 'auth0')],
    ['identities.user_id:1', equals('identity_subject', '1')],
    [
      'identities.profileData.email:"a@b.c"',
      { kind: 'leaf', field: 'identity_profile', path: 'email', value: 'a@b.c' },
    ],
    ['app_metadata.plan:"gold"', { kind: 'leaf', field: 'app_metadata', path: 'plan', value: 'gold' }],
    ['user_metadata.a.b:5', { kind: 'leaf', field: 'user_metadata', path: 'a.b', value: '5', number: 5 }],
    ['user_metadata.my\\ key:x', { kind: 'leaf', field: 'user_metadata', path: 'my key', value: 'x' }],
    ['NOT _exists_:app_metadata.x', not({ kind: 'exists', field: 'app_metadata', path: 'x' })],
    ['_exists_:app_metadata', { kind: 'exists', field: 'app_metadata', path: '' }],
    ['_exists_:last_login', { kind: 'exists', field: 'last_sign_in_at' }],
    ['name:john*', { kind: 'like', field: 'name', pattern: ['john', MANY] }],
    ['name:*usa', { kind: 'like', field: 'name', pattern: [MANY, 'usa'] }],
    ['nickname:jo?nny*', { kind: 'like', field: 'nickname', pattern: ['jo', ONE, 'nny', MANY] }],
    ['name:jo\\*hn', equals('name', 'jo*hn')],
    ['name:"jo*hn"', equals('name', 'jo*hn')],
    ['name:"say \\"hi\\""', equals('name', 'say "hi"')],
    ['blocked:true', { kind: 'is', field: 'disabled' }],
    ['blocked:false', not({ kind: 'is', field: 'disabled' })],
    ['email_verified:"true"', { kind: 'is', field: 'email_verified' }],
    ['logins_count:5', { kind: 'range', field: 'sign_in_count', from: 5, to: 5 }],
    ['logins_count:[1 TO 5]', { kind: 'range', field: 'sign_in_count', from: 1, to: 5 }],
    ['logins_count:{1 TO 5}', { kind: 'range', field: 'sign_in_count', from: 2, to: 4 }],
    ['logins_count:[1 TO 5}', { kind: 'range', field: 'sign_in_count', from: 1, to: 4 }],
    ['logins_count:{1 TO *]', { kind: 'range', field: 'sign_in_count', from: 2 }],
    ['logins_count:[* TO 2.5]', { kind: 'range', field: 'sign_in_count', to: 2 }],
    ['created_at:[2024-01-01 TO *]', { kind: 'range', field: 'created_at', from: at('2024-01-01') }],
    ['last_login:[* TO 2024-01-01]', { kind: 'range', field: 'last_sign_in_at', to: at('2024-01-02') - 1 }],
    ['last_login:[* TO 2024-01-01}', { kind: 'range', field: 'last_sign_in_at', to: at('2024-01-01') - 1 }],
    ['updated_at:{2024-01-01 TO *}', { kind: 'range', field: 'updated_at', from: at('2024-01-02') }],
    [
      'created_at:["2024-01-01T10:00:00Z" TO 2024-01-01T12:00:00.000+02:00]',
      { kind: 'range', field: 'created_at', from: at('2024-01-01T10:00:00Z'), to: at('2024-01-01T10:00:00Z') },
    ],
    ['created_at:2024-02-29', { kind: 'range', field: 'created_at', from: at('2024-02-29'), to: at('2024-03-01') - 1 }],
    ['jane', words('jane')],
    ['"jane smith"', words('jane smith')],
    ['jan*', { ...words('jan'), isOpenRight: true }],
    ['*ane', { ...words('ane'), isOpenLeft: true }],
    ['auth0|1', or(words('auth0|1'), equals('primary_identity', 'auth0|1'))],
    ['organization_id:org_1', equals('organization', 'org_1')],
    ['email: "a@b.c"', equals('email', 'a@b.c')],
  ])('%s', (q, filter) => {
    expect(filterOf(q)).toEqual(filter);
  });
});

describe('operators', () => {
  it.each<[string, object]>([
    ['a OR b AND c', or(a, and(b, c))],
    ['a AND b OR c', or(and(a, b), c)],
    ['(a OR b) AND c', and(or(a, b), c)],
    ['NOT a AND b', and(not(a), b)],
    ['a AND NOT b', and(a, not(b))],
    ['a && !b || c', or(and(a, not(b)), c)],
    ['a OR NOT b', or(a, not(b))],
    ['NOT (a b)', not(or(a, b))],
    ['NOT NOT a', a],
    ['a b', or(a, b)],
    ['a b -c', and(not(c), or(a, b))],
    ['-c a', and(not(c), a)],
    ['-a OR b', or(not(a), b)],
    ['-a', not(a)],
    ['-a -b', and(not(a), not(b))],
    ['a NOT b', and(not(b), a)],
    ['a -b OR c', and(not(b), or(a, c))],
    ['+a b', a],
    ['+a +b -c d', and(a, b, not(c))],
    ['a AND b c AND d', or(and(a, b), and(c, d))],
    ['and or not', or(words('and'), words('or'), words('not'))],
    ['name:(a OR -b)', or(equals('name', 'a'), not(equals('name', 'b')))],
    ['logins_count:-5', { kind: 'range', field: 'sign_in_count', from: -5, to: -5 }],
  ])('%s', (q, filter) => {
    expect(filterOf(q)).toEqual(filter);
  });
});

const problemOf = (run: () => unknown): Problem => {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
};

describe('refusals', () => {
  const deep = `${'('.repeat(33)}a${')'.repeat(33)}`;
  it.each<[string, number, string]>([
    ['', 0, 'expected a term'],
    ['   ', 3, 'expected a term'],
    ['email:', 6, 'expected a value of email, found the end'],
    ['email:)', 6, 'expected a value of email, found ")"'],
    ['(a', 2, 'expected ")" for the "(" at character 0'],
    ['()', 1, 'expected a term'],
    ['a)', 1, 'closes nothing'],
    ['a AND', 5, 'expected a term'],
    ['AND a', 0, 'found the operator AND'],
    ['a AND OR b', 6, 'found the operator OR'],
    ['a OR', 4, 'expected a term'],
    ['- a', 1, 'right after "-"'],
    ['name:"john', 10, 'closing quotation mark for the one at character 5'],
    ['name:john\\', 9, 'after the backslash'],
    ['name:a:b', 6, 'expected the end of the value'],
    ['name:(given_name:a)', 6, "field can't stand within"],
    ['na*me:a', 0, 'without wildcards'],
    ['nmae:"a"', 0, 'expected a field, found nmae'],
    ['a OR toString:"a"', 5, 'expected a field, found toString'],
    ['app_metadata:x', 0, 'expected a field'],
    ['app_metadata.:x', 0, 'expected a field'],
    ['_exists_:nmae', 9, 'expected a field, found nmae'],
    ['_exists_:na*', 9, 'by wildcard'],
    ['name:jo*', 5, '3 or more characters'],
    ['name:*', 5, '_exists_:field'],
    ['name:*a*b*c*d*e*f*g*hij*', 5, 'at most 8 wildcards'],
    ['jo*', 0, '3 or more characters'],
    ['joh*nny', 0, 'beginning or the end'],
    ['joh?', 0, 'beginning or the end'],
    ['"  "', 0, 'something to look for'],
    ['[a TO b]', 0, 'expected a term'],
    ['app_metadata.plan:gol*', 18, 'by wildcard'],
    ['app_metadata.level:[1 TO 5]', 19, 'by range'],
    ['name:[a TO b]', 5, 'by range'],
    ['logins_count:many', 13, 'expected a number'],
    ['logins_count:[1 TO x]', 19, 'expected a number'],
    ['logins_count:[1 5]', 16, 'expected "TO"'],
    ['logins_count:[1 TO 5', 20, 'expected "]" or "}"'],
    ['logins_count:[1* TO 5]', 14, 'without wildcards'],
    ['logins_count:>5', 13, 'as in [5 TO *]'],
    ['created_at:yesterday', 11, 'expected a date'],
    ['created_at:[2024-02-30 TO *]', 12, 'expected a date'],
    ['created_at:[2024-13-01 TO *]', 12, 'expected a date'],
    ['created_at:"2024-01-01T24:00Z"', 11, 'expected a date'],
    ['created_at:[* TO 2024]', 17, 'expected a date'],
    ['blocked:maybe', 8, 'true or false'],
    ['blocked:[* TO true]', 8, 'by range'],
    ['name:john~', 9, 'fuzzy'],
    ['name:"john"~2', 11, 'fuzzy'],
    ['name:john^2', 9, 'weights'],
    ['name:/joh.*/', 5, 'regular expressions'],
    [deep, 32, 'at most 32 deep'],
    [Array.from({ length: 257 }, () => 'a').join(' '), 512, 'at most 256 clauses'],
    ['a'.repeat(8193), 8192, 'at most 8192 bytes'],
  ])('%.60s', (q, position, expected) => {
    const { code, errors, message } = problemOf(() => filterOf(q));
    expect(code).toBe('invalid_request');
    expect(errors).toMatchObject([{ field: 'q', code: 'syntax' }]);
    expect(message).toContain(expected);
    expect(message).toContain(`At character ${position} of q`);
  });

  it('takes as much as it says', () => {
    expect(filterOf(Array.from({ length: 256 }, () => 'a').join(' '))).toMatchObject({ kind: 'or' });
    expect(filterOf(`${'('.repeat(32)}a${')'.repeat(32)}`)).toEqual(a);
    expect(filterOf('a'.repeat(8192))).toMatchObject({ kind: 'words' });
  });
});

describe('sort', () => {
  it('names a field and a direction', () => {
    expect(sortOf('created_at:-1')).toEqual({ field: 'created_at', direction: 'desc' });
    expect(sortOf('last_login:1')).toEqual({ field: 'last_sign_in_at', direction: 'asc' });
  });

  it.each(['created_at', 'created_at:2', 'created_at:-1,name:1', 'constructor:1', 'app_metadata.x:1', ''])(
    'refuses "%s"',
    (sort) => {
      expect(problemOf(() => sortOf(sort)).errors).toMatchObject([{ field: 'sort' }]);
    },
  );
});
