import { routes } from '@reeve/contract/native';
import { type DatabaseKind, databaseKinds } from '../databases.ts';

/** Every other route: what is judged before a database is asked needs no walk on both, so each has a half of it. */
export const halfOf = (kind: DatabaseKind): typeof routes => routes.filter((_, i) => databaseKinds[i % 2] === kind);
