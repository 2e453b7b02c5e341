/** `/users` and `/users-by-email`: the rows of a person (contract §10). */
import { boolean, object, optional, type Static, string, type UserUpdate, userFields } from '@reeve/contract';
import {
  createUser,
  type DialectCall,
  type DialectRow,
  fieldProblem,
  findShownByEmail,
  noBody,
  operations,
  Problem,
  parseUser,
  patchUser,
  Rendered,
  renderedOf,
  resultOf,
  row,
  type ShownUser,
  searchShown,
  sendVerificationFor,
  together,
  type User,
  type Work,
} from '@reeve/core';
import { ifThere } from '../absence.ts';
import { inexistentConnection, requireRow } from '../connection.ts';
import { linkOptionsOf } from '../link.ts';
import { mergeMetadata } from '../metadata.ts';
import { type FieldsQuery, fieldsQuery, offsetQuery, offsetText, PER_PAGE, pickText } from '../paging.ts';
import { QueryProblem } from '../problems.ts';
import { clearable, text } from '../schema.ts';
import { filterOf } from '../search/filter.ts';
import { sortOf } from '../search/sort.ts';
import { isStrict } from '../strict.ts';
import {
  checkIsOwn,
  defaultsOf,
  idOf,
  inexistentUser,
  ownIdOf,
  shownBy,
  textOf,
  textsOf,
  withoutCustomFields,
} from '../user.ts';

const { email, username, phone_number, picture, name, given_name, family_name, nickname, password } = userFields;
const bags = { user_metadata: optional(userFields.user_metadata), app_metadata: optional(userFields.app_metadata) };

const createBody = object({
  connection: text(128),
  email: optional(email),
  password: optional(password),
  username: optional(username),
  phone_number: optional(phone_number),
  phone_verified: optional(boolean()),
  email_verified: optional(boolean()),
  verify_email: optional(boolean()),
  user_id: optional(string({ minLength: 1, maxLength: 255, pattern: '^[^|\\s]+$' })),
  blocked: optional(boolean()),
  name: optional(name),
  given_name: optional(given_name),
  family_name: optional(family_name),
  nickname: optional(nickname),
  picture: optional(picture),
  ...bags,
});

const updateBody = object({
  blocked: optional(boolean()),
  email: clearable(email),
  email_verified: optional(boolean()),
  verify_email: optional(boolean()),
  phone_number: clearable(phone_number),
  phone_verified: optional(boolean()),
  verify_phone_number: optional(boolean()),
  password: clearable(password),
  username: clearable(username),
  name: clearable(name),
  given_name: clearable(given_name),
  family_name: clearable(family_name),
  nickname: clearable(nickname),
  picture: clearable(picture),
  ...bags,
  connection: optional(text(128)),
  client_id: optional(text(128)),
});
type UpdateBody = Static<typeof updateBody>;

const lowered = (address: string | undefined) => address?.toLowerCase();

async function create({ work, body }: DialectCall<undefined, Static<typeof createBody>>) {
  const { connection: named, user_id: subject, verify_email: verifies, blocked, ...fields } = body;
  const connection = await requireRow(work, named);
  const address = lowered(fields.email);
  const native = {
    ...defaultsOf(address),
    ...fields,
    ...(address === undefined ? {} : { email: address }),
    connection: connection.id,
  };
  const options = { subject, sendsVerification: verifies ?? fields.email_verified === undefined };
  return together(
    work,
    async (inner) => {
      const user = await createUser(inner, native, options);
      const { json: doc } = blocked ? await turn(inner, resultOf(user).id, true) : user;
      return new Rendered(await textOf(inner, { doc, connection: connection.name, factors: null }));
    },
    body.password === undefined ? [] : [body.password],
  );
}

async function turn(work: Work, id: string, isBlocked: boolean): Promise<Rendered<User>> {
  const input = { user_id: id, query: undefined, body: undefined };
  return renderedOf(await operations.users[isBlocked ? 'disable' : 'enable'](work, input));
}

