import { databaseKinds, freshDatabase, type TestDatabase } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../database/database.ts';
import { migrate } from '../database/migrate.ts';
import { openDatabase } from '../database/open.ts';
import { firstIdAt, newId } from '../id.ts';
import {
  deleteAbandonedImportFiles,
  deleteImportFile,
  hasImportFile,
  insertImportFile,
  readImportFile,
} from './import-files.store.ts';

const HOUR = 3_600_000;

async function* chunks(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

describe.each(databaseKinds)('files of imports on %s', (kind) => {
  let fresh: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    fresh = await freshDatabase(kind, { from: 'migrated' });
    database = openDatabase(fresh.url);
    await migrate(database);
  });
  afterAll(async () => {
    await database.close();
    await fresh.drop();
  });
  const content = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => (i * 31) % 251));
  const read = async (key: { tenant_id: number; id: string }) => {
    const pieces: Buffer[] = [];
    for await (const piece of readImportFile(database, key)) pieces.push(piece);
    return Buffer.concat(pieces);
  };

  it('come back as they went in, whatever the pieces, and are one tenant’s', async () => {
    for (const size of [1_000, 196_608, 700_001]) {
      const key = { tenant_id: 1, id: newId('job', Date.now()) };
      await insertImportFile(database, key, chunks(content, size));
      expect(content.equals(await read(key))).toBe(true);
      expect(await hasImportFile(database, { ...key, tenant_id: 2 })).toBe(false);
      await deleteImportFile(database, { ...key, tenant_id: 2 });
      expect(await hasImportFile(database, key)).toBe(true);
      await deleteImportFile(database, key);
      expect(await hasImportFile(database, key)).toBe(false);
      expect(await read(key)).toHaveLength(0);
    }
  });

  it('are there when they are empty, too', async () => {
    const key = { tenant_id: 1, id: newId('job', Date.now()) };
    await insertImportFile(database, key, chunks(Buffer.alloc(0), 1));
    expect([await hasImportFile(database, key), (await read(key)).length]).toEqual([true, 0]);
    await deleteImportFile(database, key);
  });

  it('go when no job came to them within an hour', async () => {
    const now = Date.now();
    const keyAt = (at: number) => ({ tenant_id: 1, id: firstIdAt('job', at) });
    const [old, young] = [keyAt(now - HOUR - 1), keyAt(now - HOUR + 1000)];
    for (const key of [old, young]) await insertImportFile(database, key, chunks(content, 500_000));
    expect(await deleteAbandonedImportFiles(database, now)).toBe(1);
    expect(await hasImportFile(database, old)).toBe(false);
    expect(await hasImportFile(database, young)).toBe(true);
  });
});
