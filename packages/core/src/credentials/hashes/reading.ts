/** How the fields of an imported hash are read: encodings, lengths, and the comparison that tells nothing by its time. */
import { timingSafeEqual } from 'node:crypto';

/** Says what is wrong with a field; returns undefined so that a reader can end with it. */
export type Refuse = (field: string, rule: string, message: string) => undefined;

/** Whether a password matches; it comes as the bytes that were hashed. */
export type Check = (password: Buffer) => Promise<boolean>;

export type Encoding = 'hex' | 'base64' | 'utf8';

const HEX = /^(?:[0-9a-fA-F]{2})+$/;
// Both base64 alphabets, padded or not.
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** The bytes that `text` spells, or undefined where it is not so encoded. */
export function bytesOf(text: string, encoding: Encoding): Buffer | undefined {
  if (encoding === 'hex') return HEX.test(text) ? Buffer.from(text, 'hex') : undefined;
  if (encoding === 'base64') {
    return BASE64.test(text) && text.replace(/=+$/, '').length % 4 !== 1 ? Buffer.from(text, 'base64') : undefined;
  }
  return Buffer.from(text, 'utf8');
}

/** Reads one field; refuses it where it does not hold to its encoding. */
export function readBytes(
  refuse: Refuse,
  field: string,
  text: string | undefined,
  encoding: Encoding,
): Buffer | undefined {
  if (text === undefined) return refuse(field, 'required', `${field} is needed for this algorithm`);
  return bytesOf(text, encoding) ?? refuse(field, 'encoding', `${field} must be ${encoding}`);
}

/** Reads `value` as a digest; text can't carry one. */
export function readDigestBytes(refuse: Refuse, value: string, encoding: Encoding = 'hex'): Buffer | undefined {
  if (encoding === 'utf8') return refuse('encoding', 'enum', 'encoding must be hex or base64: text carries no digest');
  return readBytes(refuse, 'value', value, encoding);
}

/** Constant time for equal lengths; lengths are no secret. */
export const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right);
