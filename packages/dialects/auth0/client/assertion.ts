/** A client's assertion of who it is (RFC 7523), in place of its secret. */
import { constants, randomUUID, sign } from 'node:crypto';
import { ArgumentError } from './errors.ts';

/** Where and as whom, and the key in PEM. */
export interface AssertionOptions {
  readonly domain?: string | undefined;
  readonly clientAssertionSigningKey?: string | undefined;
  /** Default `RS256`; also RS, PS and ES with 256, 384 or 512. */
  readonly clientAssertionSigningAlg?: string | undefined;
}

const LIFETIME = 180;
const partOf = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const signature = (input: string, key: string, alg: string): string => {
  const [, family, bits] = /^(RS|PS|ES)(256|384|512)$/.exec(alg) ?? [];
  if (!family) throw new ArgumentError('clientAssertionSigningAlg must be one of RS, PS, ES with 256, 384 or 512');
  const padding =
    family === 'PS' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
  const dsaEncoding = 'ieee-p1363' as const;
  return sign(`sha${bits}`, Buffer.from(input), { key, dsaEncoding, ...padding }).toString('base64url');
};

/** The fields that authenticate a client with its key. */
export const assertionOf = (clientId: string, key: string, options: AssertionOptions): Record<string, string> => {
  const alg = options.clientAssertionSigningAlg ?? 'RS256';
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: `https://${options.domain}/`,
    iat,
    exp: iat + LIFETIME,
    jti: randomUUID(),
  };
  const input = `${partOf({ alg, typ: 'JWT' })}.${partOf(claims)}`;
  return {
    client_assertion: `${input}.${signature(input, key, alg)}`,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  };
};
