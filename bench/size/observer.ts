/** Loaded before a server: adds a byte to the file BENCH_STATEMENTS for each statement that it gives to a database. */
import { openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';

type Method = (...given: unknown[]) => unknown;

const file = openSync(process.env.BENCH_STATEMENTS as string, 'a');

function count(prototype: object, names: readonly string[]): void {
  const methods = prototype as Record<string, Method>;
  for (const name of names) {
    const original = methods[name] as Method;
    methods[name] = function (this: unknown, ...given) {
      writeSync(file, '.');
      return original.apply(this, given);
    };
  }
}

count(StatementSync.prototype, ['all', 'get', 'run', 'iterate']);
count(DatabaseSync.prototype, ['exec']);
const { Client } = createRequire(import.meta.resolve('@reeve/core'))('pg') as { Client: { prototype: object } };
count(Client.prototype, ['query']);
