/** The rows of the contract (`../contract/auth0.json`): every method that a document names. */
import { readFileSync } from 'node:fs';

export interface ContractRow {
  /** `users.create` for a manager's method, `createUser` for a flat one. */
  readonly id: string;
  /** The manager's method that a flat one stands for. */
  readonly alias_of: string | null;
  readonly since: string | null;
  readonly until?: string;
}

export const contract = (
  JSON.parse(readFileSync(new URL('../contract/auth0.json', import.meta.url), 'utf8')) as { methods: ContractRow[] }
).methods;

/** The flat names of a manager's method. */
export const flatNamesOf = (method: string): string[] =>
  contract.filter(({ alias_of }) => alias_of === method).map(({ id }) => id);