/** Asking for what nobody here does is refused; what is not asked for is none. */
function checkPhone({ verify_phone_number: isAsked }: UpdateBody): void {
  if (isAsked === true)
    throw fieldProblem('verify_phone_number', 'unsupported', 'must be false: no message is sent to phones here');
}

/** Auth0 takes a password by itself only (contract, errors: operation_not_supported). */
function checkAlone({ password: secret, ...others }: UpdateBody): void {
  if (secret === undefined || secret === null) return;
  for (const field of ['email', 'email_verified', 'username'] as const)
    if (others[field] !== undefined)
      throw new Problem('invalid_request', `Cannot update password and ${field} simultaneously`);
}

/** A PATCH in native fields. */
function patchOf(body: UpdateBody, user: User): UserUpdate {
  const { blocked: _b, verify_email: _v, verify_phone_number: _p, connection: _c, client_id: _i, ...fields } = body;
  const { password: secret, email: address, ...rest } = fields;
  const isMoved = typeof address === 'string' && address.toLowerCase() !== user.email?.toLowerCase();
  return {
    ...rest,
    ...(rest.app_metadata ? { app_metadata: withoutCustomFields(user, rest.app_metadata) } : {}),
    ...(address === undefined ? {} : { email: address === null ? null : address.toLowerCase() }),
    // Without a word about it a new address is unverified, and nothing is mailed.
    ...(isMoved && body.email_verified === undefined ? { email_verified: false } : {}),
    ...(secret === undefined || secret === null ? {} : { password: secret }),
  } as UserUpdate;
}

/** What a token may change: app_metadata has a scope of its own, and one's own token changes one's own user_metadata. */
function checkMayChange({ holds, body }: DialectCall<undefined, UpdateBody>): void {
  if (holds('update:users')) return;
  const allowed = new Set([
    ...(holds('update:users_app_metadata') ? ['app_metadata'] : []),
    ...(holds('update:current_user_metadata') ? ['user_metadata'] : []),
  ]);
  if (Object.keys(body).some((field) => !allowed.has(field)))
    throw new Problem('insufficient_scope', 'Insufficient scope, expected any of: update:users');
}

async function update(call: DialectCall<undefined, UpdateBody>) {
  const { work, params, body } = call;
  checkMayChange(call);
  checkAlone(body);
  checkPhone(body);
  const isPrivileged = call.holds('update:users') || call.holds('update:users_app_metadata');
  const named = params.id as string;
  const secrets = typeof body.password === 'string' ? [body.password] : [];
  // Nothing is hashed for nobody.
  if (secrets.length > 0) await idOf(work, named);
  return together(
    work,
    async (inner) => {
      const shown = await shownBy(inner, named);
      const before = parseUser(shown.doc);
      const { id } = before;
      if (!isPrivileged) checkIsOwn(work, id);
      const link = await linkOptionsOf(inner, body.client_id === undefined ? {} : { client_id: body.client_id });
      if (body.connection !== undefined) checkHome(shown, body.connection);
      let after = await patchUser(inner, { user_id: id, query: undefined, body: patchOf(body, before) }, mergeMetadata);
      if (body.blocked !== undefined && body.blocked !== (resultOf(after).state === 'disabled'))
        after = await turn(inner, id, body.blocked);
      if (body.verify_email === true && !resultOf(after).email_verified) await sendVerificationFor(inner, id, link);
      return new Rendered(await textOf(inner, { ...shown, doc: after.json }));
    },
    secrets,
  );
}

function checkHome({ connection }: ShownUser, named: string): void {
  if (connection !== named)
    throw new Problem('invalid_request', `The user's primary identity is not in the connection ${named}.`);
}

async function get({ work, params, query, holds }: DialectCall<FieldsQuery>) {
  const shown = await shownBy(work, params.id as string);
  if (!holds('read:users') && !holds('read:user_idp_tokens')) checkIsOwn(work, parseUser(shown.doc).id);
  return new Rendered(pickText(await textOf(work, shown), query));
}

