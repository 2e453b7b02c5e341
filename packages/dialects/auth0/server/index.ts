/** Auth0's Management API v2 as a dialect of the directory: one row for each operation (contract `auth0.json`). */
import type { Dialect } from '@reeve/core';
import { refuse } from './problems.ts';
import { absent } from './resources/absent.ts';
import { clients } from './resources/clients.ts';
import { connections } from './resources/connections.ts';
import { devices } from './resources/devices.ts';
import { emailProvider } from './resources/email-provider.ts';
import { factors } from './resources/factors.ts';
import { grants } from './resources/grants.ts';
import { identities } from './resources/identities.ts';
import { impersonation } from './resources/impersonation.ts';
import { jobs } from './resources/jobs.ts';
import { logs } from './resources/logs.ts';
import { organizations } from './resources/organizations.ts';
import { permissions } from './resources/permissions.ts';
import { resourceServers } from './resources/resource-servers.ts';
import { roles } from './resources/roles.ts';
import { rules } from './resources/rules.ts';
import { stats } from './resources/stats.ts';
import { tenants } from './resources/tenants.ts';
import { tickets } from './resources/tickets.ts';
import { users } from './resources/users.ts';

/** The Management API. */
export const auth0: Dialect = {
  api: 'auth0',
  prefix: '/api/v2',
  rows: [
    ...users,
    ...roles,
    ...permissions,
    ...identities,
    ...factors,
    ...organizations,
    ...clients,
    ...grants,
    ...resourceServers,
    ...connections,
    ...devices,
    ...rules,
    ...emailProvider,
    ...tickets,
    ...tenants,
    ...jobs,
    ...logs,
    ...stats,
    ...absent,
  ],
  refuse,
};

/** What Auth0 answers beside the Management API, at the root. */
export const auth0Root: Dialect = { api: 'auth0', prefix: '', rows: impersonation, refuse };
