/** The rows against the contract: each method of it is a row with its status, or stands below with the reason why it is none. */
import { readFileSync } from 'node:fs';
import type { DialectRow } from '@reeve/core';
import { expect, it } from 'vitest';
import { LEFT_OUT } from '../conformance/left-out.ts';
import { rw3iss } from './index.ts';

interface Fact {
  readonly id: string;
  /** Null of what the client does by itself. */
  readonly verb: string | null;
  readonly path: string | null;
  readonly success_status: number | null;
  readonly query: readonly { readonly name: string }[] | null;
  readonly gate: { readonly effective: string } | null;
}

const { methods } = JSON.parse(readFileSync(new URL('../contract/rw3iss.json', import.meta.url), 'utf8')) as {
  readonly methods: readonly Fact[];
};

const shapeOf = (path: string) => path.replace(/\{[^}]+\}/g, '{}');
const targets = rw3iss.rows.map(({ verb, path }) => `${verb} ${shapeOf(path)}`);
const rows = new Map<string, DialectRow>(rw3iss.rows.map((row, i) => [targets[i] as string, row]));
const sent = methods.filter(({ verb }) => verb !== null);
const targetOf = ({ verb, path }: Fact) => `${verb} ${shapeOf(path as string)}`;

it('knows the methods of the contract', () => {
  expect(methods).toHaveLength(88);
  expect(sent).toHaveLength(81);
});

it('leaves out what is listed, and nothing else', () => {
  const missing = sent.filter((fact) => !rows.has(targetOf(fact))).map(({ id }) => id);
  expect(missing.toSorted()).toEqual(Object.keys(LEFT_OUT).toSorted());
});

it.each(sent.filter(({ id }) => !(id in LEFT_OUT)))('$id is a row as the contract has it', (fact) => {
  const row = rows.get(targetOf(fact));
  expect(row?.status).toBe(fact.success_status);
  const known = Object.keys(row?.query?.properties ?? {});
  expect(known).toEqual(expect.arrayContaining((fact.query ?? []).map(({ name }) => name)));
});

it('asks for no token where the contract asks for none, and nowhere else', () => {
  const open = sent.filter(({ id, gate }) => gate?.effective === 'public' && !(id in LEFT_OUT)).map(targetOf);
  // D2: the refresh token proves enough.
  const told = new Set([...open, 'POST /auth/logout']);
  expect(targets.filter((target) => rows.get(target)?.scopes.length === 0).toSorted()).toEqual([...told].toSorted());
});

it('has every row once', () => {
  expect(targets.filter((target, i) => targets.indexOf(target) !== i)).toEqual([]);
});
