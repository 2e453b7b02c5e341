/** `/tickets/*`: links that the caller brings to the person; nothing is mailed. */
import { boolean, integer, object, optional, type Static, string } from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  fieldProblem,
  operations,
  resultOf,
  row,
  type User,
  type Work,
} from '@reeve/core';
import { findConnection } from '../connection.ts';
import { checkIdentity, linkFields, linkOptionsOf } from '../link.ts';
import { text, userId } from '../schema.ts';
import { idOf, inexistentUser } from '../user.ts';

const shared = {
  result_url: optional(string({ maxLength: 2048, pattern: '^https?://[^\\s]+$' })),
  ...linkFields,
  ttl_sec: optional(integer({ minimum: 0, maximum: 2_592_000 })),
  includeEmailInRedirect: optional(boolean()),
} as const;
const verifyBody = object({ user_id: userId, ...shared });
const changeBody = object({
  user_id: optional(userId),
  email: optional(string({ minLength: 3, maxLength: 254 })),
  connection_id: optional(text(128)),
  new_password: optional(string({ minLength: 1, maxLength: 1024 })),
  mark_email_as_verified: optional(boolean()),
  ...shared,
});
type Change = Static<typeof changeBody>;

/** The link of a user, in native words. A lifetime of 0 means the default (contract rows tickets.*). */
async function optionsOf(work: Work, userId: string, body: Partial<Change>) {
  const { result_url, ttl_sec, includeEmailInRedirect } = body;
  await checkIdentity(work, userId, body);
  return {
    ...(await linkOptionsOf(work, body)),
    ...(result_url === undefined ? {} : { result_url }),
    ...(ttl_sec ? { ttl: ttl_sec } : {}),
    ...(includeEmailInRedirect === undefined ? {} : { include_email_in_redirect: includeEmailInRedirect }),
  };
}

async function verifyEmail({ work, body }: DialectCall<undefined, Static<typeof verifyBody>>) {
  const user_id = await idOf(work, body.user_id);
  const input = { user_id, query: undefined, body: await optionsOf(work, user_id, body) };
  const { ticket } = resultOf(await operations.tickets.createEmailVerification(work, input));
  return { ticket };
}

/** The user is named by id, or by address and connection. */
async function targetOf(work: Work, { user_id, email, connection_id }: Change): Promise<string> {
  if (user_id !== undefined) return idOf(work, user_id);
  if (email === undefined || connection_id === undefined)
    throw fieldProblem('user_id', 'required', 'Give user_id, or email and connection_id.');
  await requireConnectionId(work, connection_id);
  const query = { email, connection: connection_id, limit: 1 };
  const { users } = resultOf(await operations.users.list(work, { query, body: undefined }));
  const [user] = users as User[];
  return user ? user.id : idOf(work, '');
}

async function requireConnectionId(work: Work, id: string): Promise<void> {
  if (!(await findConnection(work, 'id', id))) throw fieldProblem('connection_id', 'exists', 'names no connection');
}

async function changePassword({ work, body }: DialectCall<undefined, Change>) {
  const { mark_email_as_verified: marks, new_password: password } = body;
  const more = {
    ...(marks === undefined ? {} : { mark_email_as_verified: marks }),
    ...(password === undefined ? {} : { new_password: password }),
  };
  const user_id = await targetOf(work, body);
  const input = { user_id, query: undefined, body: { ...(await optionsOf(work, user_id, body)), ...more } };
  const { ticket } = resultOf(await operations.tickets.createPasswordChange(work, input));
  return { ticket };
}

export const tickets: readonly DialectRow[] = [
  row('POST /tickets/email-verification', {
    scopes: ['create:user_tickets'],
    body: verifyBody,
    status: 201,
    problems: { not_found: inexistentUser, conflict: { status: 400 } },
    run: verifyEmail,
  }),
  row('POST /tickets/password-change', {
    scopes: ['create:user_tickets'],
    body: changeBody,
    status: 201,
    problems: { not_found: inexistentUser, conflict: { status: 400 } },
    run: changePassword,
  }),
];
