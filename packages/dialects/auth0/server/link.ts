/** What a link or a verification mail is asked to be for: the identity, the application, the organization (contract §12). */
import { object, optional, type Static } from '@reeve/contract';
import { fieldProblem, noBody, operations, resultOf, type Work } from '@reeve/core';
import { ifThere } from './absence.ts';
import { text } from './schema.ts';
import { userBy } from './user.ts';

export const linkFields = {
  client_id: optional(text(128)),
  organization_id: optional(text(128)),
  identity: optional(object({ user_id: text(512), provider: text(128), connection_id: optional(text(128)) })),
} as const;
const fields = object(linkFields);
export type LinkFields = Static<typeof fields>;

/** Links are the primary identity's: of another one nobody here can verify the address or change the password. */
export async function checkIdentity(work: Work, userId: string, { identity }: LinkFields): Promise<void> {
  if (identity === undefined) return;
  const { identities } = await userBy(work, userId);
  const { provider, user_id: subject, connection_id: connection } = identity;
  const meant = identities.find(
    (one) => one.provider === provider && (one.subject === subject || `${provider}|${one.subject}` === subject),
  );
  if (!meant) throw fieldProblem('identity', 'exists', 'is no identity of the user');
  if (connection !== undefined && connection !== meant.connection_id)
    throw fieldProblem('identity.connection_id', 'exists', 'is not the connection of the identity');
  if (!meant.is_primary)
    throw fieldProblem('identity', 'unsupported', 'only the primary identity can be verified or changed by a link');
}

/** The application and the organization in native words, where there are such. */
export async function linkOptionsOf(work: Work, { client_id, organization_id }: LinkFields) {
  return {
    ...(client_id === undefined ? {} : { application: await applicationOf(work, client_id) }),
    ...(organization_id === undefined ? {} : { organization: await organizationOf(work, organization_id) }),
  };
}

async function applicationOf(work: Work, clientId: string): Promise<string> {
  const asked = operations.applications.get(work, { application_id: clientId, ...noBody });
  const found = await ifThere(asked.then(resultOf));
  if (found?.client_id !== clientId) throw fieldProblem('client_id', 'exists', 'names no client');
  return found.id;
}

async function organizationOf(work: Work, id: string): Promise<string> {
  const asked = operations.organizations.get(work, { organization_id: id, ...noBody });
  const found = await ifThere(asked.then(resultOf));
  if (found?.id !== id) throw fieldProblem('organization_id', 'exists', 'names no organization');
  return found.id;
}
