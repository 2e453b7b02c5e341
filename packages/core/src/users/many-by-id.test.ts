/**
 * Users who are looked up many at a time, by their ids. SQLite, without statistics, takes an index that begins with the
 * tenant for narrower than some ids: then it reads the whole tenant. PostgreSQL has statistics, and plans no small table so.
 */
import { DatabaseSync } from 'node:sqlite';
import { newId, type Work } from '@reeve/core';
import { bootServer, observeStatements, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findMultifactor } from '../authentication-methods/enrollments.ts';
import { extensionsOf } from '../extensions/extensions.ts';
import { operations } from '../operations.ts';
import { subjectsToPointTo } from '../resources/subjects.ts';
import { findRoleSummaries } from '../roles/summaries.ts';
import { externalIdsOf } from './external-id.ts';

const ids = Array.from({ length: 64 }, (_, i) => newId('usr', i + 1)) as [string, ...string[]];

const LOOKUPS: Readonly<Record<string, (work: Work) => Promise<unknown>>> = {
  documents: (work) => operations.users.lookup(work, { query: undefined, body: { ids } }),
  'external ids': (work) => work.read((db) => externalIdsOf(db, work.tenant.id, ids)),
  roles: (work) => work.read((db) => findRoleSummaries(db, work.tenant.id, ids)),
  factors: (work) => findMultifactor(work, ids),
  extensions: (work) => work.read((db) => extensionsOf(db, work, 'users', 'auth0', ids)),
  // None of them is there: the first one is refused.
  subjects: (work) =>
    work
      .write((unit) =>
        subjectsToPointTo(
          unit,
          ids.map((id) => ({ type: 'user', id }) as const),
        ),
      )
      .catch(() => {}),
};

describe('many users by their ids on SQLite', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer('sqlite');
  });
  afterAll(() => server.stop());

  it.each(Object.entries(LOOKUPS))('%s are read by the index of the ids', async (_name, look) => {
    const observed = observeStatements();
    await look(server.work()).finally(() => observed[Symbol.dispose]());
    const texts = [...observed.seen].filter((text) => /"users"[\s\S]*"id" in \(/.test(text));
    expect(texts).toHaveLength(1);
    const handle = new DatabaseSync(server.databaseUrl.slice('sqlite:'.length), { readOnly: true });
    const rows = handle.prepare(`explain query plan ${texts[0]}`).all() as { detail: string }[];
    handle.close();
    expect(rows.map(({ detail }) => detail).join('\n')).toMatch(/SEARCH users USING INDEX users__id \(id=\?\)/);
  });
});
