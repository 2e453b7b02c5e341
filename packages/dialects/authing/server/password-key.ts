/**
 * The key pair for which clients encrypt passwords: one for each tenant, made when it is first asked for, its private half sealed
 * at rest. Owns the invariant that every ciphertext that is no password is told alike, whatever is wrong with it.
 */
import { constants, createPrivateKey, generateKeyPair, type KeyObject, privateDecrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { type Bag, extensionsOf, type Services, setExtension, type Work } from '@reeve/core';
import { CODES, Refusal } from './problems.ts';

const BITS = 2048;
const BYTES = BITS / 8;
const PKCS1_PADDING = 8;
const generate = promisify(generateKeyPair);

interface PasswordKey {
  /** SPKI, PEM. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** By tenant. Another process can't make another one: what is kept first stays. */
const known = new WeakMap<Services, Map<number, PasswordKey>>();

async function keptKey({ tenant, services, read }: Work): Promise<PasswordKey | undefined> {
  const found = await read((db) => extensionsOf(db, { tenant, services }, 'tenants', 'authing', [tenant.publicId]));
  const pair = found.get(tenant.publicId)?.password_key as Record<'public' | 'private', string> | undefined;
  return pair && { publicKey: pair.public, privateKey: createPrivateKey(pair.private) };
}

async function makeKey(work: Work): Promise<void> {
  const { publicKey, privateKey } = await generate('rsa', {
    modulusLength: BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const pair = { public: publicKey, private: privateKey };
  const keep = (before: Bag | undefined): Bag => (before?.password_key ? before : { ...before, password_key: pair });
  await work.write((unit) => setExtension(unit, 'tenants', work.tenant.publicId, 'authing', keep));
}

/** One is made for a tenant, however many ask for it first. */
const making = new WeakMap<Services, Map<number, Promise<void>>>();

function makeOnce(work: Work): Promise<void> {
  const pending = making.get(work.services) ?? new Map<number, Promise<void>>();
  making.set(work.services, pending);
  const made = pending.get(work.tenant.id) ?? makeKey(work).finally(() => pending.delete(work.tenant.id));
  pending.set(work.tenant.id, made);
  return made;
}

export async function passwordKey(work: Work): Promise<PasswordKey> {
  const keys = known.get(work.services) ?? new Map<number, PasswordKey>();
  known.set(work.services, keys);
  let key = keys.get(work.tenant.id) ?? (await keptKey(work));
  if (!key) {
    await makeOnce(work);
    key = await keptKey(work);
  }
  if (!key) throw new Error('The key that was just made is not there.');
  keys.set(work.tenant.id, key);
  return key;
}

/** The block that a ciphertext stands for; a block without a password where it stands for none. */
function blockOf(key: KeyObject, ciphertext: string): Buffer {
  const bytes = Buffer.from(ciphertext, 'base64');
  // The client drops leading zeros.
  const whole = Buffer.alloc(BYTES);
  const isWhole = bytes.length > 0 && bytes.length <= BYTES;
  if (isWhole) bytes.copy(whole, BYTES - bytes.length);
  const decrypt = (buffer: Buffer) => privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, buffer);
  try {
    return decrypt(whole);
  } catch {
    // Greater than the modulus: as much work, for nothing.
    return decrypt(Buffer.alloc(BYTES));
  }
}

/** Where the text begins in a block of PKCS#1 v1.5 (RFC 8017 §7.2.2); -1: nowhere. Every byte is looked at. */
function textStart(block: Buffer): number {
  let start = 0;
  for (let i = 2; i < block.length; i++) start |= block[i] === 0 && start === 0 ? i + 1 : 0;
  const isGood = Number(block[0] === 0) & Number(block[1] === 2) & Number(start > PKCS1_PADDING + 2);
  return isGood ? start : -1;
}

/** The password that a ciphertext stands for. Throws 2016 of everything that is none. */
export async function decryptPassword(work: Work, ciphertext: string): Promise<string> {
  const { privateKey } = await passwordKey(work);
  const block = blockOf(privateKey, ciphertext);
  const start = textStart(block);
  const text = block.subarray(start < 0 ? block.length : start);
  const password = text.toString('utf8');
  if (start < 0 || password === '' || !Buffer.from(password).equals(text))
    throw new Refusal(CODES.undecryptable, 'The password can not be decrypted with the key of this pool.', 'password');
  return password;
}
