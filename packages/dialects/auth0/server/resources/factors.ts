/** What a user has beside the password: authentication methods, enrollments, authenticators, recovery code, browsers. */
import {
  type AuthenticationMethod,
  type AuthenticationMethodDraft,
  array,
  authenticationMethods as contract,
  nullable,
  object,
  optional,
  type Static,
  string,
} from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  listEnrollments,
  noBody,
  operations,
  Problem,
  present,
  removeFactors,
  resultOf,
  row,
} from '@reeve/core';
import { keyset } from '../keyset.ts';
import { each, type OffsetQuery, offsetQuery, pageOf } from '../paging.ts';
import { idOf, inexistentUser, ownIdOf } from '../user.ts';

const problems = { not_found: inexistentUser } as const;
const methodProblems = { not_found: { status: 404, message: 'The authentication method does not exist.' } } as const;

const draftFields = contract.create.body?.properties as Record<string, never>;
const { type, name, totp_secret, phone_number, email, key_id, public_key, relying_party_identifier } = draftFields;
const preferred = draftFields.preferred_authentication_method as never;
const draft = object({
  type: type as never,
  name: optional(name as never),
  totp_secret: optional(totp_secret as never),
  phone_number: optional(phone_number as never),
  email: optional(email as never),
  key_id: optional(key_id as never),
  public_key: optional(public_key as never),
  relying_party_identifier: optional(relying_party_identifier as never),
  preferred_authentication_method: optional(preferred),
}) as unknown as Parameters<typeof array<AuthenticationMethodDraft>>[0];
const updateBody = object({
  name: optional(nullable(string({ minLength: 1, maxLength: 300 }))),
  preferred_authentication_method: optional(nullable(string({ enum: ['sms', 'voice'] } as object))),
});

/** Auth0 names a method by its type and its device. */
const wireId = ({ type: kind, id }: Pick<AuthenticationMethod, 'type' | 'id'>) => `${kind}|dev_${id.slice(4)}`;
const nativeId = (id: string): string => {
  const device = id.split('|').at(-1) as string;
  return device.startsWith('dev_') ? `fac_${device.slice(4)}` : device;
};

const methodView = (method: AuthenticationMethod) => ({
  id: wireId(method),
  type: method.type,
  confirmed: method.confirmed,
  ...present({
    name: method.name,
    phone_number: method.phone_number,
    email: method.email,
    preferred_authentication_method: method.preferred_authentication_method,
    key_id: method.key_id,
    public_key: method.public_key,
    relying_party_identifier: method.relying_party_identifier,
    enrolled_at: method.confirmed_at,
    last_auth_at: method.last_used_at,
  }),
  created_at: method.created_at,
});

/** What an administrator adds counts as proved. */
const asGiven = (given: AuthenticationMethodDraft): AuthenticationMethodDraft => ({ ...given, confirmed: true });

const userOf = async ({ work, params }: Pick<DialectCall, 'work' | 'params'>) => ({
  user_id: await idOf(work, params.id as string),
});
const methodOf = async ({ work, params }: Pick<DialectCall, 'work' | 'params'>) => ({
  ...(await userOf({ work, params })),
  method_id: nativeId(params.authentication_method_id as string),
});

async function list(call: DialectCall<OffsetQuery>) {
  const user = await userOf(call);
  const methods = keyset(
    (query) => operations.authenticationMethods.list(call.work, { ...user, query, body: undefined }),
    'authentication_methods',
  );
  return pageOf('authenticators', call.query, methods, each(methodView));
}

async function create(call: DialectCall<undefined, AuthenticationMethodDraft>) {
  const input = { ...(await userOf(call)), query: undefined, body: asGiven(call.body) };
  const {
    totp_secret: secret,
    totp_uri: _uri,
    ...made
  } = resultOf(await operations.authenticationMethods.create(call.work, input));
  return { ...methodView(made), ...present({ totp_secret: secret }) };
}

async function replaceAll(call: DialectCall<undefined, AuthenticationMethodDraft[]>) {
  const body = { authentication_methods: call.body.map(asGiven) };
  const input = { ...(await userOf(call)), query: undefined, body };
  const { authentication_methods: made } = resultOf(
    await operations.authenticationMethods.replaceAll(call.work, input),
  );
  return made.map(methodView);
}

