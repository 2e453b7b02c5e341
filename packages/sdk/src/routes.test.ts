import * as contract from '@reeve/contract';
import { expect, test } from 'vitest';
import { type ResourceName, routes } from './routes.ts';

const isRoute = (value: unknown): value is contract.Route =>
  typeof value === 'object' && value !== null && 'verb' in value;
const resources: Record<string, object> = contract;
const all = Object.keys(routes).flatMap((resource) =>
  Object.entries(resources[resource] as object).flatMap(([name, value]) =>
    isRoute(value) ? [{ resource: resource as ResourceName, name, route: value }] : [],
  ),
);

test('the table holds every operation of the contract and nothing else', () => {
  const names = Object.entries(contract)
    .filter(([, value]) => typeof value === 'object' && Object.values(value).some(isRoute))
    .map(([name]) => name);
  expect(Object.keys(routes).sort()).toEqual(names.sort());
  for (const { resource, name, route } of all) {
    expect(routes[resource][name]).toMatchObject({ verb: route.verb, path: route.path });
  }
  const count = Object.values(routes).reduce((sum, table) => sum + Object.keys(table).length, 0);
  expect(count).toBe(all.length);
});

test('the table is plain data, so that a build can replace the module by its value', () => {
  expect(JSON.parse(JSON.stringify(routes))).toEqual(routes);
  expect(JSON.stringify(routes)).not.toMatch(/properties|description/);
});

test('an operation takes a query or a body, never both, except the import, which streams', () => {
  const both = all.filter(({ route }) => route.query && route.body).map(({ resource, name }) => `${resource}.${name}`);
  expect(both).toEqual(['users.bulkImport']);
});

test('a list is what answers next_cursor: types and runtime agree on which operations are iterable', () => {
  for (const { resource, name, route } of all) {
    const isList = 'next_cursor' in (route.response?.properties ?? {});
    expect(`${resource}.${name} ${'items' in (routes[resource][name] ?? {})}`).toBe(`${resource}.${name} ${isList}`);
    if (isList) expect(route.response?.properties?.[route.items as string]?.type).toBe('array');
  }
});

test('no query has a required part, and the names that take a Date are exactly its instants', () => {
  const takesDate = /^(start|end)$|_(after|before)$/;
  for (const { route } of all) {
    expect(route.query?.required).toBeUndefined();
    for (const [name, schema] of Object.entries(route.query?.properties ?? {})) {
      expect(`${name} ${takesDate.test(name)}`).toBe(`${name} ${schema.format === 'date-time'}`);
    }
  }
});

test('no template has more than three parameters: the signatures name one, two or three', () => {
  for (const { route } of all) expect(contract.parametersOf(route.path).length).toBeLessThanOrEqual(3);
});
