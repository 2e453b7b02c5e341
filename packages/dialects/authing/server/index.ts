/** Authing v4 as a dialect of the directory: rows below a GraphQL door, and a few of REST (contract `authing.json`). */
import type { Dialect } from '@reeve/core';
import { refuse } from './problems.ts';
import { analysisRows } from './resources/analysis.ts';
import { departureRows } from './resources/departures.ts';
import { grantRows, grants } from './resources/grants.ts';
import { groups } from './resources/groups.ts';
import { resourceRows } from './resources/resources.ts';
import { roleRows, roles } from './resources/roles.ts';
import { signInRows } from './resources/sign-ins.ts';
import { tokenRows, tokens } from './resources/tokens.ts';
import { udf } from './resources/udf.ts';
import { userRows, users } from './resources/users.ts';
import { graphqlRow } from './transport.ts';

/** By the name of the root field. */
export const operations = { ...tokens, ...users, ...groups, ...roles, ...udf, ...grants };

export const authing: Dialect = {
  api: 'authing',
  prefix: '/authing',
  rows: [
    graphqlRow(operations),
    ...tokenRows,
    ...userRows,
    ...signInRows,
    ...departureRows,
    ...analysisRows,
    ...roleRows,
    ...resourceRows,
    ...grantRows,
  ],
  refuse,
};
