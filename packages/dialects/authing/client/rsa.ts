/**
 * RSAES-PKCS1-v1_5 encryption (RFC 8017 §7.2.1), which Web Crypto has not. Only the public operation, on values that the
 * caller knows anyway, so its timing tells nothing.
 */
import { AuthingError, refusal } from './errors.ts';

interface PublicKey {
  readonly modulus: bigint;
  readonly exponent: bigint;
  /** Bytes of the modulus. */
  readonly size: number;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
/** At least 8 random bytes, and 3 that mark where the text begins. */
const OVERHEAD = 11;

/** Reads DER (X.690 §8) element by element. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The content of the next element, which has to be of this kind. */
  next(tag: number): Uint8Array {
    const bytes = this.#bytes;
    const first = bytes[this.#at + 1] ?? 0;
    let start = this.#at + 2;
    let length = first;
    if (first & 0x80) {
      length = 0;
      for (const end = start + (first & 0x7f); start < end; start++) length = length * 256 + (bytes[start] ?? 0);
    }
    if (bytes[this.#at] !== tag || start + length > bytes.length) throw new Error('not an SPKI key');
    this.#at = start + length;
    return bytes.subarray(start, start + length);
  }
}

const numberOf = (bytes: Uint8Array): bigint => {
  let hex = '0x0';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return BigInt(hex);
};

/** @param text SPKI (RFC 5280 §4.1.2.7), as PEM or as bare base64 */
const keyOf = (text: string): PublicKey => {
  try {
    const der = Uint8Array.from(atob(text.replace(/-----[A-Z ]+-----/g, '')), (char) => char.charCodeAt(0));
    const info = new Reader(new Reader(der).next(SEQUENCE));
    info.next(SEQUENCE);
    const key = new Reader(new Reader(info.next(BIT_STRING).subarray(1)).next(SEQUENCE));
    const modulus = numberOf(key.next(INTEGER));
    const exponent = numberOf(key.next(INTEGER));
    return { modulus, exponent, size: Math.ceil(modulus.toString(16).length / 2) };
  } catch {
    throw new AuthingError('the public key is no RSA key in SPKI form (PEM or base64)', { code: 'ERR_BAD_PUBLIC_KEY' });
  }
};

const power = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
};

const randomBytes = (count: number): Uint8Array => {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  // A zero would end the padding.
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0)) crypto.getRandomValues(bytes.subarray(at, at + 1));
  return bytes;
};

/**
 * Encrypts a text (UTF-8). Returns base64, as many bytes as the modulus has.
 *
 * @throws AuthingError `ERR_BAD_PUBLIC_KEY`; `ERR_INVALID_ARGUMENT` for a text longer than the modulus less 11 bytes
 */
export const encryptRsa = (text: string, publicKey: string): string => {
  const { modulus, exponent, size } = keyOf(publicKey);
  const message = new TextEncoder().encode(text);
  const longest = size - OVERHEAD;
  if (message.length > longest) throw refusal(`password: at most ${longest} bytes of UTF-8 fit this public key`);
  const block = new Uint8Array(size);
  block[1] = 2;
  block.set(randomBytes(size - message.length - 3), 2);
  block.set(message, size - message.length);
  const hex = power(numberOf(block), exponent, modulus)
    .toString(16)
    .padStart(size * 2, '0');
  return btoa(hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16))));
};
