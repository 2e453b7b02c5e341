/** The rows against the contract: none is missing, and each answers with its status, to its scopes and query parameters. */
import { readFileSync } from 'node:fs';
import type { DialectRow } from '@reeve/core';
import { expect, it } from 'vitest';
import { auth0, auth0Root } from './index.ts';

interface Fact {
  readonly id: string;
  readonly verb: string | null;
  readonly path: string | null;
  readonly success_status: number;
  readonly scopes?: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
}

const { methods } = JSON.parse(readFileSync(new URL('../contract/auth0.json', import.meta.url), 'utf8')) as {
  readonly methods: readonly Fact[];
};

const shapeOf = (path: string) => path.replace(/\{[^}]+\}/g, '{}');
const rows = new Map<string, DialectRow>(
  [auth0, auth0Root].flatMap(({ prefix, rows: own }) =>
    own.map((row) => [`${row.verb} ${prefix}${shapeOf(row.path)}`, row] as const),
  ),
);

/** Answered by the OpenID Connect endpoints, or words of the vendor that mean nothing here. */
const ELSEWHERE = new Set(['GET /userinfo']);
const MEANINGLESS = new Set(['API v1 token', 'update:client_token_vault_privileged_access']);

const facts = new Map(
  methods.flatMap((fact) => (fact.verb && fact.path ? [[`${fact.verb} ${shapeOf(fact.path)}`, fact] as const] : [])),
);

it('knows the routes of both documents', () => {
  expect(facts.size).toBe(80);
});

it.each([...facts].filter(([target]) => !ELSEWHERE.has(target)))(
  '%s is a row as the contract has it',
  (target, fact) => {
    const row = rows.get(target);
    expect(row, `no row answers ${fact.id}`).toBeDefined();
    expect(row?.status).toBe(fact.success_status);
    const scopes = (fact.scopes ?? []).filter((scope) => !MEANINGLESS.has(scope));
    expect(row?.scopes).toEqual(expect.arrayContaining(scopes));
    expect(Object.keys(row?.query?.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(fact.query ?? {})));
  },
);

it('has every route once', () => {
  const targets = [auth0, auth0Root].flatMap(({ prefix, rows: own }) =>
    own.map(({ verb, path }) => `${verb} ${prefix}${shapeOf(path)}`),
  );
  expect(targets.filter((target, i) => targets.indexOf(target) !== i)).toEqual([]);
});
