/** scrypt (RFC 7914) as a PHC string or by fields, and Firebase's variation of it. */
import { createCipheriv, type ScryptOptions, scrypt } from 'node:crypto';
import type { PasswordHash } from '@reeve/contract';
import { bytesOf, type Check, type Refuse, readBytes, readDigestBytes, sameBytes } from './reading.ts';

const MAX_MEMORY = 128 * 1024 * 1024;
/** N times r times p: about three quarters of a second. */
const MAX_WORK = 2 ** 21;
const MIN_BYTES = 16;
const MAX_BYTES = 512;

interface Parameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

const derive = (password: Buffer, salt: Buffer, length: number, { N, r, p }: Parameters): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options: ScryptOptions = { N, r, p, maxmem: 128 * r * (N + p + 2) };
    scrypt(password, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });

/** Whether the parameters are scrypt's and within bounds; what is not is refused under `field`. */
function checkParameters({ N, r, p }: Parameters, field: string, refuse: Refuse): boolean {
  const isPower = N >= 2 && Number.isInteger(Math.log2(N));
  if (!isPower || r < 1 || p < 1) {
    refuse(field, 'cost', `${field} must have a cost N that is a power of two above 1, and r and p of at least 1`);
    return false;
  }
  if (128 * N * r > MAX_MEMORY || N * r * p > MAX_WORK) {
    refuse(
      field,
      'cost',
      `${field} must have N times r of at most ${MAX_MEMORY / 128} and N times r times p of at most ${MAX_WORK}`,
    );
    return false;
  }
  return true;
}

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/;

interface Reading {
  readonly parameters: Parameters;
  readonly field: string;
  readonly salt: Buffer;
  readonly key: Buffer;
}

function readString(value: string, refuse: Refuse): Reading | undefined {
  const [, ln, r, p, salt, key] = PHC.exec(value) ?? [];
  const saltBytes = salt === undefined ? undefined : bytesOf(salt, 'base64');
  const keyBytes = key === undefined ? undefined : bytesOf(key, 'base64');
  if (!saltBytes || !keyBytes) return refuse('value', 'pattern', 'value must be $scrypt$ln=…,r=…,p=…$salt$hash');
  const parameters = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
  return { parameters, field: 'value', salt: saltBytes, key: keyBytes };
}

function readFields(hash: PasswordHash, refuse: Refuse): Reading | undefined {
  const { cost, block_size, parallelization = 1 } = hash;
  if (cost === undefined) return refuse('cost', 'required', 'cost (N) is needed for scrypt by fields');
  if (block_size === undefined)
    return refuse('block_size', 'required', 'block_size (r) is needed for scrypt by fields');
  const salt = readBytes(refuse, 'salt', hash.salt, hash.salt_encoding ?? 'utf8');
  const key = readDigestBytes(refuse, hash.value, hash.encoding);
  if (!salt || !key) return undefined;
  if (hash.key_length !== undefined && hash.key_length !== key.length) {
    return refuse('key_length', 'length', `key_length must be the length of value, ${key.length}`);
  }
  return { parameters: { N: cost, r: block_size, p: parallelization }, field: 'cost', salt, key };
}

export function readScrypt(hash: PasswordHash, refuse: Refuse): Check | undefined {
  const reading = hash.value.startsWith('$') ? readString(hash.value, refuse) : readFields(hash, refuse);
  if (!reading) return undefined;
  const { parameters, field, salt, key } = reading;
  if (key.length < MIN_BYTES || key.length > MAX_BYTES) {
    return refuse('value', 'length', `value must hold a hash of ${MIN_BYTES} to ${MAX_BYTES} bytes`);
  }
  if (!checkParameters(parameters, field, refuse)) return undefined;
  return async (password) => sameBytes(await derive(password, salt, key.length, parameters), key);
}

/**
 * Firebase encrypts the project's signer key by AES-256-CTR (counter from zero) under the first 32 bytes that scrypt
 * derives from the password and `salt ‖ salt_separator`; the ciphertext is the hash. Its tools write base64 throughout.
 */
export function readFirebaseScrypt(hash: PasswordHash, refuse: Refuse): Check | undefined {
  const { cost, block_size } = hash;
  if (cost === undefined) return refuse('cost', 'required', 'cost (mem_cost) is needed for firebase_scrypt');
  if (block_size === undefined) {
    return refuse('block_size', 'required', 'block_size (rounds) is needed for firebase_scrypt');
  }
  const salt = readBytes(refuse, 'salt', hash.salt, hash.salt_encoding ?? 'base64');
  const separator = hash.salt_separator
    ? readBytes(refuse, 'salt_separator', hash.salt_separator, 'base64')
    : Buffer.alloc(0);
  const signer = readBytes(refuse, 'key', hash.key, hash.key_encoding ?? 'base64');
  const expected = readDigestBytes(refuse, hash.value, hash.encoding ?? 'base64');
  if (!salt || !separator || !signer || !expected) return undefined;
  if (signer.length < MIN_BYTES) return refuse('key', 'length', `key must have at least ${MIN_BYTES} bytes`);
  if (expected.length !== signer.length) {
    return refuse('value', 'length', `value must be as long as key, ${signer.length} bytes`);
  }
  if (cost > 20) return refuse('cost', 'cost', 'cost must be the logarithm of N to base 2, at most 20');
  const parameters = { N: 2 ** cost, r: block_size, p: 1 };
  if (!checkParameters(parameters, 'cost', refuse)) return undefined;
  return async (password) => {
    const key = await derive(password, Buffer.concat([salt, separator]), 32, parameters);
    const made = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(signer);
    return sameBytes(made, expected);
  };
}
