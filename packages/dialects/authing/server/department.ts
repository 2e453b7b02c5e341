/** An organization is a department of one level. */
import type { Organization } from '@reeve/contract';
import { everyItem, operations } from '@reeve/core';
import { type Call, need } from './operation.ts';

const departmentView = ({ id, name, display_name, created_at, updated_at }: Organization) => ({
  id,
  orgId: id,
  name: display_name ?? name,
  code: name,
  root: true,
  depth: 0,
  path: [id],
  codePath: [name],
  namePath: [display_name ?? name],
  createdAt: created_at,
  updatedAt: updated_at,
  children: [],
  isVirtualNode: false,
});

/** The departments of a user, by the native id. */
export async function departmentsOf(call: Call, user_id: string) {
  need(call, 'organizations:read');
  const list = await everyItem('organizations', (query) =>
    operations.organizations.listForUser(call.work, { user_id, query, body: undefined }),
  );
  return list.map(departmentView);
}
