/** Which tenant a request belongs to: its host says. */
import {
  type Database,
  findDefaultTenant,
  findTenantByHost,
  Problem,
  type TenantContext,
  type TenantOfHost,
} from '@reeve/core';
import { LRUCache } from 'lru-cache';
import type { Config } from './config.ts';

export interface Tenancy {
  /** The tenant of `host` (as the Host header has it), with the origin that links and tokens are made with. */
  tenantOf(scheme: 'http' | 'https', host: string): Promise<TenantContext>;
  /** Domains or settings changed. */
  forget(): void;
}

const HOST = /^(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9.-]+)(:\d{1,5})?$/;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
/** How long another process's change of domains or settings may stay unseen. */
const FRESH_MILLISECONDS = 1000;

export function createTenancy(database: Database, config: Pick<Config, 'host' | 'publicUrl'>): Tenancy {
  const known = new LRUCache<string, TenantOfHost>({ max: 1000, ttl: FRESH_MILLISECONDS });
  const own = new Set([...LOOPBACK, config.host.includes(':') ? `[${config.host}]` : config.host]);
  if (config.publicUrl) own.add(new URL(config.publicUrl).hostname);

  const publicHost = config.publicUrl === undefined ? undefined : new URL(config.publicUrl).host;

  async function find(host: string): Promise<TenantOfHost> {
    const name = host.replace(/:\d+$/, '');
    // Nobody can claim where the default tenant is told to live.
    const claimed = host === publicHost ? undefined : await database.read((db) => findTenantByHost(db, host));
    const tenant = claimed ?? (own.has(name) ? await database.read(findDefaultTenant) : undefined);
    if (!tenant) throw new Problem('invalid_request', 'No tenant has this host; add it to the domains of one.');
    return tenant;
  }

  return {
    async tenantOf(scheme, rawHost) {
      const host = rawHost.toLowerCase();
      if (!HOST.test(host)) throw new Problem('invalid_request', 'The Host header is not valid.');
      let tenant = known.get(host);
      if (!tenant) {
        tenant = await find(host);
        known.set(host, tenant);
      }
      if (config.publicUrl === undefined) return { ...tenant, origin: `${scheme}://${host}` };
      // What stands before this server speaks the same scheme for every tenant.
      return {
        ...tenant,
        origin: tenant.isDefault ? config.publicUrl : `${new URL(config.publicUrl).protocol}//${host}`,
      };
    },
    forget: () => known.clear(),
  };
}
