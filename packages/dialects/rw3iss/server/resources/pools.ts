/** `/admin/namespaces`: pools, and which of them a user belongs to. */
import { object, optional, type Static, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, everyItem, noBody, operations, resultOf, row } from '@reeve/core';
import { SYSTEM_ADMIN } from '../gate.ts';
import { userIdOf } from '../ids.ts';
import { DEFAULT_POOL, defaultConnectionOf, poolFrom, poolName } from '../pool.ts';
import { Refusal } from '../problems.ts';
import { unknownUser } from '../user.ts';

async function list({ work }: DialectCall) {
  const pools = await everyItem('pools', (query) => operations.pools.list(work, { query, body: undefined }));
  const namespaces = pools.map((pool) => ({
    namespace: poolName(pool),
    user_count: pool.user_count,
    home_count: pool.home_count,
    tag_count: pool.tag_count,
    app_codes: pool.applications,
  }));
  return { namespaces: namespaces.toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1)) };
}

async function getForUser({ work, params }: DialectCall) {
  const { home, tags } = resultOf(await operations.pools.getForUser(work, { user_id: userIdOf(params), ...noBody }));
  const { name: defaultName } = await defaultConnectionOf(work);
  const shown = (name: string) => (name === defaultName ? DEFAULT_POOL : name);
  return { namespace: shown(home), namespaces: tags.map(shown).toSorted() };
}

const poolBody = object({ namespace: optional(string({ maxLength: 1024 })) });

/** Contract `pools.setUserHome`: an empty name is the default pool. */
async function setUserHome({ work, params, body }: DialectCall<undefined, Static<typeof poolBody>>) {
  const pool = poolFrom(body.namespace ?? '') || DEFAULT_POOL;
  await operations.pools.setUserHome(work, { user_id: userIdOf(params), query: undefined, body: { pool } });
}

const named = (text: string | undefined): string => {
  const pool = poolFrom(text ?? '');
  if (pool === '') throw new Refusal(400, 'INVALID_INPUT', 'namespace must not be empty.', { field: 'namespace' });
  return pool;
};

async function addUser({ work, params, body }: DialectCall<undefined, Static<typeof poolBody>>) {
  await operations.pools.addUser(work, { user_id: userIdOf(params), pool: named(body.namespace), ...noBody });
}

async function removeUser({ work, params }: DialectCall) {
  await operations.pools.removeUser(work, { user_id: userIdOf(params), pool: named(params.namespace), ...noBody });
}

/** Contract `pools.setUserHome`: another user of the e-mail address has this home. */
const taken = { status: 409, code: 'CONFLICT' } as const;

export const pools: readonly DialectRow[] = [
  row('GET /admin/namespaces', { scopes: SYSTEM_ADMIN, run: list }),
  row('GET /admin/users/{user_id}/namespaces', { scopes: SYSTEM_ADMIN, problems: unknownUser, run: getForUser }),
  row('PUT /admin/users/{user_id}/namespace', {
    scopes: SYSTEM_ADMIN,
    status: 204,
    body: poolBody,
    problems: {
      ...unknownUser,
      email_taken: taken,
      username_taken: taken,
      phone_taken: taken,
      identity_taken: taken,
    },
    run: setUserHome,
  }),
  row('POST /admin/users/{user_id}/namespaces', {
    scopes: SYSTEM_ADMIN,
    status: 204,
    body: poolBody,
    problems: unknownUser,
    run: addUser,
  }),
  row('DELETE /admin/users/{user_id}/namespaces/{namespace}', {
    scopes: SYSTEM_ADMIN,
    status: 204,
    problems: unknownUser,
    run: removeUser,
  }),
];
