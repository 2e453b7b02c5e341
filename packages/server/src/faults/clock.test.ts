/**
 * The clock jumps under load: ids stay unique and rise, tokens, keys of repeated requests and deleted people stay as long
 * as the clock says, and nothing else happens.
 */
import { keepHouse } from '@reeve/core';
import { bootServer, CLIENT_ID, CLIENT_SECRET, databaseKinds, type TestServer } from '@reeve/testkit';
import { faultScale, faultSeeds, startRun } from '@reeve/testkit/faults';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const CHANGES = 40 * faultScale;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe.each(databaseKinds)('a clock that jumps on %s', (kind) => {
  let server: TestServer;
  beforeEach(async () => {
    server = await bootServer(kind);
  });
  afterEach(() => server.stop());

  it.each(faultSeeds())('loses nothing under load (seed %i)', { timeout: 600_000 }, async (seed) => {
    const run = await startRun({ seed, urls: [server.url], plainUrl: server.url, retentionDays: 30 });
    // Less than a day from the earliest to the latest: no key of a repeated request is over.
    for (const jump of [HOUR, -DAY, HOUR]) {
      await run.workload.more(CHANGES);
      server.clock.advance(jump);
      await keepHouse(server.services);
    }
    await run.workload.more(CHANGES);
    expect(await run.conclude(server.databaseUrl)).toEqual([]);
    const gone = run.workload.model.things.filter((thing) => thing.kind === 'user' && thing.id && !thing.shape);
    const kept = await server.services.database.read((db) =>
      db.selectFrom('deleted_users').select('user_id').execute(),
    );
    expect(kept.map(({ user_id }) => user_id).sort()).toEqual(gone.map(({ id }) => id).sort());
    expect(gone.length).toBeGreaterThan(0);
  });

  it('makes ids that rise, and forgets nobody before the time', async () => {
    const days = (n: number) => server.api('PATCH', '/tenant', { settings: { deleted_user_retention_days: n } });
    await days(2);
    const ids: string[] = [];
    const made: string[] = [];
    for (const jump of [0, HOUR, -DAY, -DAY, DAY]) {
      server.clock.advance(jump);
      const user = await server.api('POST', '/users', { username: `u${ids.length}` });
      expect(user.status).toBe(201);
      const { id } = user.body as { id: string };
      ids.push(id);
      expect((await server.api('DELETE', `/users/${id}`)).status).toBe(204);
      await keepHouse(server.services);
      made.push(id);
    }
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    const left = async () => {
      await keepHouse(server.services);
      return (
        await server.services.database.read((db) => db.selectFrom('deleted_users').select('user_id').execute())
      ).map(({ user_id }) => user_id);
    };
    expect((await left()).sort()).toEqual(made);
    // Two days after the earliest of them, by the clock.
    server.clock.advance(DAY + MINUTE);
    expect((await left()).sort()).toEqual([made[0], made[1], made[2], made[4]].sort());
  });

  it('keeps a lockout, and ends it when the clock says so', async () => {
    const signIn = async (password: string) =>
      (
        await fetch(`${server.url}/oauth/token`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            grant_type: 'password',
            client_id: CLIENT_ID,
            client_secret: CLIENT_SECRET,
            username: 'locked@reeve.test',
            password,
          }),
        })
      ).status;
    const password = 'correct horse battery';
    await server.api('POST', '/users', { email: 'locked@reeve.test', email_verified: true, password });
    expect(await signIn(password)).toBe(200);
    for (let i = 0; i < 7; i++) expect(await signIn('wrong')).not.toBe(200);
    expect(await signIn(password)).not.toBe(200);
    server.clock.advance(-HOUR);
    expect(await signIn(password)).not.toBe(200);
    server.clock.advance(HOUR + 6 * MINUTE);
    expect(await signIn(password)).toBe(200);
  });
});
