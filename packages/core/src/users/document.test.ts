import { describe, expect, it } from 'vitest';
import { keyOf, mergePatch } from './document.ts';

describe('mergePatch', () => {
  /** RFC 7396, appendix A: original, patch, result. */
  const examples: [original: unknown, patch: unknown, result: unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  it.each(examples)('%j patched by %j is %j', (original, patch, result) => {
    const [originalText, patchText] = [JSON.stringify(original), JSON.stringify(patch)];
    expect(mergePatch(original, patch)).toEqual(result);
    expect([JSON.stringify(original), JSON.stringify(patch)]).toEqual([originalText, patchText]);
  });

  it('takes __proto__ for a name like any other', () => {
    const merged = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}')) as object;
    expect(Object.keys(merged)).toEqual(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(JSON.stringify(merged)).toBe('{"__proto__":{"polluted":true}}');
  });
});

describe('keyOf', () => {
  it('lowers a part of a word like the whole', () => {
    for (const word of ['ΣΊΣΥΦΟΣ', 'ΣΑΣΑ', 'STRASSE', 'Zoe\u0308']) {
      const points = [...word.normalize('NFKC')];
      for (let end = 1; end <= points.length; end++)
        expect(keyOf(word).startsWith(keyOf(points.slice(0, end).join('')))).toBe(true);
    }
  });
});
