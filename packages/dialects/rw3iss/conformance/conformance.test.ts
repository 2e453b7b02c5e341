/**
 * The drop-in drives the server through every method that the server has, on both databases; the table in
 * docs/compatibility/rw3iss.md is made of what it called.
 */
import { type DatabaseKind, databaseKinds } from '@reeve/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AuthClient } from '../client/index.ts';
import { contract } from './contract.ts';
import { LEFT_OUT } from './left-out.ts';
import { scenarios } from './scenarios/index.ts';
import { compatibilityTable } from './table.ts';
import { startWorld, type World } from './world.ts';

const works = new Map<string, Set<DatabaseKind>>();
const worksOn = (row: string) => [...(works.get(row) ?? [])].toSorted();

describe.each(databaseKinds)('on %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(kind);
  });
  afterEach(() => world.destroy());
  afterAll(() => world.server.stop());

  it.each(scenarios)('$name', async ({ rows, run }) => {
    const called = new Set<string>();
    const admin: AuthClient = await world.signedIn(called);
    await run({ world, called, admin });
    for (const row of rows) {
      expect(called, 'A scenario checks what it calls.').toContain(row);
      works.set(row, (works.get(row) ?? new Set()).add(kind));
    }
  });
});

describe('every method of the contract', () => {
  it.each(contract)('$id', ({ id }) => {
    expect(worksOn(id)).toEqual(id in LEFT_OUT ? [] : databaseKinds.toSorted());
  });

  it('stands in the committed table', async () => {
    const path = new URL('../../../../docs/compatibility/rw3iss.md', import.meta.url).pathname;
    await expect(compatibilityTable(contract, worksOn, databaseKinds.length)).toMatchFileSnapshot(path);
  });
});
