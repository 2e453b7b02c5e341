/**
 * Files of imports in the database, in pieces of base64, so that any server can take their jobs up. Owns the invariant that
 * a file which nobody asks for any more goes.
 */
import type { Database } from '../database/database.ts';

/** Bytes of a piece, before base64. */
const PIECE_BYTES = 196_608;
/** Jobs begin as soon as there is room; one that waits longer has lost its servers. */
const FILE_LIFETIME = 7 * 86_400_000;

export interface ImportFileKey {
  readonly tenant_id: number;
  readonly id: string;
}

/** Keeps a file for a job; it is durable then. */
export async function keepImportFile(
  database: Database,
  { tenant_id, id }: ImportFileKey,
  content: AsyncIterable<Uint8Array>,
  now: number,
): Promise<void> {
  let position = 0;
  const keep = (piece: Buffer) =>
    database.write((db) =>
      db
        .insertInto('import_files')
        .values({
          tenant_id,
          job_id: id,
          position: position++,
          content: piece.toString('base64'),
          expires_at: now + FILE_LIFETIME,
        })
        .execute(),
    );
  let waiting = Buffer.alloc(0);
  for await (const chunk of content) {
    waiting = waiting.length === 0 ? Buffer.from(chunk) : Buffer.concat([waiting, chunk]);
    for (; waiting.length >= PIECE_BYTES; waiting = waiting.subarray(PIECE_BYTES))
      await keep(waiting.subarray(0, PIECE_BYTES));
  }
  if (waiting.length > 0 || position === 0) await keep(waiting);
}

/** The file's pieces in their order; none where there is no file. */
export async function* readImportFile(
  database: Database,
  { tenant_id, id }: ImportFileKey,
): AsyncGenerator<Buffer, void> {
  for (let position = 0; ; position++) {
    const piece = await database.read((db) =>
      db
        .selectFrom('import_files')
        .select('content')
        .where('tenant_id', '=', tenant_id)
        .where('job_id', '=', id)
        .where('position', '=', position)
        .executeTakeFirst(),
    );
    if (!piece) return;
    yield Buffer.from(piece.content, 'base64');
  }
}

export const hasImportFile = async (database: Database, { tenant_id, id }: ImportFileKey): Promise<boolean> =>
  (await database.read((db) =>
    db
      .selectFrom('import_files')
      .select('position')
      .where('tenant_id', '=', tenant_id)
      .where('job_id', '=', id)
      .limit(1)
      .executeTakeFirst(),
  )) !== undefined;

export const removeImportFile = async (database: Database, { tenant_id, id }: ImportFileKey): Promise<void> => {
  await database.write((db) =>
    db.deleteFrom('import_files').where('tenant_id', '=', tenant_id).where('job_id', '=', id).execute(),
  );
};
