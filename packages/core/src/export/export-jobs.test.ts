/** Exports in the background: a whole file, at a link that is short-lived, on any server. */
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { purgeExpired } from '../housekeeping.ts';

const USERS = 40;
const DAY = 86_400_000;
const WAIT = { timeout: 15_000, interval: 20 };

interface Job {
  readonly id: string;
  readonly state: string;
  readonly total: number;
  readonly location: string | null;
}

describe.each(databaseKinds)('exports in the background on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
    // Random, so that the gzipped file takes several pieces.
    for (let i = 0; i < USERS; i++)
      await server.api('POST', '/users', {
        username: `u${i}`,
        user_metadata: { text: randomBytes(9000).toString('base64') },
      });
  });
  afterAll(() => server.stop());

  const start = async (body: object): Promise<Job> => {
    const answer = await server.api('POST', '/jobs/exports', body);
    expect(answer.status).toBe(202);
    return answer.body;
  };
  const finished = ({ id }: Job): Promise<Job> =>
    vi.waitFor(async () => {
      const job = (await server.api('GET', `/jobs/${id}`)).body as Job;
      expect(job.state).toBe('completed');
      return job;
    }, WAIT);
  const fileOf = async ({ location }: Job): Promise<string> => {
    const answer = await fetch(location as string);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/gzip']);
    return gunzipSync(Buffer.from(await answer.arrayBuffer())).toString('utf8');
  };

  it('make the same file as an export that is streamed', async () => {
    const streamed = await fetch(`${server.url}/api/v1/users/export`, {
      headers: { authorization: `Bearer ${await server.token()}` },
    });
    const job = await finished(await start({}));
    expect(await fileOf(job)).toBe(await streamed.text());
    expect(job.total).toBe(USERS + 1);
    const pieces = await server.services.database.read((db) =>
      db.selectFrom('job_files').select('position').where('job_id', '=', job.id).execute(),
    );
    expect(pieces.length).toBeGreaterThan(1);
  });

  it('take no more users than are asked for', async () => {
    const text = await fileOf(await finished(await start({ format: 'csv', limit: 3 })));
    expect(text.trimEnd().split('\n')).toHaveLength(1 + 3 + 1);
    for (const wrong of [{ limit: 0 }, { connection: 'nowhere' }])
      expect((await server.api('POST', '/jobs/exports', wrong)).status).toBe(400);
  });

  it('begin anew where their server was cut off', async () => {
    const { id } = await finished(await start({ limit: 1 }));
    await server.services.database.write((db) =>
      db
        .updateTable('jobs')
        .set({ state: 'running', queue: 'export', lease_until: 1, finished_at: null })
        .where('id', '=', id)
        .execute(),
    );
    server.services.onJob();
    const job = await finished({ id } as Job);
    expect((await fileOf(job)).split('\n').filter(Boolean)).toHaveLength(2);
  });

  it('are gone after a day, file and link', async () => {
    const job = await finished(await start({ limit: 1 }));
    server.clock.advance(2 * DAY);
    expect(((await server.api('GET', `/jobs/${job.id}`)).body as Job).location).toBeNull();
    await purgeExpired(server.services);
    const left = await server.services.database.read((db) => db.selectFrom('job_files').select('job_id').execute());
    expect(left).toEqual([]);
  });
});
