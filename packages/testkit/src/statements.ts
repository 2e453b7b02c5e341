/** Writes down the text of every statement that this process gives to a database, of either kind. */
import { DatabaseSync } from 'node:sqlite';
import { pg } from './databases.ts';

export interface ObservedStatements extends Disposable {
  /** Texts as they were given; values are not in them. */
  readonly seen: Set<string>;
}

export function observeStatements(): ObservedStatements {
  const seen = new Set<string>();
  const { prepare, exec } = DatabaseSync.prototype;
  const { query } = pg.Client.prototype;
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string, ...rest) {
    seen.add(sql);
    return prepare.call(this, sql, ...rest);
  };
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
    seen.add(sql);
    return exec.call(this, sql);
  };
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    const [asked] = given as [string | { text?: string }];
    seen.add(typeof asked === 'string' ? asked : (asked?.text ?? ''));
    return (query as (...given: unknown[]) => unknown).apply(this, given);
  } as never;
  return {
    seen,
    [Symbol.dispose]() {
      Object.assign(DatabaseSync.prototype, { prepare, exec });
      pg.Client.prototype.query = query;
    },
  };
}
