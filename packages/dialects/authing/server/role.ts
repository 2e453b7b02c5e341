/** Roles by namespace and code. */
import type { Role } from '@reeve/contract';
import { operations, resultOf, type Work } from '@reeve/core';
import { type Call, poolOf } from './operation.ts';
import { CODES, Refusal } from './problems.ts';
import { ID } from './value.ts';

export const NAMESPACE = 'default';

/** Roles have no parents here. */
export const roleView = (call: Call, { id, namespace, code, description, created_at, updated_at }: Role) => ({
  [ID]: id,
  id,
  namespace,
  code,
  arn: `arn:cn:authing:${poolOf(call)}:role:${id}`,
  description,
  createdAt: created_at,
  updatedAt: updated_at,
  parent: null,
});

export const inNamespace =
  (named: string | null | undefined) =>
  ({ namespace }: Pick<Role, 'namespace'>): boolean =>
    namespace === (named ?? NAMESPACE);

export async function findRole(work: Work, code: string, named?: string | null): Promise<Role | undefined> {
  const namespace = named ?? NAMESPACE;
  if (code === '' || namespace === '') return undefined;
  const { roles } = resultOf(await operations.roles.list(work, { query: { code, namespace }, body: undefined }));
  // Natively one code stands for all of its cases.
  return roles.find((role) => role.code === code);
}

/** Throws a refusal that names the role. */
export async function requireRole(work: Work, code: string, namespace?: string | null): Promise<Role> {
  const role = await findRole(work, code, namespace);
  if (role) return role;
  const place = `${namespace ?? NAMESPACE}/${code}`.slice(0, 200);
  throw new Refusal(CODES.failed, `No role is called "${place}".`, 'code');
}
