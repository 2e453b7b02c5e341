/**
 * How migrations declare tables: five column kinds, keys and cascades. Large tables are tied by row numbers, small ones by
 * `(tenant_id, id)`, so that no row points into another tenant. Unique indexes are called `<table>__<last column>`:
 * `uniqueViolation` reads the name back.
 */
import { type CreateTableBuilder, type Kysely, sql } from 'kysely';
import { isPostgres } from '../database/database.ts';

export type Schema = Kysely<never>;
type Kind = 'id' | 'text' | 'flag' | 'instant' | 'json' | 'number' | 'real';
/** `'id?'` may be null. */
type Columns = Readonly<Record<string, Kind | `${Kind}?`>>;

interface TableShape {
  readonly columns: Columns;
  /** Columns of the primary key. */
  readonly key: readonly string[];
  /** `column: table`: the row dies with the one that it names. */
  readonly diesWith?: Readonly<Record<string, string>>;
  /** Small rows that are read by key ranges are stored in their primary key (SQLite). */
  readonly clustered?: boolean;
}

const typeOf = (kind: string, postgres: boolean) =>
  kind === 'flag' || kind === 'instant' || kind === 'number'
    ? postgres
      ? 'bigint'
      : 'integer'
    : kind === 'real'
      ? postgres
        ? 'double precision'
        : 'real'
      : 'text';

/** A table whose rows are numbered in the order of their creation. */
export const numbered = (db: Schema, name: string): CreateTableBuilder<string, string> => {
  const table = db.schema.createTable(name) as CreateTableBuilder<string, string>;
  return isPostgres(db as never)
    ? table.addColumn('num', 'bigint', (c) => c.generatedByDefaultAsIdentity().primaryKey())
    : table.addColumn('num', 'integer', (c) => c.primaryKey());
};

export function addColumns(
  db: Schema,
  table: CreateTableBuilder<string, string>,
  columns: Columns,
): CreateTableBuilder<string, string> {
  const postgres = isPostgres(db as never);
  return Object.entries(columns).reduce((built, [column, kind]) => {
    const type = typeOf(kind.replace('?', ''), postgres);
    // Keys compare byte by byte on both databases, so that their order is one order.
    return built.addColumn(column, postgres && type === 'text' ? sql`text collate "C"` : sql.raw(type), (c) =>
      kind.endsWith('?') ? c : c.notNull(),
    );
  }, table);
}

export async function createTable(db: Schema, name: string, shape: TableShape): Promise<void> {
  const postgres = isPostgres(db as never);
  let table = addColumns(db, db.schema.createTable(name) as CreateTableBuilder<string, string>, shape.columns);
  table = table.addPrimaryKeyConstraint(`${name}__key`, shape.key as never);
  for (const [column, parent] of Object.entries(shape.diesWith ?? {})) {
    const numbered = column.endsWith('_num');
    const from = numbered || parent === 'users' ? [column] : ['tenant_id', column];
    table = table.addForeignKeyConstraint(
      `${name}__${column}_fk`,
      from as never,
      parent,
      numbered ? ['num'] : parent === 'users' ? ['id'] : ['tenant_id', 'id'],
      (c) => c.onDelete('cascade'),
    );
  }
  if (shape.clustered && !postgres) table = table.modifyEnd(sql`without rowid`);
  await table.execute();
}

export const index = (db: Schema, table: string, columns: readonly string[]) =>
  db.schema
    .createIndex(`${table}_by_${columns.filter((c) => c !== 'tenant_id').join('_')}`)
    .on(table)
    .columns(columns as string[])
    .execute();

export const unique = (db: Schema, table: string, columns: readonly string[]) =>
  db.schema
    .createIndex(`${table}__${columns.at(-1)}`)
    .on(table)
    .columns(columns as string[])
    .unique()
    .execute();
