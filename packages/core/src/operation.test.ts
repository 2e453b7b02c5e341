/** What does not compile is the test here; that it runs at all is beside the point. */
import * as contract from '@reeve/contract';
import { expect, it } from 'vitest';
import * as groups from './groups/groups.ts';
import { implement } from './operation.ts';

const { delete: remove, ...others } = groups;

it('ties operations to the contract', () => {
  expect(implement(contract.groups, { ...others, delete: remove })).toHaveProperty('delete', remove);
  // @ts-expect-error One operation is missing.
  implement(contract.groups, others);
  // @ts-expect-error An operation of another route.
  implement(contract.groups, { ...others, delete: groups.create });
  // @ts-expect-error An answer that the contract does not have.
  implement(contract.groups, { ...groups, get: async () => ({ id: 'x' }) });
  // @ts-expect-error An operation that the contract does not have.
  implement(contract.groups, { ...others, delete: remove, other: remove });
  // @ts-expect-error No answer where the contract has one.
  implement(contract.groups, { ...groups, get: groups.addMember });
});
