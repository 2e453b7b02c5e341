import { describe, expect, it } from 'vitest';
import { findTotpStep, newTotpSecret, totpCodeAt, totpUri } from './totp.ts';

/** Base32 of the ASCII secret `12345678901234567890` of RFC 6238, appendix B. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

/** RFC 6238, appendix B, SHA-1: seconds, and the last six of its eight digits. */
const VECTORS = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
] as const;

describe('TOTP', () => {
  it.each(VECTORS)('at %i s is %s', (seconds, code) => {
    expect(totpCodeAt(SECRET, seconds * 1000)).toBe(code);
    expect(findTotpStep(SECRET, code, seconds * 1000, null)).toBe(Math.floor(seconds / 30));
  });

  it('is right one step early and late, and no further', () => {
    const now = 1_111_111_109_000;
    const step = Math.floor(now / 30_000);
    for (const [offset, found] of [
      [-2, undefined],
      [-1, step - 1],
      [0, step],
      [1, step + 1],
      [2, undefined],
    ] as const)
      expect(findTotpStep(SECRET, totpCodeAt(SECRET, now + offset * 30_000), now, null)).toBe(found);
  });

  it('is right once: its step and those before it are over', () => {
    const now = 1_234_567_890_000;
    const step = Math.floor(now / 30_000);
    const code = totpCodeAt(SECRET, now);
    expect(findTotpStep(SECRET, code, now, step)).toBeUndefined();
    expect(findTotpStep(SECRET, code, now, step - 1)).toBe(step);
    expect(findTotpStep(SECRET, totpCodeAt(SECRET, now - 30_000), now, step)).toBeUndefined();
    for (const wrong of ['', '12345', '0000000', 'abcdef', '００５９２４'])
      expect(findTotpStep(SECRET, wrong, now, null)).toBeUndefined();
  });

  it('has secrets of 160 random bits, and a URI that apps read', () => {
    const secrets = Array.from({ length: 50 }, newTotpSecret);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(new Set(secrets).size).toBe(50);
    const uri = new URL(totpUri(SECRET, 'Acme & Co', 'ann@example.com'));
    expect([uri.protocol, uri.host]).toEqual(['otpauth:', 'totp']);
    expect(decodeURIComponent(uri.pathname)).toBe('/Acme & Co:ann@example.com');
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      issuer: 'Acme & Co',
      secret: SECRET,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
  });
});
