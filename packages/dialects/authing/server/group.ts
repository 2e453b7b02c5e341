/** Groups by their codes. */
import type { Group } from '@reeve/contract';
import { operations, resultOf, type Work } from '@reeve/core';
import { CODES, Refusal } from './problems.ts';
import { ID } from './value.ts';

export const groupView = ({ id, code, name, description, created_at, updated_at }: Group) => ({
  [ID]: id,
  code,
  name,
  description,
  createdAt: created_at,
  updatedAt: updated_at,
});

/** The group with this code; undefined where there is none. */
export async function findGroup(work: Work, code: string): Promise<Group | undefined> {
  if (code === '') return undefined;
  const { groups } = resultOf(await operations.groups.list(work, { query: { code }, body: undefined }));
  // Natively one code stands for all of its cases.
  return groups.find((group) => group.code === code);
}

/** Throws a refusal that names the group. */
export async function requireGroup(work: Work, code: string | null | undefined): Promise<Group> {
  const group = await findGroup(work, code ?? '');
  if (!group) throw new Refusal(CODES.failed, `No group has the code "${(code ?? '').slice(0, 128)}".`, 'code');
  return group;
}
