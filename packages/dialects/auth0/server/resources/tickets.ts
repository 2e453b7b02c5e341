/** `/tickets/*`: links that the caller brings to the person; nothing is mailed. */
import { boolean, integer, json, object, optional, type Static, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, fieldProblem, operations, row, type User, type Work } from '@reeve/core';
import { allConnections } from '../connection.ts';
import { text, userId } from '../schema.ts';
import { idOf, inexistentUser } from '../user.ts';
import { resultOf } from '../value.ts';

const shared = {
  result_url: optional(string({ maxLength: 2048, pattern: '^https?://[^\\s]+$' })),
  client_id: optional(text(128)),
  organization_id: optional(text(128)),
  ttl_sec: optional(integer({ minimum: 0, maximum: 2_592_000 })),
  includeEmailInRedirect: optional(boolean()),
  identity: optional(json({ maxProperties: 5 })),
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

/** What would send the person elsewhere is refused, not passed over: links are the primary identity's, and of no organization. */
function checkPlain({ user_id, organization_id, identity }: Partial<Change>): void {
  if (organization_id !== undefined)
    throw fieldProblem('organization_id', 'unsupported', 'links are of no organization here');
  if (identity === undefined) return;
  const { provider = 'auth0', user_id: subject } = identity as { provider?: unknown; user_id?: unknown };
  if (user_id !== undefined && user_id !== subject && user_id !== `${provider}|${subject}`)
    throw fieldProblem('identity', 'unsupported', 'only the primary identity can be verified or changed by a link');
}

/** A lifetime of 0 means the default (contract rows tickets.*). */
const options = ({ result_url, client_id, ttl_sec, includeEmailInRedirect }: Partial<Change>) => ({
  ...(result_url === undefined ? {} : { result_url }),
  ...(client_id === undefined ? {} : { application: client_id }),
  ...(ttl_sec ? { ttl: ttl_sec } : {}),
  ...(includeEmailInRedirect === undefined ? {} : { include_email_in_redirect: includeEmailInRedirect }),
});

async function verifyEmail({ work, body }: DialectCall<undefined, Static<typeof verifyBody>>) {
  checkPlain(body);
  const input = { user_id: await idOf(work, body.user_id), query: undefined, body: options(body) };
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
  const connections = await allConnections(work);
  if (!connections.some((connection) => connection.id === id))
    throw fieldProblem('connection_id', 'exists', 'names no connection');
}

async function changePassword({ work, body }: DialectCall<undefined, Change>) {
  checkPlain(body);
  const { mark_email_as_verified: marks, new_password: password } = body;
  const more = {
    ...(marks === undefined ? {} : { mark_email_as_verified: marks }),
    ...(password === undefined ? {} : { new_password: password }),
  };
  const input = { user_id: await targetOf(work, body), query: undefined, body: { ...options(body), ...more } };
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
