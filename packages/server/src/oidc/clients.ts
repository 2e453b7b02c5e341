/**
 * Applications as OAuth clients. They are read once and kept for at most a second, or until something ends; a secret
 * that does not match what is kept is compared again with what is stored, so that a new secret works at once.
 */
import { atMost, type ClientRecord, findClient, type Services, sameDigest, touchSecret, type Unit } from '@reeve/core';
import { LRUCache } from 'lru-cache';

const FRESH_MILLISECONDS = 1000;
const REMEMBERED = 10_000;
/** How exact the time of a secret's last use is. */
const USE_MILLISECONDS = 60_000;

export interface Clients {
  /** An enabled application, at most a second old. The same object is returned while nothing changes. */
  find(tenantId: number, clientId: string): Promise<ClientRecord | undefined>;
  /** The id of the secret that `secret` is, of those that are valid now. */
  matchSecret(tenantId: number, client: ClientRecord, secret: string): Promise<string | undefined>;
  /** Notes in the unit that a secret was used, unless that was noted within the last minute. */
  noteUse(unit: Unit, secretId: string): Promise<void>;
  forget(): void;
}

interface Kept {
  readonly record: ClientRecord | undefined;
  readonly text: string;
  readAt: number;
}

export function createClients({ database, clock, vault }: Services): Clients {
  const kept = new LRUCache<string, Kept>(atMost(REMEMBERED));
  const uses = new LRUCache<string, number>(atMost(REMEMBERED));
  let epoch = 0;

  async function read(tenantId: number, clientId: string): Promise<ClientRecord | undefined> {
    const key = `${tenantId} ${clientId}`;
    const asked = epoch;
    const readAt = clock.now();
    const record = await database.read((db) => findClient(db, tenantId, clientId));
    const text = JSON.stringify(record ?? null);
    const before = kept.get(key);
    const entry = before?.text === text ? before : { record, text, readAt };
    entry.readAt = asked === epoch ? readAt : 0;
    // What nobody has is not kept: anybody can ask for any number of it.
    if (record) kept.set(key, entry);
    else kept.delete(key);
    return entry.record;
  }

  /** Every digest is compared, in constant time, so that the time tells neither which secret nor how far it matched. */
  function match({ secrets }: ClientRecord, digest: string, now: number): string | undefined {
    let id: string | undefined;
    for (const secret of secrets) {
      const isSame = sameDigest(secret.digest, digest);
      if (isSame && (secret.expires_at === null || secret.expires_at > now)) id = secret.id;
    }
    return id;
  }

  return {
    async find(tenantId, clientId) {
      const entry = kept.get(`${tenantId} ${clientId}`);
      const age = entry ? clock.now() - entry.readAt : Number.POSITIVE_INFINITY;
      const record = entry && age >= 0 && age < FRESH_MILLISECONDS ? entry.record : await read(tenantId, clientId);
      return record?.isEnabled ? record : undefined;
    },
    async matchSecret(tenantId, client, secret) {
      const digest = vault.digest(secret);
      const matched = match(client, digest, clock.now());
      if (matched !== undefined) return matched;
      const now = await read(tenantId, client.clientId);
      return now?.isEnabled ? match(now, digest, clock.now()) : undefined;
    },
    async noteUse(unit, secretId) {
      if (unit.now - (uses.get(secretId) ?? 0) < USE_MILLISECONDS) return;
      await touchSecret(unit.db, unit.tenant.id, secretId, unit.now);
      unit.afterCommit(() => void uses.set(secretId, unit.now));
    },
    forget() {
      epoch++;
      for (const entry of kept.values()) entry.readAt = 0;
    },
  };
}
