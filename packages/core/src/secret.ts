/**
 * Secrets at rest. One server key (`REEVE_SECRET_KEY`) gives, by HKDF, a key to seal what must be read again
 * (AES-256-GCM) and a key to digest what must only be recognised (HMAC-SHA-256).
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

export interface Vault {
  /** Encrypts; `context` must be given again to open it, so that a sealed value can't be moved to another row. */
  seal(plain: string, context: string): string;
  open(sealed: string, context: string): string;
  /** Keyed digest of a high-entropy secret: client secrets, tickets, refresh tokens. Hex, 64 characters. */
  digest(secret: string): string;
}

/** `secretKey`: 64 hex digits. */
export function createVault(secretKey: string): Vault {
  const root = Buffer.from(secretKey, 'hex');
  const derive = (purpose: string) =>
    // A key object is prepared once, bytes at every use.
    createSecretKey(Buffer.from(hkdfSync('sha256', root, Buffer.alloc(0), `reeve ${purpose}`, 32)));
  const sealing = derive('seal');
  const digesting = derive('digest');
  return {
    seal(plain, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', sealing, bytes.subarray(0, 12))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
    },
    digest: (secret) => createHmac('sha256', digesting).update(secret).digest('hex'),
  };
}

/** A new secret of 256 bits, base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** Compares two digests in constant time. */
export const sameDigest = (left: string, right: string): boolean => {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
};
