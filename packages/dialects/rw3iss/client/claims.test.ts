import { expect, it } from 'vitest';
import { decodeAccessToken, InvalidTokenError } from './index.ts';
import { claims, jwt } from './upstream.fixture.ts';

const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

it('reads claims, whatever their alphabet', () => {
  expect(decodeAccessToken(jwt({ display_name: 'Ångström ✓ 漢字' }))).toEqual({
    ...claims,
    display_name: 'Ångström ✓ 漢字',
  });
});

it.each([
  ['two segments', 'a.b'],
  ['no JSON', 'a.b.c'],
  ['no object', `${segment({ alg: 'HS256' })}.${segment([1])}.c`],
  ['no algorithm', `${segment({})}.${segment({ uid: 'u' })}.c`],
  ['alg none', `${segment({ alg: 'none' })}.${segment({ uid: 'u' })}.`],
  ['alg nOnE', `${segment({ alg: 'nOnE' })}.${segment({ uid: 'u' })}.c`],
  ['nothing', undefined as unknown as string],
])('%s is no token', (_name, token) => {
  expect(() => decodeAccessToken(token)).toThrow(InvalidTokenError);
});
