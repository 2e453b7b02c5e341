/** Pools of users: each user has one as home, and others as tags. */
import type { NamespaceInfo, UserNamespaces } from '../models.ts';
import { path } from '../wire.ts';
import { IDEMPOTENT } from './apps.ts';
import type { Parts } from './auth.ts';

const KEPT_SECONDS = 60;

export const poolsOf = ({ wire, session, settings: { clock } }: Parts) => {
  let kept: { readonly pools: NamespaceInfo[]; readonly identity: number; readonly until: number } | undefined;
  let changes = 0;
  const change = async (method: string, url: string, body?: { namespace: string }): Promise<void> => {
    await wire.command(method, url, body, IDEMPOTENT);
    changes++;
    kept = undefined;
  };

  return {
    /** All pools by name; kept for 60 s, or until this client changes one. */
    async list({
      forceRefresh = false,
    }: {
      readonly forceRefresh?: boolean | undefined;
    } = {}): Promise<NamespaceInfo[]> {
      const { identity } = session;
      if (!forceRefresh && kept?.identity === identity && clock.nowSeconds() < kept.until)
        return structuredClone(kept.pools);
      const before = changes;
      const pools = await wire.list<NamespaceInfo>('namespaces', '/admin/namespaces');
      // What was asked before a change may have been answered before it.
      if (before === changes)
        kept = { pools: structuredClone(pools), identity, until: clock.nowSeconds() + KEPT_SECONDS };
      return pools;
    },

    getForUser: async (userId: string): Promise<UserNamespaces> =>
      wire.get(path`/admin/users/${{ userId }}/namespaces`),

    /** The old home does not become a tag. `""` is the default pool. */
    setUserHome: async (userId: string, namespace: string): Promise<void> =>
      change('PUT', path`/admin/users/${{ userId }}/namespace`, { namespace }),

    /** Adds a tag. */
    addUser: async (userId: string, namespace: string): Promise<void> =>
      change('POST', path`/admin/users/${{ userId }}/namespaces`, { namespace }),

    /** Takes a tag away. */
    removeUser: async (userId: string, namespace: string): Promise<void> =>
      change('DELETE', path`/admin/users/${{ userId }}/namespaces/${{ namespace }}`),
  };
};
export type PoolsModule = ReturnType<typeof poolsOf>;
