/** What a database reports of itself, as the problem that a caller is told. */
import { expect, it } from 'vitest';
import { Problem } from '../problem.ts';
import { storageProblem } from './database.ts';

const told = (code: string) => storageProblem(Object.assign(new Error('as the driver says it'), { code }));

it.each([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  '08006',
  '25006',
  '53200',
  '53300',
  '55000',
  '57P01',
  '57P02',
  '57P03',
])('a database that is away (%s) is told as overloaded, with the time to come back', (code) => {
  const problem = told(code);
  expect(problem).toBeInstanceOf(Problem);
  expect(problem).toMatchObject({ code: 'overloaded', status: 503, retryAfter: 1, cause: { code } });
});

it('tells a full disk of both databases', () => {
  expect(told('53100')).toMatchObject({ code: 'storage_full', status: 507 });
  expect(storageProblem(Object.assign(new Error('full'), { errcode: 13 }))).toMatchObject({ code: 'storage_full' });
});

it.each(['23505', '42P01', '22P02', '0A000'])('leaves alone what is the server’s own doing (%s)', (code) => {
  expect(told(code)).not.toBeInstanceOf(Problem);
});
