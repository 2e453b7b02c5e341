import { databaseKinds, freshDatabase, type TestDatabase } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../database/database.ts';
import { migrate } from '../database/migrate.ts';
import { openDatabase } from '../database/open.ts';
import { MemoryTallies, REQUESTS } from './tallies.ts';

const MINUTE = 60_000;

/** A clock that stands until it is moved. */
const clockAt = (now: number) => ({
  now: () => now,
  advance(milliseconds: number) {
    now += milliseconds;
  },
});

describe('a count', () => {
  it('ends after its time, and slides only where it is told to', () => {
    const clock = clockAt(1_000_000);
    const tallies = new MemoryTallies(clock, false);
    expect([tallies.add('a', MINUTE), tallies.add('a', MINUTE)]).toEqual([1, 2]);
    tallies.add('b', MINUTE, { slides: true });
    clock.advance(MINUTE - 1);
    tallies.add('a', MINUTE);
    tallies.add('b', MINUTE, { slides: true });
    expect(tallies.find('a')).toMatchObject({ used: 3 });
    clock.advance(1);
    expect(tallies.find('a')).toBeUndefined();
    expect(tallies.find('b')).toMatchObject({ used: 2 });
    expect(tallies.add('a', MINUTE)).toBe(1);
  });

  it('that is aligned ends with its window, and one of a clock that was set back is not waited for', () => {
    const clock = clockAt(MINUTE * 100 + 59_000);
    const tallies = new MemoryTallies(clock, false);
    expect(tallies.add('a', MINUTE, { aligned: true })).toBe(1);
    clock.advance(999);
    expect(tallies.add('a', MINUTE, { aligned: true })).toBe(2);
    clock.advance(1);
    expect(tallies.add('a', MINUTE, { aligned: true })).toBe(1);
    clock.advance(-86_400_000);
    expect(tallies.find('a')).toBeUndefined();
    expect(tallies.add('a', MINUTE, { aligned: true })).toBe(1);
  });
});

describe.each(databaseKinds)('counts of servers that share a database, on %s', (kind) => {
  let fresh: TestDatabase;
  let database: Database;
  const clock = clockAt(1_800_000_000_000);
  const servers = () => [new MemoryTallies(clock, true), new MemoryTallies(clock, true)] as const;
  const exchange = async (...all: MemoryTallies[]) => {
    for (const tallies of [...all, ...all]) await tallies.share(database);
  };
  beforeAll(async () => {
    fresh = await freshDatabase(kind, { from: 'migrated' });
    database = openDatabase(fresh.url);
    await migrate(database);
  });
  afterAll(async () => {
    await database.close();
    await fresh.drop();
  });

  it('are one count, also for a server that comes later', async () => {
    const [a, b] = servers();
    for (let i = 0; i < 3; i++) a.add('one', MINUTE);
    for (let i = 0; i < 4; i++) b.add('one', MINUTE);
    await exchange(a, b);
    expect([a.find('one')?.used, b.find('one')?.used]).toEqual([7, 7]);
    await exchange(a, b);
    expect([a.find('one')?.used, b.find('one')?.used]).toEqual([7, 7]);
    const late = new MemoryTallies(clock, true);
    await late.share(database);
    expect(late.find('one')?.used).toBe(7);
    expect(late.add('one', MINUTE)).toBe(8);
  });

  it('begin anew once they have ended, and are forgotten by all', async () => {
    const [a, b] = servers();
    a.add('two', MINUTE);
    a.add('three', MINUTE);
    await exchange(a, b);
    expect(b.find('two')?.used).toBe(1);
    a.forget('three');
    await exchange(a, b);
    expect(b.find('three')).toBeUndefined();
    clock.advance(MINUTE);
    b.add('two', MINUTE);
    await exchange(a, b);
    expect([a.find('two')?.used, b.find('two')?.used]).toEqual([1, 1]);
  });

  it('count what is forgotten and counted again between two exchanges', async () => {
    const [a, b] = servers();
    for (let i = 0; i < 5; i++) a.add('four', MINUTE);
    await exchange(a, b);
    b.forget('four');
    b.add('four', MINUTE);
    await exchange(b, a);
    expect([a.find('four')?.used, b.find('four')?.used]).toEqual([1, 1]);
  });

  it('are told later where the database did not answer', async () => {
    const [a, b] = servers();
    a.add('five', MINUTE);
    const away = { ...database, write: () => Promise.reject(new Error('away')) } as Database;
    await expect(a.share(away)).rejects.toThrow('away');
    a.add('five', MINUTE);
    await exchange(a, b);
    expect([a.find('five')?.used, b.find('five')?.used]).toEqual([2, 2]);
  });

  it('are one count however many tell them at once', async () => {
    const all = Array.from({ length: 4 }, () => new MemoryTallies(clock, true));
    const names = Array.from({ length: 1200 }, (_, i) => `many ${i}`);
    for (const [i, tallies] of all.entries())
      for (const name of i % 2 === 0 ? names : names.toReversed()) tallies.add(name, MINUTE);
    await Promise.all(all.map((tallies) => tallies.share(database)));
    await exchange(...all);
    for (const tallies of all) for (const name of names) expect(tallies.find(name)?.used).toBe(4);
  });

  it('that a clock has made which was ahead are over', async () => {
    const ahead = { now: () => clock.now() + 60 * MINUTE };
    const [a, b] = [new MemoryTallies(ahead, true), new MemoryTallies(clock, true)];
    for (let i = 0; i < 9; i++) a.add('six', MINUTE);
    await exchange(a, b);
    expect(b.find('six')).toBeUndefined();
    b.add('six', MINUTE);
    await exchange(b);
    expect(b.find('six')).toMatchObject({ used: 1, endsAt: clock.now() + MINUTE });
  });

  it('that slide are known to a server that heard of them late', async () => {
    const [a, b] = servers();
    a.add('seven', MINUTE, { slides: true });
    await exchange(a);
    clock.advance(MINUTE / 2);
    await exchange(b);
    a.add('seven', MINUTE, { slides: true });
    await exchange(a, b);
    expect(b.find('seven')).toEqual(a.find('seven'));
    expect(b.find('seven')).toMatchObject({ used: 2, endsAt: clock.now() + MINUTE });
  });

  it('take nothing with them from one window into the next', async () => {
    const [a, b] = servers();
    a.add('eight', MINUTE);
    clock.advance(MINUTE);
    b.add('eight', MINUTE);
    await exchange(b, a);
    expect([a.find('eight')?.used, b.find('eight')?.used]).toEqual([1, 1]);
  });
});

describe('counts of requests', () => {
  it('push out none of failures', () => {
    const tallies = new MemoryTallies(clockAt(0), false);
    tallies.add('identifier x', MINUTE);
    for (let i = 0; i < 60_000; i++) tallies.add(`${REQUESTS}${i}`, MINUTE);
    expect(tallies.find('identifier x')?.used).toBe(1);
  });
});
