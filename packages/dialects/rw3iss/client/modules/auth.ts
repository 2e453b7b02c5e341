/** Signing in and out, by password, link or another provider. */

import type { AccessTokenClaims } from '../claims.ts';
import type { Settings } from '../config.ts';
import type { Listeners, Snapshot } from '../events.ts';
import type {
  AuthResponse,
  CurrentUser,
  Registration,
  RegistrationPolicy,
  TokenPair,
  TwoFactorChallenge,
} from '../models.ts';
import type { TransportResponse } from '../ports.ts';
import type { RefreshOptions, Renewal } from '../renewal.ts';
import type { Session } from '../session.ts';
import { path, type Wire } from '../wire.ts';

export interface LoginInput {
  readonly email: string;
  readonly password: string;
  /** Signs in to this organization: the token then holds the roles of the membership beside those of the platform. */
  readonly organizationId?: string | undefined;
  /** 30 days instead of 7. */
  readonly rememberMe?: boolean | undefined;
  readonly twoFactorCode?: string | undefined;
}

export interface RegisterInput {
  readonly email: string;
  readonly password: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly organizationId?: string | undefined;
  /** Makes an organization of this name, owned by the new user. */
  readonly organizationName?: string | undefined;
  readonly inviteCode?: string | undefined;
  readonly inviteToken?: string | undefined;
  /** The client's own if not given. */
  readonly appCode?: string | undefined;
}

export interface StartSsoInput {
  readonly provider: string;
  readonly redirectUrl: string;
  readonly organizationId?: string | undefined;
  readonly inviteCode?: string | undefined;
}
export interface StartedSso {
  /** Where to send the browser. */
  readonly authUrl: string;
  readonly state: string;
  readonly codeVerifier: string;
}
export interface CompleteSsoInput {
  readonly code: string;
  readonly state: string;
  readonly provider?: string | undefined;
}

/** What the modules share. */
export interface Parts {
  readonly settings: Settings;
  readonly wire: Wire;
  readonly session: Session;
  readonly renewal: Renewal;
  readonly listeners: Listeners;
}

const PUBLIC = { skipAuth: true };
const STATE_KEY = 'sso:state';
const VERIFIER_KEY = 'sso:pkce_verifier';

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');

const isChallenge = (body: unknown): body is TwoFactorChallenge =>
  (body as TwoFactorChallenge | undefined)?.requires_2fa === true;

/** Tells the server and forgets the session, whatever the server says. */
export const leave = async (
  { settings, wire, session, renewal }: Parts,
  reason: 'user_initiated' | 'idle_timeout',
): Promise<void> => {
  renewal.schedule(null);
  // Else it would bring a pair after the old one is gone.
  await renewal.settled();
  const stored = await session.stored();
  if (stored) {
    // A token that is revoked already is the same to the server.
    const options = { skipAuth: true, isRepeatable: true };
    await wire
      .post('/auth/logout', { refresh_token: stored.refresh_token }, options)
      .catch((error: unknown) => settings.logger.warn('the server was not told of the sign-out', { error }));
  }
  await session.end(reason);
};

export const registrationPolicyOf = (
  { settings, wire }: Parts,
  code = settings.appCode,
): Promise<RegistrationPolicy> => {
  if (!code) throw new Error('appCode is required: the client has none of its own');
  return wire.get(path`/apps/${{ appCode: code }}/registration-policy`);
};

/** A body that is the user, or holds one. */
const userOf = (body: unknown): CurrentUser => {
  const { user, ...flat } = body as { user?: CurrentUser & { user_id?: string } } & Record<string, string>;
  if (user) return { ...user, id: user.id ?? user.user_id };
  const { user_id, id = user_id, email, first_name, last_name } = flat;
  return { id, email, first_name, last_name } as CurrentUser;
};

const ssoOf = ({ settings: { storage, crypto }, wire, session }: Parts) => ({
  /** Prepares a sign-in elsewhere; send the browser to `authUrl` then. */
  async startSso(input: StartSsoInput): Promise<StartedSso> {
    const codeVerifier = base64url(crypto.randomBytes(32));
    const challenge = await crypto.sha256(new TextEncoder().encode(codeVerifier));
    const body = {
      provider: input.provider,
      redirect_url: input.redirectUrl,
      code_challenge: base64url(challenge),
      code_challenge_method: 'S256',
      organization_id: input.organizationId,
      invite_code: input.inviteCode,
    };
    const { auth_url, state } = await wire.post<{ auth_url: string; state: string }>('/auth/sso/url', body, PUBLIC);
    await storage.set(VERIFIER_KEY, codeVerifier);
    await storage.set(STATE_KEY, state);
    return { authUrl: auth_url, state, codeVerifier };
  },

  /** Signs in with what the browser came back with. Rejects a `state` that `startSso` did not give out. */
  async completeSso({ code, state, provider }: CompleteSsoInput): Promise<AuthResponse> {
    const expected = await storage.get(STATE_KEY);
    if (!expected || state !== expected) throw new Error('state: not the one that startSso was answered with');
    const verifier = await storage.get(VERIFIER_KEY);
    await storage.remove(STATE_KEY);
    await storage.remove(VERIFIER_KEY);
    type Callback = AuthResponse | { readonly auth_code: string };
    let answer = await wire.post<Callback>('/auth/sso/callback', { code, state, provider }, PUBLIC);
    if ('auth_code' in answer) {
      const body = { auth_code: answer.auth_code, code_verifier: verifier };
      answer = await wire.post<AuthResponse>('/auth/sso/exchange', body, PUBLIC);
    }
    await session.begin(answer as AuthResponse);
    return answer as AuthResponse;
  },
});

