/** Negative type tests: what the contract requires is required, what it lists is typed. Checked by `tsc`. */
import { type IntelliAuthApiError, IntelliAuthManagement, type User } from './index.ts';

type IsAny<T> = 0 extends 1 & T ? true : false;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare const isTrue: <_ extends true>() => void;
declare const isFalse: <_ extends false>() => void;

const tenantUrl = 'https://id.example.com';
const audience = `${tenantUrl}/api`;

export const use = async (error: IntelliAuthApiError) => {
  const client = new IntelliAuthManagement({
    tenantUrl,
    clientId: 'a',
    clientSecret: 'b',
    audience,
    scope: 'users:read',
  });
  const user = await client.users.create({ email: 'a@b.c' });
  isFalse<IsAny<typeof user>>();
  isTrue<Same<typeof user, User>>();
  isTrue<Same<typeof error.status, number>>();
  isTrue<Same<Awaited<ReturnType<typeof client.refreshToken>>, void>>();
  // @ts-expect-error: misspelt field
  client.users.create({ emial: 'a@b.c' });
  // @ts-expect-error: no such method
  client.users.block('usr_1');
  // @ts-expect-error: the audience is required
  new IntelliAuthManagement({ tenantUrl, clientId: 'a', clientSecret: 'b' });
  // @ts-expect-error: the secret is required
  new IntelliAuthManagement({ tenantUrl, clientId: 'a', audience });
  // @ts-expect-error: a token is no option here
  new IntelliAuthManagement({ tenantUrl, clientId: 'a', clientSecret: 'b', audience, token: 't' });
};
