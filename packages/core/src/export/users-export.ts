/** The export of users: every match in the order of creation, read page by page, with a trailer that proves it whole. */
import { createHash } from 'node:crypto';
import { csvLineOf, EXPORT_COLUMNS } from '../import/cells.ts';
import { createPortions } from '../portion.ts';
import { parse } from '../users/document.ts';
import { findPage, type UserQuery } from '../users/users.query.ts';
import type { Work } from '../work.ts';

export type ExportFormat = 'ndjson' | 'csv';

/** Users of one read at most: it keeps SQLite's connection, and so the event loop, for about a millisecond. */
const PAGE = { ndjson: 500, csv: 100 } as const;

/** The filter without what may name a person: the audit log outlives people, and this event is not theirs to be erased with. */
const impersonal = ({ search, email, username, phone_number, custom_field, ...rest }: UserQuery): object => {
  const given = { search, email, username, phone_number, custom_field };
  const struck = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...rest, ...Object.fromEntries(struck.map(([name]) => [name, '[redacted]'])) };
};

export const exportEvent = (tenantId: string, filter: UserQuery, format: ExportFormat) => ({
  target: { type: 'tenant', id: tenantId },
  data: { format, filter: impersonal(filter) },
});

/** Every match in the order of creation, as public JSON, portion by portion; the first one may be empty. */
export async function* readUsers(
  work: Work,
  filter: UserQuery,
  format: ExportFormat,
): AsyncGenerator<readonly string[], void> {
  const query = { ...filter, sort: 'created_at' };
  const portions = createPortions(PAGE[format]);
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const at = cursor;
    const page = await work.read((db) => findPage(db, work.tenant.id, query, portions.rows, at));
    portions.took(
      page.docs.length,
      page.docs.reduce((sum, doc) => sum + doc.length, 0),
    );
    yield page.docs;
    cursor = page.nextCursor;
  }
}

/** How an export writes its users. */
export interface ExportShape {
  readonly header: string;
  /** One user, by the public JSON. */
  readonly line: (doc: string) => string;
  readonly trailer: (rows: number, sha256: string) => string;
}

export const nativeShapes: Readonly<Record<ExportFormat, ExportShape>> = {
  ndjson: {
    header: '',
    line: (doc) => `${doc}\n`,
    trailer: (rows, sha256) => `${JSON.stringify({ trailer: { rows, sha256 } })}\n`,
  },
  csv: {
    header: `${EXPORT_COLUMNS.join(',')}\n`,
    line: (doc) => csvLineOf(parse(doc)),
    trailer: (rows, sha256) => `#trailer rows=${rows} sha256=${sha256}\n`,
  },
};

/**
 * The export as pieces of text, the last of which is the trailer. The event is written before anything is told. The
 * filter is judged at the first piece.
 */
export async function* exportUsers(work: Work, filter: UserQuery, format: ExportFormat): AsyncGenerator<string, void> {
  const portions = readUsers(work, filter, format);
  let portion = await portions.next();
  await work.write((unit) => unit.emit('users.exported', exportEvent(unit.tenant.publicId, filter, format)));
  const { header, line, trailer } = nativeShapes[format];
  const hash = createHash('sha256').update(header);
  let rows = 0;
  if (header !== '') yield header;
  while (!portion.done) {
    const text = portion.value.map(line).join('');
    hash.update(text);
    rows += portion.value.length;
    if (text !== '') yield text;
    portion = await portions.next();
  }
  yield trailer(rows, hash.digest('hex'));
}
