/** The rows of the contract: what the vendor's client has, by the names of its document. */
import { readFileSync } from 'node:fs';

export interface ContractRow {
  /** `users.list`; `ready` of the client itself. */
  readonly id: string;
  /** `003`: the row stands in the document of the mission. */
  readonly seed: string | null;
  /** Null: the client answers it alone. */
  readonly verb: string | null;
}

const file = new URL('../contract/rw3iss.json', import.meta.url);
export const contract = (JSON.parse(readFileSync(file, 'utf8')) as { methods: ContractRow[] }).methods;
