import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { BulkDatabase } from './bulk.ts';
import type { Database, Loan } from './database.ts';
import { openDatabase, openLoan } from './open.ts';

let dir: string;
let database: Database;
let loan: Loan;
const path = () => join(dir, 'bulk.db');

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'reeve-bulk-'));
  database = openDatabase(`sqlite:${path()}`);
  await database.write(async (db) => void (await sql`create table numbers (n integer, origin text)`.execute(db)));
  loan = database.lend();
});
afterEach(async () => {
  loan.end();
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

const insert = (n: number, origin: string) => (db: Parameters<Parameters<Database['write']>[0]>[0]) =>
  sql`insert into numbers values (${n}, ${origin})`.execute(db);
const count = () =>
  database.read(async (db) => (await sql<{ n: number }>`select count(*) as n from numbers`.execute(db)).rows[0]?.n);

it('a request waits without blocking the loop, and is let in before the bulk writer goes on', async () => {
  const bulk: BulkDatabase = openLoan(loan.ticket);
  try {
    const order: string[] = [];
    let request: Promise<unknown> | undefined;
    await bulk.write(async (db) => {
      await insert(1, 'bulk')(db);
      expect(bulk.isAwaited()).toBe(false);
      request = database.write(insert(2, 'request')).then(() => order.push('request'));
      // The request arrives while the transaction is open; the loop still turns.
      while (!bulk.isAwaited()) await new Promise(setImmediate);
      order.push('bulk');
    });
    await request;
    expect(order).toEqual(['bulk', 'request']);
    expect(bulk.isAwaited()).toBe(false);
    expect(await count()).toBe(2);
  } finally {
    await bulk.close();
  }
});

it('a bulk unit that throws leaves nothing, and lets requests in', async () => {
  const bulk = openLoan(loan.ticket);
  try {
    const failing = bulk.write(async (db) => {
      await insert(1, 'bulk')(db);
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    await database.write(insert(2, 'request'));
    expect(await count()).toBe(1);
  } finally {
    await bulk.close();
  }
});

it('a thread that dies inside its transaction leaves nothing, and does not keep the gate', async () => {
  const worker = new Worker(new URL('./bulk.fixture.ts', import.meta.url), {
    workerData: loan.ticket,
    execArgv: ['--conditions=reeve-source'],
  });
  await new Promise((resolve) => worker.once('message', resolve));
  let isIn = false;
  const request = database.write(insert(2, 'request')).then(() => {
    isIn = true;
  });
  await new Promise(setImmediate);
  expect(isIn).toBe(false);
  await worker.terminate();
  loan.end();
  await request;
  expect(await count()).toBe(1);
});

it('many requests and a busy bulk thread lose nothing', async () => {
  const worker = new Worker(new URL('./bulk.fixture.ts', import.meta.url), {
    workerData: { ...loan.ticket, rounds: 200 },
    execArgv: ['--conditions=reeve-source'],
  });
  const done = new Promise((resolve) => worker.once('exit', resolve));
  let written = 0;
  let isDone = false;
  void done.then(() => {
    isDone = true;
  });
  while (!isDone) {
    await Promise.all([database.write(insert(1, 'request')), database.write(insert(2, 'request'))]);
    written += 2;
  }
  expect(await count()).toBe(written + 200 * 100);
});

it('the log is moved and emptied once the loans have ended', async () => {
  const bulk = openLoan(loan.ticket);
  await bulk.write(async (db) => {
    for (let n = 0; n < 5000; n++) await insert(n, 'x'.repeat(500))(db);
  });
  await bulk.close();
  loan.end();
  await database.close();
  database = openDatabase(`sqlite:${path()}`);
  loan = database.lend();
  expect(await count()).toBe(5000);
});

it('connections that answer requests keep few pages while a loan is out, and many again after it', async () => {
  const pages = async () => {
    const query = sql<{ cache_size: number }>`pragma cache_size`;
    const [writer, reader] = [await query.execute(database.root), await database.read((db) => query.execute(db))];
    return [writer.rows[0]?.cache_size, reader.rows[0]?.cache_size];
  };
  expect(await pages()).toEqual([-4096, -4096]);
  loan.end();
  await vi.waitFor(async () => expect(await pages()).toEqual([-32_768, -32_768]), { timeout: 30_000 });
});
