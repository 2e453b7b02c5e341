/**
 * An application that proves itself at a vendor's door by its secret, as it does at the token endpoint. Owns the invariant
 * that a stranger guesses no more often there: failures count together with those of the token endpoint.
 */
import { Problem } from '../problem.ts';
import { sameDigest } from '../secret.ts';
import type { Work } from '../work.ts';
import { type ClientRecord, findClient, touchSecret } from './clients.store.ts';

/**
 * The enabled application whose client id and secret these are, and that may have tokens of its own; undefined otherwise.
 * Every digest is compared, in constant time. Throws `rate_limited` where the caller's network has failed too often.
 */
export async function proveClient(work: Work, clientId: string, secret: string): Promise<ClientRecord | undefined> {
  const { attempts, vault } = work.services;
  const { network, ip } = work.caller;
  const stranger = `${work.tenant.id} token ${network ?? ip}`;
  const retryAfter = attempts.secondsUntilFree('client', stranger);
  if (retryAfter > 0)
    throw new Problem('rate_limited', `Too many failed requests; go on in ${retryAfter} seconds.`, { retryAfter });
  const digest = vault.digest(secret);
  const client = await work.read((db) => findClient(db, work.tenant.id, clientId));
  let secretId: string | undefined;
  for (const { id, digest: known, expires_at } of client?.secrets ?? []) {
    const isSame = sameDigest(known, digest);
    if (isSame && (expires_at === null || expires_at > work.now)) secretId = id;
  }
  const mayHaveTokens = client?.isEnabled && !client.isPublic && client.grantTypes.includes('client_credentials');
  if (!mayHaveTokens || secretId === undefined) {
    attempts.countFailure('client', stranger);
    return undefined;
  }
  const used = secretId;
  await work.write(({ db, tenant, now }) => touchSecret(db, tenant.id, used, now));
  return client;
}
