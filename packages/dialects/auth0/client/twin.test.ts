/**
 * Every method of every manager of auth0@3.7.2 beside ours: the same requests, and the same errors for bad arguments. The
 * managers that no document names are held to the original by this alone.
 */
import { type Capture, type Captured, startCapture } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aliases } from './aliases.ts';
import { type Caller, genuine, genuineModule } from './genuine.ts';
import { ManagementClient } from './index.ts';
import { modules } from './modules.ts';
import type { Entry, ManagerTable, Row } from './row.ts';
import { tables } from './rows.ts';

let capture: Capture;
let ours: Caller;
let theirs: Caller;
beforeAll(async () => {
  capture = await startCapture();
  const options = { domain: capture.domain, token: 'TOKEN', retry: { enabled: false } };
  ours = new ManagementClient(options) as unknown as Caller;
  theirs = new genuine.ManagementClient(options);
});
afterAll(() => capture[Symbol.dispose]());

const managers = Object.entries(tables) as [string, ManagerTable][];
const rows = managers.flatMap(([manager, table]) =>
  Object.entries(table.methods)
    .filter((entry): entry is [string, Row] => typeof entry[1] !== 'string')
    .map(([method, row]) => ({
      name: `${manager}.${method}`,
      manager,
      method,
      row,
      template: table.resources[row.resource] as string,
    })),
);

const idsOf = (template: string, { fixed, checks, form }: Row): Record<string, string> => {
  if (form === 'none') return {};
  const names = [...template.matchAll(/:([a-z_]+)/g)].map(([, name]) => name as string);
  const needed = [...names, ...checks.map(([name]) => name)].filter((name) => !(fixed && name in fixed));
  return Object.fromEntries(needed.map((name) => [name, `${name}|1`]));
};
const isRead = ({ verb }: Row) => verb === 'get' || verb === 'getAll';

const argumentsOf = (template: string, row: Row): unknown[] => {
  const params = { ...idsOf(template, row), extra: ['a b', 1] };
  if (row.form === 'none') return [];
  if (row.form === 'data' || isRead(row)) return [params];
  return [params, { data: [1, { a: null }] }];
};

const methodOf = (client: Caller, manager: string, method: string) => {
  const holder = client[manager] as unknown as Caller;
  return (...args: unknown[]) => (holder[method] as (...args: unknown[]) => unknown)(...args);
};

const call = async (client: Caller, manager: string, method: string, args: unknown[]) => {
  capture.take();
  await methodOf(client, manager, method)(...structuredClone(args));
  const [sent] = capture.take();
  const { method: verb, url, body } = sent as Captured;
  const [path, query = ''] = url.split('?');
  return { verb, path, query: query.split('&').sort(), body: body && JSON.parse(body) };
};

describe('the same requests', () => {
  it.each(rows)('$name', async ({ manager, method, row, template }) => {
    const args = argumentsOf(template, row);
    expect(await call(ours, manager, method, args)).toEqual(await call(theirs, manager, method, args));
  });

  it.each(Object.entries(aliases).filter(([name]) => name !== 'createRules'))(
    '%s',
    async (alias, [manager, method]) => {
      const entry = (tables[manager].methods as Record<string, Entry>)[method] as Entry;
      if (typeof entry === 'string') return expect(typeof theirs[alias]).toBe('function');
      const template = (tables[manager].resources as Record<string, string>)[entry.resource] as string;
      const args = argumentsOf(template, entry);
      capture.take();
      await ours[alias]?.(...args);
      await theirs[alias]?.(...structuredClone(args));
      const [own, other] = capture.take() as [Captured, Captured];
      expect([own.method, own.url.split('?')[0], own.body]).toEqual([
        other.method,
        other.url.split('?')[0],
        other.body,
      ]);
    },
  );
});

/** What a call with bad arguments throws at once; TypeErrors are the engine's, so their texts do not count. */
const thrown = (client: Caller, manager: string, method: string, args: unknown[]) => {
  try {
    const answer = methodOf(client, manager, method)(...structuredClone(args));
    (answer as Promise<unknown>).catch(() => {});
    return 'nothing';
  } catch (error) {
    const { name, message } = error as Error;
    return name === 'TypeError' ? name : `${name}: ${message}`;
  }
};

