/** What `docs/SECURITY.md` names as the proof of a defence is there, and it names every file here. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../../../../', import.meta.url);
const text = readFileSync(new URL('docs/SECURITY.md', root), 'utf8');
const named = [...text.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, path]) => path as string);

it('names tests that are there', () => {
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !existsSync(new URL(`packages/${path}`, root)))).toEqual([]);
});

it('names a test for every attack', () => {
  const rows = text.split('\n').filter((line) => /^\| (?!Attack|---)/.test(line));
  expect(rows.length).toBeGreaterThan(25);
  expect(rows.filter((row) => !/\.test\.ts`/.test(row))).toEqual([]);
});

it('leaves no file of attacks out', () => {
  const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.test.ts'));
  expect(files.filter((name) => !named.includes(`server/src/abuse/${name}`))).toEqual([]);
});
