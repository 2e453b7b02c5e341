import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encryptRsa } from './rsa.ts';
import { decrypt } from './upstream.fixture.ts';

describe.each([1024, 2048, 1031])('with a key of %i bits', (bits) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const size = Math.ceil(bits / 8);

  it.each(['a', 'pass wörd 密码 🔑', 'x'.repeat(size - 11)])('what is encrypted is decrypted: %s', (text) => {
    for (let at = 0; at < 20; at++) {
      const sealed = encryptRsa(text, pem);
      expect(Buffer.from(sealed, 'base64')).toHaveLength(size);
      expect(decrypt(sealed, privateKey, size)).toBe(text);
    }
  });

  it('reads bare base64 too', () => {
    const bare = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    expect(decrypt(encryptRsa('a', bare), privateKey, size)).toBe('a');
  });

  it('pads with at least 8 random bytes, none of them zero, never the same', () => {
    const key = { key: privateKey, padding: constants.RSA_NO_PADDING };
    const paddings = Array.from({ length: 100 }, () => {
      const block = privateDecrypt(key, Buffer.from(encryptRsa('abc', pem), 'base64'));
      expect([...block.subarray(0, 2)]).toEqual([0, 2]);
      expect(block.indexOf(0, 2)).toBe(size - 4);
      return block.subarray(2, size - 4).toString('hex');
    });
    expect(new Set(paddings).size).toBe(100);
  });

  it('refuses a text that is too long, by its bytes', () => {
    const said = expect.objectContaining({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(`${size - 11} bytes`),
    });
    expect(() => encryptRsa('x'.repeat(size - 10), pem)).toThrow(said);
    expect(() => encryptRsa('é'.repeat(Math.ceil((size - 10) / 2)), pem)).toThrow(said);
  });

  it('refuses what is no SPKI key', () => {
    const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'pem' }) as string;
    const der = publicKey.export({ type: 'spki', format: 'der' });
    const cut = der.subarray(0, 60).toString('base64');
    for (const key of ['', 'no key', pkcs1, cut, 'AAAA']) {
      expect(() => encryptRsa('a', key)).toThrow(expect.objectContaining({ code: 'ERR_BAD_PUBLIC_KEY' }));
    }
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
    expect(() => encryptRsa('a', curve as string)).toThrow(expect.objectContaining({ code: 'ERR_BAD_PUBLIC_KEY' }));
  });
});
