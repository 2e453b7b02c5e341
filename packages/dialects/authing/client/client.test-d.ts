/** Negative type tests: nothing is `any`, what is required is required, what is listed is typed. Checked by `tsc`. */
import authing, {
  type AuthingError,
  type AuthorizedResource,
  type CommonMessage,
  ManagementClient,
  type Page,
  type RefreshToken,
  type Role,
  type TokenData,
  UdfDataType,
  UdfTargetType,
  type User,
} from './index.ts';

type IsAny<T> = 0 extends 1 & T ? true : false;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare const isTrue: <_ extends true>() => void;

type Modules = 'users' | 'groups' | 'roles' | 'udf' | 'acl';
/** Of the vendor’s answers that no document describes. */
type Undescribed = 'resignUser' | 'resignUserBatch';
type IsVague<T> = IsAny<T> extends true ? true : unknown extends T ? true : false;
/** Methods whose result, or whose first argument, is `any` or `unknown`. */
type Vague = {
  [M in Modules]: {
    [K in keyof ManagementClient[M]]: ManagementClient[M][K] extends (...args: infer Args) => infer Result
      ? true extends
          | IsVague<Awaited<Result>>
          | IsVague<Args extends readonly [infer First, ...unknown[]] ? First : never>
        ? K
        : never
      : K;
  }[keyof ManagementClient[M]];
}[Modules];
isTrue<Same<Vague, Undescribed>>();

export const use = async (error: AuthingError) => {
  const client = new ManagementClient({ userPoolId: 'p', secret: 's', host: 'https://id.example.com/authing' });
  new ManagementClient({ accessKeyId: 'p', accessKeySecret: 's', timeout: 5000, lang: 'en-US' });
  new authing.ManagementClient({ userPoolId: 'p', accessToken: 't', onError: (code, message) => [code, message] });

  const user = await client.users.create({ username: 'a', signedUp: new Date(), registerSource: ['x'], city: 'c' });
  isTrue<Same<typeof user, User>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.detail>>, User | null>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.find>>, User | null>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.list>>, Page<User>>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.batch>>, User[]>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.exists>>, boolean>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.delete>>, CommonMessage>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.listRoles>>, Page<Role>>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.refreshToken>>, RefreshToken>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.setUdfValueBatch>>, void>>();
  isTrue<Same<Awaited<ReturnType<typeof client.users.listAuthorizedResources>>, Page<AuthorizedResource>>>();
  const value = (await client.users.getUdfValue('u')).school;
  isTrue<Same<typeof value, unknown>>();
  const status = await client.checkLoginStatus('t');
  isTrue<Same<typeof status, TokenData | User | null | undefined>>();
  const known = await client.checkLoginStatus('t', { fetchUserDetail: true });
  isTrue<Same<typeof known, User | null>>();
  await client.udf.set(UdfTargetType.User, 'k', UdfDataType.String, 'K');
  await client.udf.set('USER', 'k', 'STRING', 'K');
  await client.users.search('q', { fields: ['email'] }, 2, 5);
  await client.users.search('q', ['email'], 2, 5);
  isTrue<Same<typeof error.code, number | string | undefined>>();
  const own = await client.makeRestRequest<{ a: number }>({ url: '/x' });
  isTrue<Same<typeof own, { a: number }>>();

  // @ts-expect-error: misspelt option
  new ManagementClient({ userPoolID: 'p', secret: 's' });
  // @ts-expect-error: a transport of the original
  new ManagementClient({ userPoolId: 'p', secret: 's', httpClient: Object });
  // @ts-expect-error: misspelt field
  client.users.create({ usrname: 'a' });
  // @ts-expect-error: a flag is no text
  client.users.create({ blocked: 'no' });
  // @ts-expect-error: a deleted user is not made by an update
  client.users.update('u', { isDeleted: true });
  // @ts-expect-error: the id is required
  client.users.update({ nickname: 'a' });
  // @ts-expect-error: misspelt option
  client.users.detail('u', { withCustomDate: true });
  // @ts-expect-error: may be null
  (await client.users.detail('u')).id;
  // @ts-expect-error: results are typed
  user.emial;
  // @ts-expect-error: results are read
  user.email = 'x';
  // @ts-expect-error: roles are a list
  client.users.addRoles('u', 'admin');
  // @ts-expect-error: ids are a list
  client.users.deleteMany('u');
  // @ts-expect-error: no such kind of id
  client.users.batch(['a'], { queryField: 'name' });
  // @ts-expect-error: filters are lists
  client.users.search('q', { groupOpts: { code: 'g' } });
  // @ts-expect-error: a namespace is required
  client.users.listAuthorizedResources('u');
  // @ts-expect-error: no such kind of resource
  client.users.listAuthorizedResources('u', 'n', { resourceType: 'PAGE' });
  // @ts-expect-error: no such type
  client.udf.set('USER', 'k', 'TEXT', 'K');
  // @ts-expect-error: a label is required
  client.udf.set('USER', 'k', 'STRING');
  // @ts-expect-error: written by users, not by ids
  client.users.setUdfValueBatch([{ targetId: 'u', data: {} }]);
  // @ts-expect-error: no such method
  client.users.block('u');
  // @ts-expect-error: a code doesn't change like this
  client.groups.update('g', { code: 'h' });
  // @ts-expect-error: actions are required
  client.acl.createResource({ code: 'c', namespace: 'n' });
};
