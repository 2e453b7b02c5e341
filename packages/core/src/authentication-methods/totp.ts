/** Time-based one-time passwords (RFC 6238) as every authenticator app makes them: SHA-1, six digits, 30 seconds. */
import { Secret, TOTP } from 'otpauth';
import type { Instant } from '../clock.ts';
import { sameDigest } from '../secret.ts';

const PERIOD_MILLISECONDS = 30_000;
/** RFC 4226 §4 recommends 160 bits. */
const SECRET_BYTES = 20;
/** Steps that a clock may be early or late (RFC 6238 §5.2 recommends one). */
const WINDOW = [-1, 0, 1] as const;

const parameters = { algorithm: 'SHA1', digits: 6, period: PERIOD_MILLISECONDS / 1000 } as const;

/** A new secret: 160 random bits in base32, 32 characters. */
export const newTotpSecret = (): string => new Secret({ size: SECRET_BYTES }).base32;

/** The code that an authenticator app shows at `now`. `secret`: base32. */
export const totpCodeAt = (secret: string, now: Instant): string =>
  new TOTP({ ...parameters, secret: Secret.fromBase32(secret) }).generate({ timestamp: now });

/** The Key URI that a QR code holds. `account` is shown under the issuer's name. */
export const totpUri = (secret: string, issuer: string, account: string): string =>
  new TOTP({ ...parameters, issuer, label: account, secret: Secret.fromBase32(secret) }).toString();

/**
 * The time step at which `code` is right, or undefined. Steps up to `lastStep` are over: no code is right twice. Every
 * step is compared, and in constant time, so that nothing tells how near a guess was.
 */
export function findTotpStep(secret: string, code: string, now: Instant, lastStep: number | null): number | undefined {
  const present = Math.floor(now / PERIOD_MILLISECONDS);
  let found: number | undefined;
  for (const offset of WINDOW) {
    const step = present + offset;
    const isRight = sameDigest(totpCodeAt(secret, step * PERIOD_MILLISECONDS), code);
    if (isRight && step > (lastStep ?? -1)) found = step;
  }
  return found;
}
