/** LDAP's userPassword schemes (RFC 2307 and the salted ones of OpenLDAP): base64 of digest ‖ salt. */
import { hash } from 'node:crypto';
import type { PasswordHash } from '@reeve/contract';
import { bytesOf, type Check, type Refuse, sameBytes } from './reading.ts';

const SCHEMES: Readonly<Record<string, readonly [digest: string, bytes: number, isSalted: boolean]>> = {
  MD5: ['md5', 16, false],
  SMD5: ['md5', 16, true],
  SHA: ['sha1', 20, false],
  SSHA: ['sha1', 20, true],
  SHA256: ['sha256', 32, false],
  SSHA256: ['sha256', 32, true],
  SHA384: ['sha384', 48, false],
  SSHA384: ['sha384', 48, true],
  SHA512: ['sha512', 64, false],
  SSHA512: ['sha512', 64, true],
};
const SHAPE = /^\{([A-Za-z0-9]{3,7})\}([A-Za-z0-9+/]+={0,2})$/;

export function readLdap({ value }: PasswordHash, refuse: Refuse): Check | undefined {
  const [, name = '', text = ''] = SHAPE.exec(value) ?? [];
  const scheme = SCHEMES[name.toUpperCase()];
  const bytes = bytesOf(text, 'base64');
  if (!scheme || !bytes) {
    return refuse('value', 'pattern', `value must be {SCHEME} and base64; schemes: ${Object.keys(SCHEMES).join(' ')}`);
  }
  const [digest, length, isSalted] = scheme;
  if (isSalted ? bytes.length <= length : bytes.length !== length) {
    return refuse('value', 'length', `value must hold ${length} bytes${isSalted ? ' and a salt' : ''} after {${name}}`);
  }
  const expected = bytes.subarray(0, length);
  const salt = bytes.subarray(length);
  return async (password) => sameBytes(hash(digest, Buffer.concat([password, salt]), 'buffer'), expected);
}
