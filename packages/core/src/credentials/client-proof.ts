/** An application that proves itself at a vendor's door by its secret, as it does at the token endpoint. */
import { sameDigest } from '../secret.ts';
import type { Work } from '../work.ts';
import { type ClientRecord, findClient, touchSecret } from './clients.store.ts';

/**
 * The enabled application whose client id and secret these are, and that may have tokens of its own; undefined otherwise.
 * Every digest is compared, in constant time.
 */
export async function proveClient(work: Work, clientId: string, secret: string): Promise<ClientRecord | undefined> {
  const digest = work.services.vault.digest(secret);
  const client = await work.read((db) => findClient(db, work.tenant.id, clientId));
  let matched: string | undefined;
  for (const { id, digest: known, expires_at } of client?.secrets ?? []) {
    const isSame = sameDigest(known, digest);
    if (isSame && (expires_at === null || expires_at > work.now)) matched = id;
  }
  if (!client?.isEnabled || client.isPublic || matched === undefined) return undefined;
  if (!client.grantTypes.includes('client_credentials')) return undefined;
  const secretId = matched;
  await work.write(({ db, tenant, now }) => touchSecret(db, tenant.id, secretId, now));
  return client;
}
