/** Authing v4 as a dialect of the directory: rows below a GraphQL door, and a few of REST (contract `authing.json`). */
import type { Dialect } from '@reeve/core';
import { graphqlRow } from './graphql.ts';
import { refuse } from './problems.ts';
import { groups } from './resources/groups.ts';
import { resourceRows, resources } from './resources/resources.ts';
import { roleRows, roles } from './resources/roles.ts';
import { tokenRows, tokens } from './resources/tokens.ts';
import { udf } from './resources/udf.ts';
import { userRows, users } from './resources/users.ts';

/** By the name of the root field. */
export const operations = { ...tokens, ...users, ...groups, ...roles, ...udf, ...resources };

export const authing: Dialect = {
  api: 'authing',
  prefix: '/authing',
  rows: [graphqlRow(operations), ...tokenRows, ...userRows, ...roleRows, ...resourceRows],
  refuse,
};