async function update(call: DialectCall<undefined, Static<typeof updateBody>>) {
  const input = { ...(await methodOf(call)), query: undefined, body: call.body as never };
  return methodView(resultOf(await operations.authenticationMethods.update(call.work, input)));
}

async function enrollments(call: DialectCall) {
  const user_id = call.holds('read:users') ? await idOf(call.work, call.params.id as string) : await ownIdOf(call);
  const found = await listEnrollments(call.work, { user_id });
  return found.map(({ id, status, type: kind, ...rest }) => ({
    id: `dev_${id.slice(4)}`,
    status,
    type: kind,
    auth_method: AUTH_METHODS[kind] ?? kind,
    ...present(rest),
  }));
}

const AUTH_METHODS: Readonly<Record<string, string>> = { totp: 'authenticator', phone: 'sms', push: 'guardian' };

const PROVIDERS = ['duo', 'google-authenticator'] as const;

async function removeProvider(call: DialectCall) {
  const { provider } = call.params;
  const known = PROVIDERS.find((name) => name === provider);
  if (!known)
    throw new Problem('invalid_request', `provider must be one of ${PROVIDERS.join(', ')}.`, {
      errors: [{ field: 'provider', code: 'enum', message: `must be one of ${PROVIDERS.join(', ')}` }],
    });
  await removeFactors(call.work, { ...(await userOf(call)), provider: known });
}

const removeAll = async (call: DialectCall) => {
  await operations.authenticationMethods.deleteAll(call.work, { ...(await userOf(call)), ...noBody });
};

const METHODS = '/users/{id}/authentication-methods';
const METHOD = `${METHODS}/{authentication_method_id}` as const;

export const factors: readonly DialectRow[] = [
  row(`GET ${METHODS}`, { scopes: ['read:authentication_methods'], query: object(offsetQuery), problems, run: list }),
  row(`POST ${METHODS}`, {
    scopes: ['create:authentication_methods'],
    body: draft,
    status: 201,
    problems,
    run: create,
  }),
  row(`PUT ${METHODS}`, {
    scopes: ['update:authentication_methods'],
    body: array(draft, { maxItems: 20 }),
    problems,
    run: replaceAll,
  }),
  row(`DELETE ${METHODS}`, { scopes: ['delete:authentication_methods'], status: 204, problems, run: removeAll }),
  row(`GET ${METHOD}`, {
    scopes: ['read:authentication_methods'],
    problems: methodProblems,
    run: async (call) =>
      methodView(
        resultOf(await operations.authenticationMethods.get(call.work, { ...(await methodOf(call)), ...noBody })),
      ),
  }),
  row(`PATCH ${METHOD}`, {
    scopes: ['update:authentication_methods'],
    body: updateBody,
    problems: methodProblems,
    run: update,
  }),
  row(`DELETE ${METHOD}`, {
    scopes: ['delete:authentication_methods'],
    status: 204,
    problems: methodProblems,
    run: async (call) => {
      await operations.authenticationMethods.delete(call.work, { ...(await methodOf(call)), ...noBody });
    },
  }),
  row('GET /users/{id}/enrollments', { scopes: ['read:users', 'read:current_user'], problems, run: enrollments }),
  row('DELETE /users/{id}/authenticators', {
    scopes: ['delete:guardian_enrollments'],
    status: 204,
    problems,
    run: removeAll,
  }),
  row('DELETE /users/{id}/multifactor/{provider}', {
    scopes: ['update:users'],
    status: 204,
    problems,
    run: removeProvider,
  }),
  row('POST /users/{id}/recovery-code-regeneration', {
    scopes: ['update:users'],
    problems,
    run: async (call) => {
      const input = { ...(await userOf(call)), ...noBody };
      const { recovery_code } = resultOf(
        await operations.authenticationMethods.regenerateRecoveryCode(call.work, input),
      );
      return { recovery_code };
    },
  }),
  row('POST /users/{id}/multifactor/actions/invalidate-remember-browser', {
    scopes: ['update:users'],
    status: 204,
    problems,
    run: async (call) => {
      await operations.users.forgetBrowsers(call.work, { ...(await userOf(call)), ...noBody });
    },
  }),
];
