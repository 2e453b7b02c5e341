/**
 * The genuine client and the drop-in drive the server through the same scenarios, on both databases, with equal results; the table
 * in docs/compatibility/authing.md is made of what they called.
 */
import { type DatabaseKind, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differences, otherCases, userCases } from '../client/twin.fixture.ts';
import { contract } from './contract.ts';
import { LEFT_OUT } from './left-out.ts';
import { scenarios } from './scenarios/index.ts';
import { compatibilityTable } from './table.ts';
import { besideOf, type Called, type ClientName, clientNames, clientOf, settled, startServer } from './world.ts';

type Method = (...args: unknown[]) => Promise<unknown>;
const works = new Map<string, Set<DatabaseKind>>();
const worksOn = (client: ClientName, row: string) => [...(works.get(`${client} ${row}`) ?? [])].toSorted();

describe.each(databaseKinds)('on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(kind);
  });
  afterAll(() => server.stop());

  it.each(scenarios)('$name', async ({ name, rows, run }) => {
    const results: unknown[] = [];
    for (const [i, clientName] of clientNames.entries()) {
      const called: Called = new Set();
      const word = `${name.replace(/[^a-z]/gi, '')}${i}z`;
      const client = clientOf(clientName, server, called);
      results.push(settled(await run({ ...besideOf(server), client, word }), word));
      for (const row of rows) {
        expect(called, 'A scenario checks what it calls.').toContain(row);
        const key = `${clientName} ${row}`;
        works.set(key, (works.get(key) ?? new Set()).add(kind));
      }
    }
    expect(results[1]).toEqual(results[0]);
  });

  it.each(Object.keys(LEFT_OUT))('%s is refused, to both clients', async (id) => {
    const found = [...userCases, ...otherCases, ...differences].find(({ surface }) => surface === id);
    const [module = '', method = ''] = id.split('.');
    for (const clientName of clientNames) {
      const client = clientOf(clientName, server, new Set()) as unknown as Record<string, Record<string, Method>>;
      const args = structuredClone(found?.args ?? ['a', 'b', 'c']) as unknown[];
      const call = Promise.resolve(client[module]?.[method]?.(...args));
      const outcome = (await call.catch((error: unknown) => error)) as { code?: unknown };
      // Two methods resolve with what the server says.
      expect([404, 500], `${clientName}: ${JSON.stringify(outcome)}`).toContain(outcome.code);
    }
  });
});

describe('every method of the contract', () => {
  it.each(contract)('$id', ({ id }) => {
    const expected = id in LEFT_OUT ? [] : databaseKinds.toSorted();
    for (const client of clientNames) expect(worksOn(client, id)).toEqual(expected);
  });

  it('stands in the committed table', async () => {
    const path = new URL('../../../../docs/compatibility/authing.md', import.meta.url).pathname;
    await expect(compatibilityTable(contract, worksOn, databaseKinds.length)).toMatchFileSnapshot(path);
  });
});
