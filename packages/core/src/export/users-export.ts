/** The export of users: every match in the order of creation, read page by page, with a trailer that proves it whole. */
import { createHash } from 'node:crypto';
import { csvLineOf, EXPORT_COLUMNS } from '../import/cells.ts';
import { parse } from '../users/document.ts';
import { findPage, type UserQuery } from '../users/users.query.ts';
import type { Work } from '../work.ts';

export type ExportFormat = 'ndjson' | 'csv';

/** Users of one read: it keeps SQLite's connection, and so the event loop, for about a millisecond. */
const PAGE = { ndjson: 500, csv: 100 } as const;

/** The filter without what may name a person: the audit log outlives people, and this event is not theirs to be erased with. */
const impersonal = ({ search, email, username, phone_number, ...rest }: UserQuery): object => {
  const given = { search, email, username, phone_number };
  const struck = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...rest, ...Object.fromEntries(struck.map(([name]) => [name, '[redacted]'])) };
};

/**
 * The export as pieces of text, the last of which is the trailer. The event is written before anything is told. The
 * filter is judged at the first piece.
 */
export async function* exportUsers(work: Work, filter: UserQuery, format: ExportFormat): AsyncGenerator<string, void> {
  const query = { ...filter, sort: 'created_at' };
  let page = await work.read((db) => findPage(db, work.tenant.id, query, PAGE[format], undefined));
  await work.write((unit) =>
    unit.emit('users.exported', {
      target: { type: 'tenant', id: unit.tenant.publicId },
      data: { format, filter: impersonal(filter) },
    }),
  );
  const hash = createHash('sha256');
  let rows = 0;
  if (format === 'csv') {
    const header = `${EXPORT_COLUMNS.join(',')}\n`;
    hash.update(header);
    yield header;
  }
  for (;;) {
    const lines = format === 'csv' ? page.docs.map((doc) => csvLineOf(parse(doc))) : page.docs.map((doc) => `${doc}\n`);
    const text = lines.join('');
    hash.update(text);
    rows += lines.length;
    if (text !== '') yield text;
    const { nextCursor } = page;
    if (nextCursor === null) break;
    page = await work.read((db) => findPage(db, work.tenant.id, query, PAGE[format], nextCursor));
  }
  const sha256 = hash.digest('hex');
  yield format === 'csv'
    ? `#trailer rows=${rows} sha256=${sha256}\n`
    : `${JSON.stringify({ trailer: { rows, sha256 } })}\n`;
}
