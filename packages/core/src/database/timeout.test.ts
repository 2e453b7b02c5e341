/** PostgreSQL: what hangs ends in time, and is told as a server that is busy. */
import { bootServer, freshDatabase, pg, type TestDatabase, type TestServer } from '@reeve/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from './migrate.ts';
import { openDatabase } from './open.ts';

const SETTINGS = ['statement_timeout', 'idle_in_transaction_session_timeout'] as const;

describe('time bounds on postgres', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase('postgres');
  });
  afterAll(() => database.drop());

  const settingsOf = async (url: string, first: 'migrate' | 'ask'): Promise<string[]> => {
    const opened = openDatabase(url, { poolSize: 1 });
    try {
      if (first === 'migrate') await migrate(opened);
      return await opened.read(async (db) => {
        const found: string[] = [];
        for (const name of SETTINGS) {
          const { rows } = await sql<{ value: string }>`select current_setting(${name}) as value`.execute(db);
          found.push(rows[0]?.value ?? '');
        }
        return found;
      });
    } finally {
      await opened.close();
    }
  };

  it('gives each connection a bound, which the URL may change', async () => {
    expect(await settingsOf(database.url, 'ask')).toEqual(['1min', '1min']);
    expect(await settingsOf(`${database.url}?statement_timeout=1500`, 'ask')).toEqual(['1500ms', '1min']);
  });

  it('lets a migration wait as long as another process migrates, and bounds the connection again', async () => {
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    try {
      await holder.query('create table migrations (name varchar(255) primary key, "timestamp" varchar(255) not null)');
      await holder.query('begin');
      await holder.query('lock table migrations');
      const migrated = settingsOf(`${database.url}?statement_timeout=100`, 'migrate').then(
        (settings) => settings,
        (error: unknown) => error,
      );
      // Longer than the bound, as the database measures it.
      await holder.query('select pg_sleep(0.5)');
      await holder.query('commit');
      expect(await migrated).toEqual(['100ms', '1min']);
    } finally {
      await holder.end();
    }
  });
});

describe('a statement that waits too long on postgres', () => {
  let database: TestDatabase;
  let server: TestServer;
  beforeAll(async () => {
    database = await freshDatabase('postgres');
    server = await bootServer('postgres', {
      on: { url: `${database.url}?statement_timeout=300`, dir: database.dir },
    });
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  it('is refused as overloaded, with the time to come back, and has changed nothing', async () => {
    const { id } = (await server.api('POST', '/groups', { code: 'held', name: 'Held' })).body as { id: string };
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query('select 1 from groups for update');
      const late = await server.api('PATCH', `/groups/${id}`, { name: 'Late' });
      expect(late.status).toBe(503);
      expect(late.body).toMatchObject({ code: 'overloaded' });
      expect(late.headers.get('retry-after')).toBe('5');
      await holder.query('rollback');
    } finally {
      await holder.end();
    }
    expect((await server.api('GET', `/groups/${id}`)).body).toMatchObject({ name: 'Held' });
    expect((await server.api('PATCH', `/groups/${id}`, { name: 'Now' })).status).toBe(200);
  });

  it('gives up a transaction that stands still', async () => {
    const opened = openDatabase(`${database.url}?idle_in_transaction_session_timeout=100`, { poolSize: 1 });
    const watcher = new pg.Client({ connectionString: database.url });
    await watcher.connect();
    try {
      const stood = opened.write(async (db) => {
        await sql`select 1`.execute(db);
        await watcher.query('select pg_sleep(0.5)');
        await sql`select 1`.execute(db);
      });
      await expect(stood).rejects.toMatchObject({ code: 'overloaded' });
      expect(await opened.read(async (db) => (await sql`select 1`.execute(db)).rows.length)).toBe(1);
    } finally {
      await watcher.end();
      await opened.close();
    }
  });
});
