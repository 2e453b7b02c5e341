/** The rw3iss auth back-office as a dialect of the directory: one row for each operation (contract `rw3iss.json`). */
import type { Dialect } from '@reeve/core';
import { refuse } from './problems.ts';
import { account } from './resources/account.ts';
import { apps } from './resources/apps.ts';
import { audit } from './resources/audit.ts';
import { auth } from './resources/auth.ts';
import { invitations } from './resources/invitations.ts';
import { members } from './resources/members.ts';
import { organizations } from './resources/organizations.ts';
import { pools } from './resources/pools.ts';
import { registration } from './resources/registration.ts';
import { services } from './resources/services.ts';
import { sessions } from './resources/sessions.ts';
import { users } from './resources/users.ts';

export const rw3iss: Dialect = {
  api: 'rw3iss',
  prefix: '/rw3iss/api/v1',
  takesKeys: true,
  rows: [
    ...auth,
    ...registration,
    ...account,
    ...sessions,
    ...users,
    ...apps,
    ...pools,
    ...organizations,
    ...members,
    ...invitations,
    ...services,
    ...audit,
  ],
  // D23: the client of an impersonation is the target from then on.
  lacking: (row, { impersonates }) =>
    impersonates
      ? 'You are signed in as the user that you act as; sign in again as yourself.'
      : `This needs one of the roles ${row.scopes.join(', ')}.`,
  refuse,
};
