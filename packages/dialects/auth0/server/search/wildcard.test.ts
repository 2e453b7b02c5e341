/** Wildcards: what they match, against the meaning spelled out by recursion, and that no text makes them slow. */
import type { Work } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import type { LogView } from '../log.ts';
import { planOf } from '../log-query.ts';
import type { TermPart } from './query.ts';
import { wildcardMatcher } from './wildcard.ts';

const partsOf = (pattern: string): TermPart[] =>
  (pattern.match(/[*?]|[^*?]+/gu) ?? []).map((part) => (part === '*' || part === '?' ? { wildcard: part } : part));
const matches = (pattern: string, text: string) => wildcardMatcher(partsOf(pattern))(text);

/** The meaning, whatever it costs. */
function isOf([head, ...pattern]: string[], text: string[]): boolean {
  if (head === undefined) return text.length === 0;
  if (head === '*') return isOf(pattern, text) || (text.length > 0 && isOf([head, ...pattern], text.slice(1)));
  return text.length > 0 && (head === '?' || head === text[0]) && isOf(pattern, text.slice(1));
}

const wordsOf = (letters: readonly string[], most: number): string[] =>
  most === 0 ? [''] : ['', ...letters.flatMap((letter) => wordsOf(letters, most - 1).map((rest) => letter + rest))];

describe('wildcards', () => {
  it('mean what they say, for every short pattern and text', () => {
    const texts = [...new Set(wordsOf(['a', 'b'], 5))];
    const wrong: string[] = [];
    for (const pattern of new Set(wordsOf(['a', 'b', '*', '?'], 5)))
      for (const text of texts)
        if (matches(pattern, text) !== isOf([...pattern], [...text])) wrong.push(`${pattern} on "${text}"`);
    expect(wrong).toEqual([]);
  });

  it('count no case, and a character beyond the first plane as one', () => {
    expect(matches('MOZ*firefox?', 'Mozilla/5.0 Firefox7')).toBe(true);
    expect(matches('a?b', 'a😀b')).toBe(true);
    expect(matches('a??b', 'a😀b')).toBe(false);
    expect(matches('*?b', '😀b')).toBe(true);
    expect(matches('*😀?', 'x😀😀')).toBe(true);
    expect(matches('a.c*', 'abcd')).toBe(false);
  });

  it('are not slow on a text that almost matches', async () => {
    const log = { user_agent: 'a'.repeat(512) } as LogView;
    for (const q of ['user_agent:*a*a*a*a*a*b', 'user_agent:*a?a*a?a*a*b', '*a*a*a*a*a*a*b']) {
      // Nothing of it is for the database.
      const { judge } = await planOf({} as Work, q);
      const begun = performance.now();
      for (let i = 0; i < 100; i++) expect(judge?.(log)).toBe(false);
      // One took seconds where it was tried in every way.
      expect(performance.now() - begun).toBeLessThan(2000);
    }
  });
});