describe('the same errors at once', () => {
  it.each(rows.filter(({ row }) => row.checks.length > 0))('$name', ({ manager, method, row, template }) => {
    const all = idsOf(template, row);
    // A second object crashes the other client where it reads.
    const more = isRead(row) ? [] : [{}];
    const sets: unknown[][] = [[], [{}], ['text'], [all], [all, ...more]];
    for (const name of Object.keys(all)) {
      const { [name]: _left, ...less } = all;
      sets.push([less], [{ ...all, [name]: 5 }], [{ ...all, [name]: null }], [less, ...more]);
    }
    const outcomes = sets.map((args) => thrown(ours, manager, method, args));
    expect(outcomes).toEqual(sets.map((args) => thrown(theirs, manager, method, args)));
    expect(outcomes.join()).toContain('ArgumentError');
  });

  it.each([
    ['users', 'link', [[], [''], [5], [null], ['a', {}]]],
    ['users', 'deleteAll', [[], [{}], [null]]],
    ['prompts', 'updateCustomTextByLanguage', [[], [{}], [{ prompt: 'a' }], [{ prompt: 'a', language: 'b' }]]],
    ['jobs', 'importUsersJob', [[], [{}], [{ connection_id: 'c' }]]],
  ])('%s.%s', (manager, method, sets) => {
    for (const args of sets) {
      expect(thrown(ours, manager, method, args)).toBe(thrown(theirs, manager, method, args));
    }
  });

  it('constructors', () => {
    const outcome = (make: () => unknown) => {
      try {
        make();
        return 'made';
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message} ${Object.keys(error as Error)}`;
      }
    };
    const credentials = { domain: 'x.y', clientId: 'c', clientSecret: 's' };
    const options: unknown[] = [undefined, null, 'x', {}, { domain: '' }, { domain: 'x.y' }];
    for (const token of [null, '', 5, 'T', () => 'T']) options.push({ domain: 'x.y', token });
    for (const change of [
      {},
      { clientId: '' },
      { clientSecret: undefined },
      { clientSecret: undefined, clientAssertionSigningKey: 'k' },
      { audience: '' },
      { scope: 5 },
      { tokenProvider: {} },
      { tokenProvider: { cacheTTLInSeconds: 5 } },
      { tokenProvider: { enableCache: 'yes' } },
      { tokenProvider: { enableCache: true, cacheTTLInSeconds: '5' } },
      { tokenProvider: { enableCache: true, cacheTTLInSeconds: -5 } },
      { tokenProvider: { enableCache: true, cacheTTLInSeconds: 0 } },
      { tokenProvider: { enableCache: false, cacheTTLInSeconds: '5' } },
      { tokenProvider: {}, scope: 5, retry: { maxRetries: 0 } },
      { retry: {} },
      { retry: { enabled: 'yes' } },
      { retry: { maxRetries: 0 } },
      { retry: { maxRetries: '2' } },
      { retry: { enabled: false, maxRetries: 2 } },
    ]) {
      options.push({ ...credentials, ...change });
    }
    const Ours = ManagementClient as unknown as new (options: unknown) => unknown;
    const Theirs = genuine.ManagementClient as unknown as new (options: unknown) => unknown;
    const outcomes = options.map((given) => outcome(() => new Ours(given)));
    expect(outcomes).toEqual(options.map((given) => outcome(() => new Theirs(given))));
    expect(outcomes.filter((text) => text === 'made').length).toBeGreaterThan(4);
    for (const path of Object.keys(modules).filter((path) => path.includes('/'))) {
      const [Own, Other] = [modules[path], genuineModule(path)] as (new (options: unknown) => unknown)[];
      for (const given of [undefined, 'x', {}, { baseUrl: '' }, { baseUrl: 5 }, { baseUrl: 'https://x' }]) {
        const [own, other] = [Own, Other].map((Class) => outcome(() => new (Class as typeof Ours)(given)));
        expect([path, own]).toEqual([path, other]);
      }
    }
  });
});

describe('the same surface', () => {
  const namesOf = (value: unknown): string[] =>
    typeof value === 'function'
      ? Object.getOwnPropertyNames(value.prototype).filter((name) => name !== 'constructor' && !name.startsWith('_'))
      : Object.keys(value as object);

  it.each(Object.keys(modules))('src/%s.js', (path) => {
    const [own, other] = [modules[path], genuineModule(path)];
    expect(typeof own).toBe(typeof other);
    if (typeof own === 'function') expect(own.name).toBe((other as () => void).name);
    const present = (name: string) =>
      typeof own === 'function'
        ? typeof (own.prototype as Record<string, unknown>)[name] === 'function'
        : name in (own as object);
    // A part of how the original repeats calls, not of what it offers.
    const offered = namesOf(other).filter((name) => name !== 'handleRetry');
    expect(offered.filter((name) => !present(name))).toEqual([]);
  });

  it('of a client and its managers', () => {
    expect(Object.keys(theirs).filter((name) => !(name in ours))).toEqual([]);
    for (const [manager] of managers) {
      const resources = Object.keys(theirs[manager] as object).filter((name) => !/options$/.test(name));
      expect(Object.keys(ours[manager] as object)).toEqual(expect.arrayContaining(resources));
    }
  });
});
