/** Negative type tests: nothing is `any`, what is required is required, what is listed is typed. Checked by `tsc`. */
import type { Alias } from './aliases.ts';
import {
  AuthenticationClient,
  type Callback,
  type Job,
  ManagementClient,
  type Page,
  type SanitizedError,
  type User,
  type WithHeaders,
} from './index.ts';
import { managers } from './managers.ts';
import type { ManagerName, tables } from './rows.ts';
import type { Methods } from './types/methods.ts';

type IsAny<T> = 0 extends 1 & T ? true : false;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare const isTrue: <_ extends true>() => void;
declare const isFalse: <_ extends false>() => void;

type Tables = typeof tables;
/** The table of types and the table of rows name the same methods, in both directions. */
type Unmatched = {
  [N in ManagerName]:
    | Exclude<keyof Methods[N], keyof Tables[N]['methods']>
    | Exclude<keyof Tables[N]['methods'], keyof Methods[N]>;
}[ManagerName];
isTrue<Same<keyof Methods, ManagerName>>();
isTrue<Same<Unmatched, never>>();

/** No method is `any` or `never`, by whatever name. */
type IsBad<T> = IsAny<T> extends true ? true : [T] extends [never] ? true : false;
type BadAlias = { [A in Alias]: IsBad<ManagementClient[A]> extends true ? A : never }[Alias];
type BadMethod = {
  [N in ManagerName]: {
    [M in keyof ManagementClient[N]]: IsBad<ManagementClient[N][M]> extends true ? [N, M] : never;
  }[keyof ManagementClient[N]];
}[ManagerName];
isTrue<Same<BadAlias, never>>();
isTrue<Same<BadMethod, never>>();

const domain = 'tenant.example.com';

export const use = async (error: SanitizedError) => {
  const client = new ManagementClient({ domain, clientId: 'a', clientSecret: 'b' });
  const user = await client.getUser({ id: 'a' });
  isTrue<Same<typeof user, User>>();
  const done = client.getUser({ id: 'a' }, (failed, found) => {
    isTrue<Same<typeof failed, Error | null>>();
    isTrue<Same<typeof found, User>>();
  });
  isTrue<Same<typeof done, void>>();
  const list = await client.getUsers({ q: 'email:a*', search_engine: 'v3', per_page: 10 });
  isTrue<Same<typeof list, User[]>>();
  const page = await client.users.getAll({ include_totals: true });
  isTrue<Same<typeof page, Page<User, 'users'>>>();
  isTrue<Same<typeof page.total, number>>();
  const { next } = await client.clients.getAll({ take: 5 });
  isTrue<Same<typeof next, string | undefined>>();
  const count = await client.getActiveUsersCount();
  isTrue<Same<typeof count, number>>();
  const job = await client.importUsersJob({ connection_id: 'c', users_json: [] });
  isTrue<Same<typeof job, Job>>();
  const created = await client.createRules({ name: 'r', script: 's' });
  isFalse<IsAny<typeof created>>();
  const { environment } = client.getClientInfo();
  isTrue<Same<(typeof environment)[number]['version'], string>>();
  isTrue<Same<typeof error.statusCode, number | string | undefined>>();
  client.deleteAllUsers((failed) => failed?.message);

  const headed = new ManagementClient({ domain, token: 't', includeResponseHeaders: true });
  const answered = await headed.getUser({ id: 'a' });
  isTrue<Same<typeof answered, WithHeaders<User>>>();
  const unwrapped = await headed.importUsersJob({ connection_id: 'c', users_json: [] });
  isTrue<Same<typeof unwrapped, Job>>();

  const alone = new managers.users({ baseUrl: 'https://a/api/v2' });
  const found = await alone.get({ id: 'a' });
  isTrue<Same<typeof found, User>>();
  const auth = new AuthenticationClient({ domain, clientId: 'a', clientSecret: 'b' });
  const { access_token } = await auth.clientCredentialsGrant({ audience: 'a' });
  isTrue<Same<typeof access_token, string>>();
  const nothing = auth.clientCredentialsGrant({ audience: 'a' }, (failed, found) => {
    isTrue<Same<typeof failed, Error | null>>();
    isTrue<Same<typeof found.access_token, string>>();
  });
  isTrue<Same<typeof nothing, undefined>>();
  auth.oauth.passwordGrant({ username: 'u', password: 'p' }, (failed, found) => failed ?? found.expires_in.toFixed());
  const link = await auth.users.impersonate('u', { impersonator_id: 'i', protocol: 'oauth2', token: 't' });
  isTrue<Same<typeof link, string>>();
  const called: Callback<User> = (failed, found) => failed ?? found.email;
  isTrue<Same<ReturnType<typeof called>, void>>();

  // @ts-expect-error: an id is required
  client.getUser({});
  // @ts-expect-error: an id is not a string by itself
  client.getUser('auth0|1');
  // @ts-expect-error: no method without arguments
  client.getUser();
  // @ts-expect-error: misspelt
  client.getUsers({ pre_page: 1 });
  // @ts-expect-error: misspelt
  user.emial;
  // @ts-expect-error: the connection is required
  client.createUser({ email: 'a@b.c' });
  // @ts-expect-error: a password is no number
  client.updateUser({ id: 'a' }, { password: 5 });
  // @ts-expect-error: data are required
  client.updateUser({ id: 'a' });
  // @ts-expect-error: by callback only
  client.deleteAllUsers();
  // @ts-expect-error: the provider is required
  client.users.unlink({ id: 'a', user_id: 'b' });
  // @ts-expect-error: no such method
  client.users.block({ id: 'a' });
  // @ts-expect-error: role ids are strings
  client.users.assignRoles({ id: 'a' }, { roles: [1] });
  // @ts-expect-error: a list is not a page
  list.total;
  // @ts-expect-error: neither token nor credentials
  new ManagementClient({ domain });
  // @ts-expect-error: the domain is required
  new ManagementClient({ token: 't' });
  // @ts-expect-error: enableCache is required beside the other
  new ManagementClient({ domain, clientId: 'a', clientSecret: 'b', tokenProvider: { cacheTTLInSeconds: 5 } });
  // @ts-expect-error: a base URL is required
  new managers.users({});
  // @ts-expect-error: settings are required
  auth.users.impersonate('u');
};
