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

/** A tenant where a request reached it. */
export interface PlacedTenant extends TenantContext {
  /** Whether the origin's port is one that somebody set up, and not just any that a caller wrote into the Host header. */
  readonly isSettled: boolean;
}

export interface Tenancy {
  /** The tenant of `host` (as the Host header has it), with the origin that links and tokens are made with. */
  tenantOf(scheme: 'http' | 'https', host: string): Promise<PlacedTenant>;
  /** Domains or settings changed. */
  forget(): void;
}

const HOST = /^(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9.-]+)(:\d{1,5})?$/;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'] as const;
/** How long another process's change of domains or settings may stay unseen. */
const FRESH_MILLISECONDS = 1000;

type Addressed = Pick<Config, 'host' | 'publicUrl'>;

/** Host names, without ports, that are the default tenant's: where this server itself is told to live. */
export function reservedHosts({ host, publicUrl }: Addressed): ReadonlySet<string> {
  const own = new Set<string>([...LOOPBACK, host.includes(':') ? `[${host}]` : host.toLowerCase()]);
  if (publicUrl !== undefined) own.add(new URL(publicUrl).hostname);
  return own;
}

interface Known {
  readonly tenant: TenantOfHost;
  /** Whether this very host, its port included, is one that somebody set up. */
  readonly isNamed: boolean;
}

export function createTenancy(database: Database, config: Addressed): Tenancy {
  const known = new LRUCache<string, Known>({ max: 1000, ttl: FRESH_MILLISECONDS });
  const own = reservedHosts(config);
  const publicOrigin = config.publicUrl === undefined ? undefined : new URL(config.publicUrl);

  async function find(host: string): Promise<Known> {
    const name = host.replace(/:\d+$/, '');
    if (own.has(name)) {
      // Nobody can claim where the default tenant is told to live.
      const tenant = await database.read(findDefaultTenant);
      if (tenant) return { tenant, isNamed: name === host || host === publicOrigin?.host };
    } else {
      const claimed = await database.read((db) => findTenantByHost(db, host));
      if (claimed) return { tenant: claimed.tenant, isNamed: claimed.domain === host || name === host };
    }
    throw new Problem('invalid_request', 'No tenant has this host; add it to the domains of one.');
  }

  return {
    async tenantOf(scheme, rawHost) {
      const host = rawHost.toLowerCase();
      let found = known.get(host);
      if (!found) {
        if (!HOST.test(host)) throw new Problem('invalid_request', 'The Host header is not valid.');
        found = await find(host);
        known.set(host, found);
      }
      const { tenant, isNamed } = found;
      if (publicOrigin === undefined) return { ...tenant, origin: `${scheme}://${host}`, isSettled: isNamed };
      if (tenant.isDefault) return { ...tenant, origin: publicOrigin.origin, isSettled: true };
      // What stands before this server speaks the same scheme for every tenant.
      return { ...tenant, origin: `${publicOrigin.protocol}//${host}`, isSettled: isNamed };
    },
    forget: () => known.clear(),
  };
}
