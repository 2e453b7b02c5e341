/**
 * Patterns that judge what callers send take time in proportion to its length, whatever it is: no text makes them try
 * again and again.
 */

import { rw3iss } from '@reeve/auth-client/server';
import { auth0 } from '@reeve/auth0/server';
import type { Schema } from '@reeve/contract';
import { routes } from '@reeve/contract/native';
import { describe, expect, it } from 'vitest';
import { createSandbox } from '../rules/sandbox.ts';

interface Judged {
  readonly pattern: string;
  readonly maxLength: number;
}

/** As long as a body may be, where the schema says nothing. */
const LONGEST = 1_000_000;

function patternsIn(schema: Schema | undefined): Judged[] {
  if (!schema) return [];
  const { pattern, maxLength = LONGEST } = schema as { pattern?: string; maxLength?: number };
  const inner = [schema.items, ...(schema.anyOf ?? []), ...Object.values(schema.properties ?? {})];
  return [...(pattern === undefined ? [] : [{ pattern, maxLength }]), ...inner.flatMap(patternsIn)];
}

const judged = new Map<string, number>();
for (const { body, query } of [...routes.map(({ route }) => route), ...auth0.rows, ...rw3iss.rows])
  for (const { pattern, maxLength } of [...patternsIn(body as Schema), ...patternsIn(query as Schema)])
    judged.set(pattern, Math.max(judged.get(pattern) ?? 0, maxLength));

/** Parts that patterns repeat: runs of any of them that end in what they don't take. */
const PARTS = [
  'a',
  'A',
  '0',
  '.',
  '-',
  '_',
  '@',
  ' ',
  '/',
  ':',
  '=',
  'a.',
  'a-',
  'a@',
  'a ',
  '0.',
  'https://',
  '+1',
  '\n',
];
const HEADS = ['', 'a', '+', 'https://', 'a@', '$2a$10$'];
const TAILS = ['', '!', '\n', '\u2028', '@@', ' '];
/** Milliseconds. A pattern that goes back takes minutes. */
const LONG = 1000;

describe('patterns', () => {
  it('are found', () => expect(judged.size).toBeGreaterThan(25));

  it.each([...judged])('%s of %i characters', (pattern, maxLength) => {
    const expression = new RegExp(pattern, 'u');
    const begun = performance.now();
    for (const head of HEADS)
      for (const repeated of PARTS)
        for (const tail of TAILS) {
          const times = Math.floor((Math.min(maxLength, 100_000) - head.length - tail.length) / repeated.length);
          expression.test(head + repeated.repeat(Math.max(0, times)) + tail);
        }
    expect(performance.now() - begun).toBeLessThan(LONG * 5);
  });
});

describe('a script of a rule', () => {
  it('is read in no time, however it ends', async () => {
    const sandbox = await createSandbox();
    const begun = process.cpuUsage();
    expect(await sandbox.check(`function () {} ${'; '.repeat(51_000)}x`)).toMatchObject({ message: /SyntaxError/ });
    const { user } = process.cpuUsage(begun);
    expect(user / 1000).toBeLessThan(LONG);
  });
});
