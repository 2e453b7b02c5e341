/** The manager classes, by the property of `ManagementClient` that holds each. */
import { type ManagerOptions, managerClassOf } from './manager.ts';
import { type ManagerName, tables } from './rows.ts';
import type { Managers } from './types/client.ts';

/** A manager's class; it can be used alone. */
export type ManagerClass<Name extends ManagerName> = new <IsWithHeaders extends boolean = false>(
  options: ManagerOptions & { readonly includeResponseHeaders?: IsWithHeaders | undefined },
) => Managers<IsWithHeaders>[Name];

// The classes have the methods that their types say: a test holds the table and the types together.
export const managers = Object.fromEntries(
  Object.entries(tables).map(([name, table]) => [name, managerClassOf(table)]),
) as unknown as { readonly [Name in ManagerName]: ManagerClass<Name> };
