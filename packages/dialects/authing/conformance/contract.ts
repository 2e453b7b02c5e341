/** The rows of the contract: the surfaces of the document, and the methods of the modules that set up their data. */
import { readFileSync } from 'node:fs';

export interface ContractRow {
  /** As it is called: `users.list`. */
  readonly id: string;
  /** Whether the document of the mission has it. */
  readonly isInDocument: boolean;
}

interface Module {
  readonly module: string;
  readonly methods: readonly { readonly method: string }[];
}

const file = new URL('../contract/authing.json', import.meta.url);
const { methods, other_modules: modules } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly methods: readonly { readonly surface: string }[];
  readonly other_modules: readonly Module[];
};

/** The modules that the drop-in has. */
const SERVED: Readonly<Record<string, string>> = {
  groups: 'groups',
  roles: 'roles',
  udf: 'udf',
  acl: 'acl',
  'users (beyond the seed)': 'users',
};

export const contract: readonly ContractRow[] = [
  ...methods.map(({ surface }) => ({ id: surface, isInDocument: true })),
  ...modules.flatMap(({ module, methods: own }) =>
    SERVED[module] === undefined
      ? []
      : own.map(({ method }) => ({ id: `${SERVED[module]}.${method}`, isInDocument: false })),
  ),
];
