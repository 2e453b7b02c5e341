/**
 * The vendor's own clients and the drop-in drive the same scenarios against the server. What the genuine 3.7.2 and the
 * drop-in saw is equal; what every client did is written down, and the table in docs/compatibility/auth0.md is made of it.
 */
import { type DatabaseKind, databaseKinds } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Surface } from './clients.ts';
import { contract, flatNamesOf } from './contract.ts';
import { clients, exceptions, exercise, ledger } from './ledger.ts';
import { dropIn, earlier, genuine } from './legacy.ts';
import { current, fourthMajor } from './modern.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';
import { compatibilityTable } from './table.ts';
import { startWorld, type World } from './world.ts';

const managers: Surface = { names: 'managers', style: 'promise' };
const flatByCallback: Surface = { names: 'flat', style: 'callback' };
const surfaces: readonly Surface[] = [
  managers,
  { names: 'managers', style: 'callback' },
  { names: 'flat', style: 'promise' },
  flatByCallback,
];
const hasFlat = ({ rows }: Scenario) => rows.some((row) => flatNamesOf(row).length > 0);
/** Every name is called on both databases, and in both styles on one: the style is the client's alone. */
const isWanted = (scenario: Scenario, kind: DatabaseKind, { names, style }: Surface): boolean => {
  if (names === 'managers' && style === 'promise') return kind === 'postgres' || !scenario.isSlow;
  if (kind === 'postgres') return names === 'flat' && style === 'callback' && hasFlat(scenario);
  if (names === 'managers') return !hasFlat(scenario);
  return hasFlat(scenario) && (style === 'callback' || !scenario.isSlow);
};
const reaches = (client: Client, line: 'legacy' | 'modern') => (scenario: Scenario) =>
  (scenario.lines === 'all' || scenario.lines === line) && scenario.rows.every((row) => client.offers(row));
const legacy = scenarios.filter(({ lines }) => lines !== 'modern');
/** Each import starts two threads. */
const PATIENCE = { timeout: 120_000 };

describe.each(databaseKinds)('on %s', PATIENCE, (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(kind);
  });
  afterAll(() => world.server.stop());

  const equal = async (scenario: Scenario, surface: Surface) => {
    const theirs = await exercise(scenario, genuine, { world, surface });
    const ours = await exercise(scenario, dropIn, { world, surface });
    expect(theirs.length).toBeGreaterThan(0);
    expect(ours).toEqual(theirs);
  };

  const wanted = (surface: Surface) => legacy.filter((each) => hasGenuine(each) && isWanted(each, kind, surface));
  describe.each(surfaces.filter((surface) => wanted(surface).length > 0))(
    'the drop-in sees what auth0@3.7.2 sees, $names by $style',
    (surface) => {
      it.each(wanted(surface))('$name', (scenario) => equal(scenario, surface));
    },
  );

  describe('only the drop-in has it', () => {
    it.each(legacy.filter((each) => !hasGenuine(each)))('$name', async (scenario) => {
      expect(await exercise(scenario, dropIn, { world, surface: managers })).not.toEqual([]);
    });
  });

  if (kind !== 'sqlite') return;

  describe('auth0@2.44.1', () => {
    it.each(scenarios.filter(reaches(earlier, 'legacy')))('$name', async (scenario) => {
      const surface = hasFlat(scenario) ? flatByCallback : managers;
      expect(await exercise(scenario, earlier, { world, surface })).not.toEqual([]);
    });
  });

  describe.each([fourthMajor, current])('$name', (client) => {
    it.each(scenarios.filter(reaches(client, 'modern')))('$name', async (scenario) => {
      await exercise(scenario, client, { world, surface: managers });
      expect(ledger.entriesOf(scenario, client)).not.toEqual([]);
    });
  });
});

function hasGenuine({ rows }: Scenario): boolean {
  return rows.every((row) => genuine.offers(row));
}

describe('every row of the contract', () => {
  it.each(contract)('$id', ({ id }) => {
    const databases = [...databaseKinds].sort();
    expect(ledger.outcomeOf(id, dropIn)).toMatchObject({ works: true, databases });
    if (exceptions[id]) expect(genuine.offers(id)).toBe(false);
    else expect(ledger.outcomeOf(id, genuine)).toMatchObject({ works: true, databases });
  });

  it('stands in the committed table', async () => {
    const path = new URL('../../../../docs/compatibility/auth0.md', import.meta.url).pathname;
    await expect(compatibilityTable(contract, clients, ledger)).toMatchFileSnapshot(path);
  });
});
