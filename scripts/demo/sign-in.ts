/** Sign-in as an application of one's own does it: the password grant of the token endpoint. */
import type { Server } from './server.ts';

export interface Grant {
  readonly status: number;
  readonly error?: string;
  readonly error_description?: string;
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
}

const grant = async ({ url, clientId, clientSecret }: Server, fields: Record<string, string>): Promise<Grant> => {
  const form = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...fields });
  const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body: form });
  return { ...((await answer.json()) as object), status: answer.status };
};

/** Signs a person in by e-mail address and password. */
export const signIn = (server: Server, email: string, password: string): Promise<Grant> =>
  grant(server, { grant_type: 'password', username: email, password, scope: 'openid profile email offline_access' });

/** Trades a refresh token for new tokens. */
export const refresh = (server: Server, refreshToken: string): Promise<Grant> =>
  grant(server, { grant_type: 'refresh_token', refresh_token: refreshToken });

/** What `/userinfo` says about the bearer of a token; the status alone where it refuses. */
export async function userinfo(
  { url }: Server,
  token: string | undefined,
): Promise<{ readonly status: number; readonly email?: string }> {
  const answer = await fetch(`${url}/userinfo`, { headers: { authorization: `Bearer ${token}` } });
  return answer.ok ? { ...((await answer.json()) as object), status: answer.status } : { status: answer.status };
}

/** The claims of a JWT, unverified. */
export const claimsOf = (token: string | undefined): { readonly uid?: string } => {
  const [, payload = ''] = (token ?? '').split('.');
  return payload ? JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) : {};
};