const linksOf = ({ settings, wire, session }: Parts) => ({
  /** Mails a link that signs in. */
  requestMagicLink: (email: string, appCode: string | undefined = settings.appCode): Promise<void> =>
    wire.command('POST', '/auth/magic-link/request', { email, app_code: appCode }),

  /** Signs in with the token of a link. */
  async verifyMagicLink(token: string): Promise<AuthResponse> {
    const answer = await wire.post<AuthResponse>('/auth/magic-link/verify', { token });
    await session.begin(answer);
    return answer;
  },
});

const tokensOf = ({ session, renewal, listeners }: Parts) => ({
  /** A new pair, with roles and permissions as they are now. Rejects if nobody is signed in, or the server refuses. */
  refresh: (options?: RefreshOptions): Promise<TokenPair> => renewal.refresh(options),

  /** Acts in another of one's organizations: the token then holds the roles of that membership beside those of the platform. */
  async switchOrg(organizationId: string): Promise<TokenPair> {
    const tokens = await renewal.refresh({ organizationId });
    listeners.emit('org_switched', { organizationId, tokens });
    return tokens;
  },

  /** The access token, renewed if it is about to end; null if that fails, or nobody is signed in. */
  getAccessToken: (): Promise<string | null> => renewal.accessToken(),

  /** Whether there is a token that has not ended. Asks nobody. */
  isAuthenticated: (): boolean => session.isAuthenticated,

  /** What the access token says. Asks nobody. */
  getClaims: (): AccessTokenClaims | null => session.claims,

  /** Who the access token is for. Asks nobody. */
  getCurrentUser: (): Snapshot['user'] => session.snapshot.user,

  /** Whether somebody acts as the user. Asks nobody. */
  isImpersonating: (): boolean => session.claims?.imp_uid !== undefined,
});

const passwordOf = (parts: Parts) => ({
  /** Signs in. Resolves with `{ requires_2fa: true }` if a second factor is asked for. */
  async login(input: LoginInput): Promise<AuthResponse | TwoFactorChallenge> {
    const { wire, session, listeners, settings } = parts;
    const body = {
      email: input.email,
      password: input.password,
      organization_id: input.organizationId,
      remember_me: input.rememberMe,
      two_factor_code: input.twoFactorCode,
      app_code: settings.appCode,
    };
    const request = { method: 'POST', url: '/auth/login', body, ...PUBLIC };
    const response = (await wire.request(request)) as TransportResponse<AuthResponse | TwoFactorChallenge>;
    if (isChallenge(response.body)) {
      listeners.emit('requires_two_factor', { email: input.email });
      return response.body;
    }
    const answer = await wire.bodyOf<AuthResponse>(response, body);
    await session.begin(answer);
    return answer;
  },

  /** Makes an account. Signs in only if the server answers with tokens. */
  async register(input: RegisterInput): Promise<Registration> {
    const body = {
      email: input.email,
      password: input.password,
      first_name: input.firstName,
      last_name: input.lastName,
      organization_id: input.organizationId,
      organization_name: input.organizationName,
      invite_code: input.inviteCode,
      invite_token: input.inviteToken,
      app_code: input.appCode ?? parts.settings.appCode,
    };
    const answer = await parts.wire.post<Registration>('/auth/register', body, PUBLIC);
    await parts.session.begin(answer);
    return answer;
  },
});

const selfOf = (parts: Parts) => ({
  /** Signs out here. Never rejects. */
  logout: (): Promise<void> => leave(parts, 'user_initiated'),

  /** Signs out everywhere. Never rejects. */
  async logoutAll(): Promise<void> {
    const { settings, wire, session, renewal } = parts;
    renewal.schedule(null);
    await wire
      .command('POST', '/auth/logout/all')
      .catch((error: unknown) => settings.logger.warn('the server was not told of the sign-out', { error }));
    await session.end('user_initiated');
  },

  /** Who is signed in, as the server says. Renews the token on a 401. */
  async whoami(): Promise<CurrentUser> {
    return userOf(await parts.wire.bodyOf(await parts.renewal.send({ method: 'GET', url: '/auth/me' })));
  },

  /** Who may register for an app, and how. `appCode` is the client's own if not given. */
  getRegistrationPolicy: async (appCode?: string): Promise<RegistrationPolicy> => registrationPolicyOf(parts, appCode),
});

export const authOf = (parts: Parts) => ({
  ...passwordOf(parts),
  ...selfOf(parts),
  ...tokensOf(parts),
  ...ssoOf(parts),
  ...linksOf(parts),
});
export type AuthModule = ReturnType<typeof authOf>;
