/**
 * The audiences of the server itself: the native API and the Auth0 Management API. An audience is a URL of the server, so
 * it changes with host and port; the API behind it is one. Owns the invariant that no resource server is called like one.
 */
import { fieldProblem } from '../problem.ts';
import type { Unit } from '../work.ts';

/** Names the Auth0 Management API where an audience is kept; on the wire it is `https://<host>/api/v2/`. */
export const MANAGEMENT_AUDIENCE = 'urn:reeve:auth0:v2';
/** Begins the names of the server's own APIs. */
const OWN_PREFIX = 'urn:reeve:';

const PATHS = {
  '/api': 'native',
  '/api/v1': 'native_v1',
  '/api/v2': 'auth0',
} as const;
const AUDIENCE = /^https?:\/\/([^/?#@]+)(\/api(?:\/v[12])?)\/?$/;

export interface OwnAudience {
  readonly api: (typeof PATHS)[keyof typeof PATHS];
  /** As the audience has it, with its port. */
  readonly host: string;
}

/** The server's API that an audience is the address of, whoever its host belongs to; undefined where it is of none. */
export function parseOwnAudience(audience: string): OwnAudience | undefined {
  const [, host, path] = AUDIENCE.exec(audience) ?? [];
  return host === undefined ? undefined : { api: PATHS[path as keyof typeof PATHS], host };
}

/** An audience as it is kept: every spelling of the Auth0 Management API is one. */
export const keptAudience = (audience: string): string =>
  parseOwnAudience(audience)?.api === 'auth0' ? MANAGEMENT_AUDIENCE : audience;

const nameOf = (host: string): string => host.toLowerCase().replace(/:\d+$/, '');
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a host is one that the server or the tenant is reached at. */
async function isOwnHost({ db, tenant, services }: Unit, host: string): Promise<boolean> {
  const name = nameOf(host);
  if (LOOPBACK.has(name) || services.reservedHosts?.has(name)) return true;
  if (URL.canParse(tenant.origin) && nameOf(new URL(tenant.origin).host) === name) return true;
  const domains = await db.selectFrom('tenant_domains').select('domain').where('tenant_id', '=', tenant.id).execute();
  return domains.some(({ domain }) => nameOf(domain) === name);
}

/** Throws where an identifier is one of the server's own audiences. */
export async function checkIdentifier(unit: Unit, identifier: string): Promise<void> {
  const own = parseOwnAudience(identifier);
  const isTaken =
    identifier.startsWith(OWN_PREFIX) ||
    own?.api === 'auth0' ||
    (own !== undefined && (await isOwnHost(unit, own.host)));
  if (isTaken)
    throw fieldProblem(
      'identifier',
      'reserved',
      'The identifier names an API of this server itself; choose another one.',
    );
}
