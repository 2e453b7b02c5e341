/** What an access token says. Nothing is verified here: the server does that, and the client has no key. */
import { InvalidTokenError } from './errors.ts';

export interface AccessTokenClaims {
  /** Id of the user; the same as `sub`. */
  readonly uid: string;
  readonly email: string;
  /** Seconds since 1970. */
  readonly exp: number;
  readonly sub?: string;
  readonly iss?: string;
  readonly aud?: string | readonly string[];
  readonly iat?: number;
  readonly nbf?: number;
  readonly jti?: string;
  readonly first_name?: string;
  readonly last_name?: string;
  readonly display_name?: string;
  readonly org_id?: string;
  readonly org_slug?: string;
  readonly org_name?: string;
  /** Codes. */
  readonly roles?: readonly string[];
  /** Codes. */
  readonly permissions?: readonly string[] | null;
  readonly token_type?: string;
  readonly session_id?: string;
  readonly remember_me?: boolean;
  readonly auth_provider?: string;
  /** Token version of the user. */
  readonly tv?: number;
  readonly app_id?: string;
  readonly app_code?: string;
  /** Home pool, if it is not the default one. */
  readonly namespace?: string;
  /** Who acts as the user; present only then. */
  readonly imp_uid?: string;
  readonly imp_email?: string;
}

const objectIn = (segment: string): Record<string, unknown> => {
  const bytes = Uint8Array.from(atob(segment.replaceAll('-', '+').replaceAll('_', '/')), (byte) => byte.charCodeAt(0));
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no object');
  return value as Record<string, unknown>;
};

/**
 * Reads the claims of an access token without verifying it.
 *
 * @throws InvalidTokenError if it is no JWT, or one without a signature (`alg: none`)
 */
export const decodeAccessToken = (token: string): AccessTokenClaims => {
  const segments = String(token).split('.');
  if (segments.length !== 3) throw new InvalidTokenError('a token has three segments');
  try {
    const { alg } = objectIn(segments[0] as string);
    if (typeof alg === 'string' && alg.toLowerCase() !== 'none') {
      return objectIn(segments[1] as string) as unknown as AccessTokenClaims;
    }
  } catch {
    // Not the cause: it would quote the token.
    throw new InvalidTokenError('the token cannot be decoded');
  }
  throw new InvalidTokenError('the token is not signed');
};

/** The claims; null where they cannot be read. */
export const claimsOf = (token: string): AccessTokenClaims | null => {
  try {
    return decodeAccessToken(token);
  } catch {
    return null;
  }
};
