import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Sha256 } from './sha256.ts';

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('the digest of %j is that of FIPS 180-4', (text, digest) => {
  const hash = new Sha256();
  hash.update(new TextEncoder().encode(text));
  expect(hash.digest()).toBe(digest);
});

test('lengths around the block size, cut anywhere, agree with OpenSSL', () => {
  for (let length = 0; length < 300; length++) {
    const bytes = randomBytes(length);
    const hash = new Sha256();
    for (let at = 0; at < length; at += 1 + ((length * 7 + at) % 90)) {
      hash.update(bytes.subarray(at, Math.min(length, at + 1 + ((length * 7 + at) % 90))));
    }
    expect(`${length} ${hash.digest()}`).toBe(`${length} ${createHash('sha256').update(bytes).digest('hex')}`);
  }
});