/** Idempotent: nobody there is no error (contract row users.delete). */
async function remove(call: DialectCall) {
  const { work, params } = call;
  const id = call.holds('delete:users') ? await ifThere(idOf(work, params.id as string)) : await ownIdOf(call);
  if (id !== undefined) await ifThere(operations.users.delete(work, { user_id: id, ...noBody }));
}

async function byEmail({ work, query }: DialectCall<FieldsQuery & { email: string }>) {
  const found = await work.read((db) => findShownByEmail(db, work.tenant.id, query.email));
  return new Rendered(`[${(await textsOf(work, found)).map((user) => pickText(user, query)).join(',')}]`);
}

const listQuery = object({
  ...offsetQuery,
  ...fieldsQuery,
  sort: optional(string({ maxLength: 256 })),
  connection: optional(text(128)),
  q: optional(string({ maxLength: 8192 })),
  search_engine: optional(string({ enum: ['v1', 'v2', 'v3'] } as object)),
  primary_order: optional(boolean()),
});

/** What is wrong with a search is wrong with the query string. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Problem) throw new QueryProblem(error.message);
    throw error;
  }
}

/** The record behind which Auth0 itself refuses to page. */
const STRICT_CAP = 1000;

async function list({ work, query }: DialectCall<Static<typeof listQuery>>) {
  const { page = 0, per_page: limit = PER_PAGE, q, sort, connection, include_totals: includeTotal = false } = query;
  const asked = [
    ...(q === undefined || q.trim() === '' ? [] : [understood(() => filterOf(q))]),
    ...(connection === undefined
      ? []
      : [understood(() => filterOf(`identities.connection:${JSON.stringify(connection)}`))]),
  ];
  const { users: found, total } = await searchShown(work, {
    filter: asked.length > 1 ? { kind: 'and', of: asked } : asked[0],
    sort: sort === undefined || sort === '' ? undefined : understood(() => sortOf(sort)),
    offset: page * limit,
    limit,
    includeTotal,
    cap: isStrict(work) ? STRICT_CAP : undefined,
  });
  const items = (await textsOf(work, found)).map((user) => pickText(user, query));
  return new Rendered(offsetText('users', query, { items, total }, true));
}

const noSuchUser = { not_found: inexistentUser } as const;
const badCombination = { invalid_request: { status: 400, code: 'operation_not_supported' } } as const;
const emailTaken = { status: 400, code: 'auth0_idp_error', message: 'The specified new email already exists' } as const;

export const users: readonly DialectRow[] = [
  row('GET /users', {
    scopes: ['read:users', 'read:user_idp_tokens'],
    query: listQuery,
    problems: { invalid_request: { status: 400, code: 'invalid_paging' } },
    run: list,
  }),
  row('DELETE /users', {
    scopes: ['delete:users'],
    status: 204,
    problems: { delete_all_disabled: { status: 403, code: 'operation_not_supported' } },
    run: async ({ work }) => {
      await operations.users.deleteAll(work, { query: undefined, body: undefined });
    },
  }),
  row('POST /users', {
    scopes: ['create:users'],
    body: createBody,
    status: 201,
    problems: { not_found: { status: 400, ...inexistentConnection } },
    run: create,
  }),
  row('GET /users-by-email', {
    scopes: ['read:users'],
    query: object({ ...fieldsQuery, email: string({ minLength: 1, maxLength: 254 }) }),
    run: byEmail,
  }),
  row('GET /users/{id}', {
    scopes: ['read:users', 'read:user_idp_tokens', 'read:current_user'],
    query: object(fieldsQuery),
    problems: noSuchUser,
    run: get,
  }),
  row('PATCH /users/{id}', {
    scopes: ['update:users', 'update:users_app_metadata', 'update:current_user_metadata'],
    body: updateBody,
    problems: { ...noSuchUser, ...badCombination, email_taken: emailTaken },
    run: update,
  }),
  row('DELETE /users/{id}', {
    scopes: ['delete:users', 'delete:current_user'],
    status: 204,
    problems: noSuchUser,
    run: remove,
  }),
];
