/**
 * One directory, every dialect: each door makes a person and changes it step by step, and after each step every door, itself
 * among them, shows the same person, and every log the same events. docs/compatibility/README.md is made of what was compared.
 */
import { type DatabaseKind, databaseKinds } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Door } from './door.ts';
import { openDoors } from './doors/index.ts';
import { Ledger } from './ledger.ts';
import { pageOf } from './page.ts';
import { Run } from './run.ts';
import { type Stage, setStage } from './stage.ts';
import { draftOf, story } from './story.ts';

const NAMES = ['@reeve/sdk', 'auth0@3.7.2', '@reeve/auth0', '@reeve/auth-client', 'authing-js-sdk', '@reeve/authing'];
const ledgers = new Map<DatabaseKind, Ledger>();
let doors: readonly Door[] = [];

describe.each(databaseKinds)('on %s', (kind) => {
  const ledger = new Ledger();
  let stage: Stage;
  beforeAll(async () => {
    ledgers.set(kind, ledger);
    stage = await setStage(kind);
    doors = await openDoors(stage);
  });
  afterAll(() => stage.world.server.stop());

  it('every door is open', () => expect(doors.map(({ name }) => name)).toEqual(NAMES));

  it.each(NAMES)('whom %s makes, changes and deletes is the same through every door', async (name) => {
    const writer = doors.find((door) => door.name === name) as Door;
    const run = await Run.begin({ stage, doors, writer, ledger }, draftOf(NAMES.indexOf(name)));
    for (const step of story) await run.take(step);
    await run.end();
  });
});

describe('what was compared', () => {
  it('is the same on every database', () => {
    const [first, ...others] = databaseKinds.map((kind) => ledgers.get(kind)?.counts);
    for (const other of others) expect(other).toEqual(first);
  });

  it('stands in the committed page', async () => {
    const path = new URL('../docs/compatibility/README.md', import.meta.url).pathname;
    await expect(pageOf(doors, ledgers.get('sqlite') as Ledger)).toMatchFileSnapshot(path);
  });
});
