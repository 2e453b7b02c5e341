/** `/users/{id}/identities`: accounts that are one person's. */
import { object, optional, type Static, string } from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  fieldProblem,
  findByIdentity,
  operations,
  Problem,
  resultOf,
  row,
  type User,
  type Work,
} from '@reeve/core';
import { findConnection } from '../connection.ts';
import { identityViews, idOf, inexistentUser, namesOf, ownIdOf } from '../user.ts';

const body = object({
  provider: optional(string({ minLength: 1, maxLength: 64 })),
  user_id: optional(string({ minLength: 1, maxLength: 512 })),
  connection_id: optional(string({ minLength: 1, maxLength: 128 })),
  link_with: optional(string({ minLength: 1, maxLength: 8192 })),
});
type Body = Static<typeof body>;

/** Whoever may change users names any; with a token of one's own it is one's own account. */
const primaryOf = (call: DialectCall<never, never> | DialectCall<undefined, Body> | DialectCall) =>
  call.holds('update:users') ? idOf(call.work, call.params.id as string) : ownIdOf(call as DialectCall);

/** The secondary account, as `provider|subject` or `usr_…`: an id with its provider's prefix or without, or an id token of the account. */
async function secondaryOf(call: DialectCall<undefined, Body>): Promise<string> {
  const { provider, user_id: named, link_with: token } = call.body;
  if (token !== undefined) return call.subjectOf(token);
  if (!call.holds('update:users'))
    throw fieldProblem('link_with', 'required', 'Prove the other account with link_with, an id token of it.');
  if (named === undefined) throw fieldProblem('user_id', 'required', 'user_id is required.');
  const isSpelledOut = named.includes('|') && (provider === undefined || named.startsWith(`${provider}|`));
  const { connection_id: connectionId } = call.body;
  if (connectionId === undefined) return isSpelledOut ? named : `${provider ?? 'auth0'}|${named}`;
  const of = provider ?? (await providerOf(call.work, connectionId));
  const subject = named.startsWith(`${of}|`) ? named.slice(of.length + 1) : named;
  const found = await call.work.read((db) => findByIdentity(db, call.work.tenant.id, of, subject, connectionId));
  if (!found?.isPrimary) throw new Problem('not_found', inexistentUser.message);
  return found.id;
}

/** Who vouches for the identities of a connection. */
async function providerOf(work: Work, connectionId: string): Promise<string> {
  const connection = await findConnection(work, 'id', connectionId);
  if (!connection) throw fieldProblem('connection_id', 'exists', 'names no connection');
  return connection.strategy === 'database' ? 'auth0' : connection.strategy;
}

const viewsOf = async (work: Work, identities: User['identities']) =>
  identityViews(identities, await namesOf(work, identities));

async function link(call: DialectCall<undefined, Body>) {
  const user_id = await primaryOf(call);
  const input = { user_id, query: undefined, body: { user_id: await secondaryOf(call) } };
  const { identities } = resultOf(await operations.identities.link(call.work, input));
  return viewsOf(call.work, identities);
}

async function unlink(call: DialectCall) {
  const user_id = await primaryOf(call);
  const provider = call.params.provider as string;
  const named = call.params.user_id as string;
  const subject = named.startsWith(`${provider}|`) ? named.slice(provider.length + 1) : named;
  const input = { user_id, provider, subject, query: undefined, body: undefined };
  const { identities } = resultOf(await operations.identities.unlink(call.work, input));
  return viewsOf(call.work, identities);
}

const scopes = ['update:users', 'update:current_user_identities'];
const refused = { status: 400, code: 'operation_not_supported' } as const;
const problems = { not_found: inexistentUser, conflict: refused } as const;

export const identities: readonly DialectRow[] = [
  row('POST /users/{id}/identities', { scopes, body, status: 201, problems, run: link }),
  row('DELETE /users/{id}/identities/{provider}/{user_id}', { scopes, problems, run: unlink }),
];
