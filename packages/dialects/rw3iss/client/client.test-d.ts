/** Negative type tests: nothing is `any`, what is required is required, what is listed is typed. Checked by `tsc`. */
import {
  type AccessTokenClaims,
  type App,
  type AuthClient,
  type AuthError,
  type AuthResponse,
  createAuthClient,
  MemoryTokenStore,
  type Role,
  type Session,
  type Snapshot,
  type TokenPair,
  type TransportResponse,
  type TwoFactorChallenge,
  type User,
  type UserPage,
  type ValidationError,
} from './index.ts';

type IsAny<T> = 0 extends 1 & T ? true : false;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare const isTrue: <_ extends true>() => void;

type Modules = 'auth' | 'account' | 'sessions' | 'users' | 'organizations' | 'apps' | 'services' | 'pools' | 'audit';
/** Methods whose result, or whose first argument, is `any` or `unknown`. */
type IsVague<T> = IsAny<T> extends true ? true : unknown extends T ? true : false;
type Vague = {
  [M in Modules]: {
    [K in keyof AuthClient[M]]: AuthClient[M][K] extends (...args: infer Args) => infer Result
      ? true extends
          | IsVague<Awaited<Result>>
          | IsVague<Args extends readonly [infer First, ...unknown[]] ? First : never>
        ? [M, K]
        : never
      : [M, K];
  }[keyof AuthClient[M]];
}[Modules];
isTrue<Same<Vague, never>>();

export const use = async (error: AuthError, refused: ValidationError) => {
  const client = createAuthClient({
    apiBaseUrl: 'https://id.example.com',
    ports: { tokenStore: new MemoryTokenStore() },
  });
  const answer = await client.auth.login({ email: 'a@b.c', password: 'p' });
  isTrue<Same<typeof answer, AuthResponse | TwoFactorChallenge>>();
  // @ts-expect-error: a second factor may be asked for instead
  answer.user.id;
  if (!answer.requires_2fa) isTrue<Same<typeof answer.tokens, TokenPair>>();
  const page = await client.users.list({ search: 'a', page: 1, pageSize: 5, appId: undefined });
  isTrue<Same<typeof page, UserPage>>();
  const found = await client.users.lookup({ emails: ['a@b.c'] });
  isTrue<Same<typeof found, User[]>>();
  const roles = await client.users.listRoles('u');
  isTrue<Same<typeof roles, Role[]>>();
  const sessions = await client.users.listSessions('u');
  isTrue<Same<typeof sessions, Session[]>>();
  const apps = await client.apps.listForUser('u');
  isTrue<Same<typeof apps, App[]>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.setRoles>>, void>>();
  isTrue<Same<ReturnType<typeof client.auth.getClaims>, AccessTokenClaims | null>>();
  isTrue<Same<ReturnType<typeof client.getSnapshot>, Snapshot>>();
  const own = await client.authenticatedRequest<{ a: number }>({ method: 'GET', url: '/own' });
  isTrue<Same<typeof own, TransportResponse<{ a: number }>>>();
  const vague = await client.authenticatedRequest({ method: 'GET', url: '/own' });
  isTrue<Same<typeof vague.body, unknown>>();
  client.on('logged_out', ({ reason }) => isTrue<Same<typeof reason, Extract<typeof reason, string>>>());
  isTrue<Same<typeof error.status, number | undefined>>();
  isTrue<Same<typeof refused.serverCode, string | undefined>>();

  // @ts-expect-error: apiBaseUrl is required
  createAuthClient({ appCode: 'a' });
  // @ts-expect-error: misspelt option
  createAuthClient({ apiBaseUrl: 'x', apCode: 'a' });
  // @ts-expect-error: no such way to begin
  createAuthClient({ apiBaseUrl: 'x', bootstrap: 'never' });
  // @ts-expect-error: no such port
  createAuthClient({ apiBaseUrl: 'x', ports: { tokens: new MemoryTokenStore() } });
  // @ts-expect-error: a store has to have all three
  createAuthClient({ apiBaseUrl: 'x', ports: { tokenStore: { get: async () => null } } });
  // @ts-expect-error: the password is required
  client.auth.login({ email: 'a@b.c' });
  // @ts-expect-error: misspelt filter
  client.users.list({ serach: 'a' });
  // @ts-expect-error: wire names are not argument names
  client.users.list({ page_size: 5 });
  // @ts-expect-error: a reason is required
  client.users.impersonate({ targetUserId: 'u' });
  // @ts-expect-error: roles are a list
  client.users.setRoles('u', 'base_user');
  // @ts-expect-error: results are typed
  page.users[0]?.emial;
  // @ts-expect-error: no such method
  client.users.block('u');
  // @ts-expect-error: no such event
  client.on('login', () => {});
  // @ts-expect-error: events are typed
  client.on('logged_out', ({ user }) => user);
  // @ts-expect-error: the id of a member is required
  client.organizations.removeMember('o');
  // @ts-expect-error: an app's code cannot change
  client.apps.update('a', { code: 'b' });
  // @ts-expect-error: no such status
  client.organizations.updateMemberStatus('o', 'u', 'gone');
};
