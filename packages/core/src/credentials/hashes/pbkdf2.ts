/** PBKDF2 (RFC 8018): as a PHC string, as passlib and Django write it, or by fields. */
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { PasswordHash } from '@reeve/contract';
import { bytesOf, type Check, type Refuse, readBytes, readDigestBytes, sameBytes } from './reading.ts';

const derive = promisify(pbkdf2);
const DIGEST_BYTES = { md5: 16, sha1: 20, sha256: 32, sha512: 64 } as const;
type Digest = keyof typeof DIGEST_BYTES;

/** Iterations times blocks of output: about a second. */
const MAX_WORK = 2_500_000;
const MIN_BYTES = 16;
const MAX_BYTES = 512;

const PHC =
  /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=(\d{1,8})(?:,l=(\d{1,4}))?|(\d{1,8}))\$([A-Za-z0-9+/.=]+)\$([A-Za-z0-9+/.=]+)$/;
const DJANGO = /^pbkdf2_(sha1|sha256|sha512)\$(\d{1,8})\$([^$]{1,256})\$([A-Za-z0-9+/=]+)$/;

interface Reading {
  readonly digest: Digest;
  readonly iterations: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** passlib writes `.` for `+`. */
const adapted = (text: string): string => text.replaceAll('.', '+');

function readString(value: string, refuse: Refuse): Reading | undefined {
  const django = DJANGO.exec(value);
  const phc = django ? undefined : PHC.exec(value);
  const [digest, iterations, salt, key] = django
    ? [django[1], django[2], Buffer.from(django[3] as string), bytesOf(django[4] as string, 'base64')]
    : phc
      ? [
          phc[1] ?? 'sha1',
          phc[2] ?? phc[4],
          bytesOf(adapted(phc[5] as string), 'base64'),
          bytesOf(adapted(phc[6] as string), 'base64'),
        ]
      : [];
  if (!salt || !key) {
    return refuse('value', 'pattern', 'value must be $pbkdf2-sha256$i=…,l=…$salt$hash or pbkdf2_sha256$…$salt$hash');
  }
  if (phc?.[3] !== undefined && Number(phc[3]) !== key.length) {
    return refuse('value', 'length', 'value must hold a hash as long as its parameter l says');
  }
  return { digest: digest as Digest, iterations: Number(iterations), salt, key };
}

function readFields(hash: PasswordHash, refuse: Refuse): Reading | undefined {
  if (hash.digest === undefined) return refuse('digest', 'required', 'digest is needed for pbkdf2 by fields');
  if (!Object.hasOwn(DIGEST_BYTES, hash.digest)) {
    return refuse('digest', 'enum', `digest must be one of ${Object.keys(DIGEST_BYTES).join(', ')}`);
  }
  if (hash.iterations === undefined) {
    return refuse('iterations', 'required', 'iterations is needed for pbkdf2 by fields');
  }
  const salt = readBytes(refuse, 'salt', hash.salt, hash.salt_encoding ?? 'utf8');
  const key = readDigestBytes(refuse, hash.value, hash.encoding);
  if (!salt || !key) return undefined;
  if (hash.key_length !== undefined && hash.key_length !== key.length) {
    return refuse('key_length', 'length', `key_length must be the length of value, ${key.length}`);
  }
  return { digest: hash.digest as Digest, iterations: hash.iterations, salt, key };
}

export function readPbkdf2(hash: PasswordHash, refuse: Refuse): Check | undefined {
  const reading = /^(\$|pbkdf2_)/.test(hash.value) ? readString(hash.value, refuse) : readFields(hash, refuse);
  if (!reading) return undefined;
  const { digest, iterations, salt, key } = reading;
  if (key.length < MIN_BYTES || key.length > MAX_BYTES) {
    return refuse('value', 'length', `value must hold a hash of ${MIN_BYTES} to ${MAX_BYTES} bytes`);
  }
  const blocks = Math.ceil(key.length / DIGEST_BYTES[digest]);
  if (iterations < 1 || iterations * blocks > MAX_WORK) {
    const field = hash.iterations === undefined ? 'value' : 'iterations';
    return refuse(field, 'cost', `${field} must ask for 1 to ${Math.floor(MAX_WORK / blocks)} iterations`);
  }
  return async (password) => sameBytes(await derive(password, salt, iterations, key.length, digest), key);
}
