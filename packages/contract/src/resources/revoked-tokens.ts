/** Revoked tokens: access tokens that are refused although they have not expired. */
import { cursor, limit, page, route } from '../route.ts';
import { instant, object, optional, type Static, string } from '../schema.ts';

const jti = string({ minLength: 1, maxLength: 255, description: 'Claim `jti` of the token (RFC 7519 §4.1.7)' });
const aud = (description: string) => optional(string({ minLength: 1, maxLength: 255, description }));

export const revokedToken = object({
  jti: string(),
  aud: string({ description: 'The client id, or the audience, that a refused token has' }),
  expires_at: instant({ description: 'No token with this `jti` lives longer; the entry goes then' }),
});
/** An access token that is refused. */
export type RevokedToken = Static<typeof revokedToken>;

/** Lists the revoked tokens of a tenant, in the order of `jti`. */
export const list = route('GET /revoked-tokens', {
  scope: 'sessions:read',
  query: object({ aud: aud('Those of this client id or audience'), limit, cursor }),
  response: page('revoked_tokens', revokedToken),
  items: 'revoked_tokens',
  fails: ['invalid_cursor'],
});

/** Revokes an access token: it is refused from then on, in every API. Doing so again changes nothing. */
export const create = route('POST /revoked-tokens', {
  scope: 'sessions:write',
  body: object({
    jti,
    aud: aud(
      'Client id of the application that the token was issued to, or its audience; left out: the client id of the caller',
    ),
  }),
  response: revokedToken,
  emits: ['token.revoked'],
});
