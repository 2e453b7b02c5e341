/** How each database looks into the JSON of `users.doc`, and how it compares a text with a pattern. */
import { type RawBuilder, sql } from 'kysely';
import { type Db, isPostgres } from './database.ts';

/** A text field of the user's document; SQL null where it has none. `field` is a name of ours, never a caller's. */
export const docText = (db: Db, field: string): RawBuilder<string | null> =>
  isPostgres(db)
    ? sql`((users.doc::json ->> ${sql.lit(field)}) collate "C")`
    : sql`json_extract(users.doc, ${sql.lit(`$.${field}`)})`;

/** Whether a boolean field of the user's document is true. */
export const docFlag = (db: Db, field: string): RawBuilder<boolean> =>
  isPostgres(db)
    ? sql`((users.doc::json ->> ${sql.lit(field)}) = 'true')`
    : sql`(json_extract(users.doc, ${sql.lit(`$.${field}`)}) = 1)`;

/** What stands at a place of an event's data, as text; SQL null where nothing does. The path is ours, never a caller's. */
export const eventText = (db: Db, path: readonly string[]): RawBuilder<string | null> =>
  isPostgres(db)
    ? sql`((events.data::json #>> ${sql.lit(`{${path.join(',')}}`)}) collate "C")`
    : sql`json_extract(events.data, ${sql.lit(`$.${path.join('.')}`)})`;

/** Whether an event's data has something, a null too, at a place. */
export const eventHas = (db: Db, path: readonly string[]): RawBuilder<boolean> =>
  isPostgres(db)
    ? sql`((events.data::json #> ${sql.lit(`{${path.join(',')}}`)}) is not null)`
    : sql`(json_type(events.data, ${sql.lit(`$.${path.join('.')}`)}) is not null)`;

/** Whether a text is one of these: one parameter, however many they are. */
export function isOneOf(db: Db, text: RawBuilder<unknown>, texts: readonly string[]): RawBuilder<boolean> {
  if (texts.length === 1) return sql`(${text} = ${texts[0]})`;
  return isPostgres(db)
    ? sql`(${text} = any(${[...texts]}))`
    : sql`(${text} in (select value from json_each(${JSON.stringify(texts)})))`;
}

/** Whether a text holds another one, case counting. */
export const holds = (db: Db, text: RawBuilder<string>, part: string): RawBuilder<boolean> =>
  isPostgres(db) ? sql`(strpos(${text}, ${part}) > 0)` : sql`(instr(${text}, ${part}) > 0)`;

/** Whether a text of the user's document, at a path of ours, holds another one; the case of ASCII letters doesn't count. */
export function holdsPart(db: Db, path: string, part: string): RawBuilder<boolean> {
  const text = isPostgres(db)
    ? sql<string>`((users.doc::json #>> ${sql.lit(`{${path.replaceAll('.', ',')}}`)}) collate "C")`
    : sql<string>`json_extract(users.doc, ${sql.lit(`$.${path}`)})`;
  return holds(
    db,
    sql<string>`lower(${text})`,
    part.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  );
}

/** An integer field of the user's document; SQL null where it has none. */
export const docInteger = (db: Db, field: string): RawBuilder<number | null> =>
  isPostgres(db)
    ? sql`((users.doc::json ->> ${sql.lit(field)})::bigint)`
    : sql`json_extract(users.doc, ${sql.lit(`$.${field}`)})`;

/**
 * A column that SQLite shall not look up in an index: without statistics it takes one that begins with the tenant for as
 * narrow as any. PostgreSQL knows better by itself.
 */
export const unindexed = (db: Db, column: string): RawBuilder<unknown> =>
  isPostgres(db) ? sql.ref(column) : sql`+${sql.ref(column)}`;

/**
 * A comparison that few rows pass. Without statistics SQLite takes an index of two columns for as narrow as one of three that has
 * only some of the rows, as soon as another condition stands beside it.
 */
export const selective = (db: Db, condition: RawBuilder<unknown>): RawBuilder<boolean> =>
  isPostgres(db) ? sql`(${condition})` : sql`unlikely(${condition})`;

/** A part of a pattern: text as it is, or a wildcard for one character or for any number of them. */
export type PatternPart = string | typeof ONE | typeof MANY;
export const ONE: unique symbol = Symbol('one character');
export const MANY: unique symbol = Symbol('any characters');

/** Whether a text, case counting, is of this pattern from its beginning to its end. */
export function isLike(db: Db, text: RawBuilder<unknown>, pattern: readonly PatternPart[]): RawBuilder<boolean> {
  const postgres = isPostgres(db);
  const parts = pattern.map((part) => {
    if (part === MANY) return postgres ? '%' : '*';
    if (part === ONE) return postgres ? '_' : '?';
    return postgres ? part.replace(/[\\%_]/g, '\\$&') : part.replace(/[*?[]/g, '[$&]');
  });
  return postgres ? sql`(${text} like ${parts.join('')})` : sql`(${text} glob ${parts.join('')})`;
}

/**
 * Keeps a statement from staying prepared for good: what callers compose has no end of shapes, and would take the places
 * of the statements that every request needs. (`postgres.ts` prepares nothing that holds a `*`.)
 */
export const adHoc = (): RawBuilder<unknown> => sql`/* ad hoc */`;
