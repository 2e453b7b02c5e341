/**
 * Files of imports in the database, in pieces of base64, so that any server can take their jobs up. A file comes before its
 * job, so that a job that was acknowledged has one; what no job came to goes after an hour.
 */
import type { Database } from '../database/database.ts';
import { firstIdAt } from '../id.ts';

/** Bytes of a piece, before base64. */
const PIECE_BYTES = 196_608;
/** Pieces of one statement. */
const AT_ONCE = 8;
/** Longer than a request takes from its file to its job. */
const WAIT_MILLISECONDS = 3_600_000;

export interface ImportFileKey {
  readonly tenant_id: number;
  /** Of the job. */
  readonly id: string;
}

/** Keeps a file for a job; it is durable then. */
export async function insertImportFile(
  database: Database,
  { tenant_id, id }: ImportFileKey,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  let position = 0;
  const insert = (piece: Buffer) =>
    database.write((db) =>
      db
        .insertInto('import_files')
        .values({ tenant_id, job_id: id, position, content: piece.toString('base64') })
        .execute(),
    );
  let waiting = Buffer.alloc(0);
  for await (const chunk of content) {
    waiting = Buffer.concat([waiting, chunk]);
    for (; waiting.length >= PIECE_BYTES; waiting = waiting.subarray(PIECE_BYTES), position++)
      await insert(waiting.subarray(0, PIECE_BYTES));
  }
  if (waiting.length > 0 || position === 0) await insert(waiting);
}

const findPiece = (database: Database, { tenant_id, id }: ImportFileKey, position: number) =>
  database.read((db) =>
    db
      .selectFrom('import_files')
      .select('content')
      .where('tenant_id', '=', tenant_id)
      .where('job_id', '=', id)
      .where('position', '=', position)
      .executeTakeFirst(),
  );

/** The file's pieces in their order; none where there is no file. */
export async function* readImportFile(database: Database, key: ImportFileKey): AsyncGenerator<Buffer, void> {
  for (let position = 0; ; position++) {
    const piece = await findPiece(database, key, position);
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
      .where('position', '=', 0)
      .executeTakeFirst(),
  )) !== undefined;

/** From its end to its beginning: one that was begun to be deleted is still found. */
export async function deleteImportFile(database: Database, { tenant_id, id }: ImportFileKey): Promise<void> {
  const last = await database.read((db) =>
    db
      .selectFrom('import_files')
      .select((e) => e.fn.max('position').as('position'))
      .where('tenant_id', '=', tenant_id)
      .where('job_id', '=', id)
      .executeTakeFirst(),
  );
  for (let from = Number(last?.position ?? -1) - AT_ONCE + 1; from > -AT_ONCE; from -= AT_ONCE)
    await database.write((db) =>
      db
        .deleteFrom('import_files')
        .where('tenant_id', '=', tenant_id)
        .where('job_id', '=', id)
        .where('position', '>=', from)
        .execute(),
    );
}

/** Deletes the files that no job waits for. Returns how many. */
export async function deleteAbandonedImportFiles(
  database: Database,
  now: number,
  isStopped: () => boolean = () => false,
): Promise<number> {
  const abandoned = await database.read((db) =>
    db
      .selectFrom('import_files')
      .select(['tenant_id', 'job_id'])
      .where('position', '=', 0)
      .where('job_id', '<', firstIdAt('job', now - WAIT_MILLISECONDS))
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom('jobs')
              .select('jobs.id')
              .whereRef('jobs.tenant_id', '=', 'import_files.tenant_id')
              .whereRef('jobs.id', '=', 'import_files.job_id')
              .where('jobs.queue', '=', 'import'),
          ),
        ),
      )
      .execute(),
  );
  for (const { tenant_id, job_id } of abandoned) {
    if (isStopped()) break;
    await deleteImportFile(database, { tenant_id, id: job_id });
  }
  return abandoned.length;
}
