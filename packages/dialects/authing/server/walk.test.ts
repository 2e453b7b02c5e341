/**
 * Every root field and every row of REST, called by those who may not, with what nobody sends by mistake, and with the names of
 * another tenant: it is refused in the vendor's form, nothing breaks, and nothing of the other tenant is shown or changed.
 */
import { scopes as allScopes, type Schema } from '@reeve/contract';
import type { DialectRow } from '@reeve/core';
import { databaseKinds } from '@reeve/testkit';
import {
  hostileBodies,
  hostileMembers,
  hostileSegments,
  hostileTexts,
  OTHER_HOST,
  parametersIn,
  sampled,
  snapshotOf,
  startWalk,
  type VendorAnswer,
  type VendorCall,
  vendorPath,
  type Walk,
} from '@reeve/testkit/walk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authing, operations } from './index.ts';
import {
  type AuthingEstate,
  createAuthingEstate,
  documentOf,
  isMutation,
  restRows,
  rootFields,
  type Variables,
} from './walk.fixture.ts';

/** What a defect is told as. */
const DEFECT = /The server failed/;

const codeOf = ({ body }: VendorAnswer): unknown => {
  const { errors, code } = body as { errors?: { message: { code: number } }[]; code?: number };
  return errors ? errors[0]?.message.code : code;
};

/** The vendor's form: HTTP 200, and a code with a text of whatever is wrong; a defect is nothing that is told. */
function expectForm(answer: VendorAnswer, what: string): void {
  const { status, body, text } = answer;
  expect(text, what).not.toMatch(DEFECT);
  expect(status, `${what}: ${text}`).toBe(200);
  const words = { code: expect.any(Number), message: expect.stringMatching(/\S/) };
  const { errors } = body as { errors?: object[] };
  if (errors) for (const error of errors) expect(error, what).toMatchObject({ message: words });
  else if (!('data' in (body as object))) expect(body, what).toMatchObject(words);
}

const isChange = ({ verb, path }: DialectRow): boolean =>
  path === '/logout' ||
  (verb !== 'GET' && !/\/(batch|roleUsers|is-allowed|list-authorized-resources-batch)$/.test(path));

/** The value with one text in it replaced, for each of its texts. */
function replaced(value: unknown, text: string): unknown[] {
  if (typeof value === 'string') return [text];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    replaced(inner, text).map((other) =>
      Array.isArray(value) ? value.map((item, i) => (String(i) === name ? other : item)) : { ...value, [name]: other },
    ),
  );
}

describe.each(databaseKinds)('the walk through the Authing door on %s', (kind) => {
  let walk: Walk;
  let home: AuthingEstate;
  let other: AuthingEstate;
  let full: string;
  let foreign: string;
  const narrow = new Map<string, string>();
  beforeAll(async () => {
    walk = await startWalk(kind);
    home = createAuthingEstate(walk.server, walk.home);
    other = createAuthingEstate(walk.server, walk.other, OTHER_HOST);
    // Its key pair is made when it is first asked for.
    await fetch(`${walk.server.url}${authing.prefix}/api/v2/.well-known`);
    full = await home.token(allScopes);
    foreign = await other.token(allScopes);
  });
  afterAll(() => walk.stop());

  /** A token that lacks these scopes alone. */
  const lacking = async (scopes: readonly string[]): Promise<string> => {
    const key = scopes.join(' ');
    const token = narrow.get(key) ?? (await home.token(allScopes.filter((scope) => !scopes.includes(scope))));
    narrow.set(key, token);
    return token;
  };
  const eventsOf = async ({ requestId }: VendorAnswer): Promise<string[]> => {
    const { body } = await walk.home.call('audit.list', { query: { request_id: requestId } });
    return (body as { events: { event_type: string }[] }).events.map(({ event_type }) => event_type);
  };
  const strangers = async () => ({
    none: null,
    'no token': 'x',
    'a native one': await walk.server.token(),
    'one of another tenant': foreign,
  });

  it.each(rootFields)('%s lets in whom it is for, and a change leaves its event', async (field) => {
    const variables = await home.variables(field);
    const query = documentOf(field, variables);
    const scope = operations[field as keyof typeof operations]?.scope;
    if (scope !== undefined) {
      for (const [what, bearer] of Object.entries(await strangers())) {
        const answer = await home.ask(query, variables, bearer);
        expectForm(answer, what);
        expect(codeOf(answer), `${what}: ${answer.text}`).toBe(2020);
      }
      const answer = await home.ask(query, variables, await lacking([scope]));
      expectForm(answer, 'without the scope');
      expect(codeOf(answer), answer.text).toBe(1001);
    }
    // Nothing of it was done: the very same call still succeeds.
    const answer = await home.ask(query, variables, scope === undefined ? null : full);
    expectForm(answer, field);
    expect(answer.body, answer.text).not.toHaveProperty('errors');
    const told = await eventsOf(answer);
    if (isMutation(field)) expect(told).not.toEqual([]);
    else expect(told.filter((type) => type !== 'token.issued')).toEqual([]);
  });

  it.each(restRows)('$verb $path lets in whom it is for, and a change leaves its event', async (row) => {
    const call = await home.valid(row);
    if (row.scopes.length > 0) {
      for (const [what, bearer] of Object.entries(await strangers())) {
        const answer = await home.row(row, { ...call, bearer });
        expectForm(answer, what);
        expect(codeOf(answer), `${what}: ${answer.text}`).toBe(2020);
      }
      const answer = await home.row(row, { ...call, bearer: await lacking(row.scopes) });
      expectForm(answer, 'without the scope');
      expect(codeOf(answer), answer.text).toBe(1001);
    }
    const answer = await home.row(row, { ...call, bearer: row.scopes.length > 0 ? full : null });
    expectForm(answer, row.path);
    expect(codeOf(answer), answer.text).toBe(200);
    const told = await eventsOf(answer);
    if (isChange(row)) expect(told).not.toEqual([]);
    else expect(told).toEqual([]);
  });

  it.each(rootFields)('%s breaks over no hostile text, list or number', async (field) => {
    const variables = await home.variables(field);
    const texts = [...hostileTexts, '\u0007', '"\\u0000"', '"\\ud800"', '{"a":"\\u0000"}'];
    const places = replaced(variables, 'x').length;
    const odd = texts.flatMap((text, i) => sampled(replaced(variables, text), 1 + places / 3, i) as Variables[]);
    const numbers = [0, -1, 2 ** 31 - 1].flatMap((page): Variables[] =>
      'limit' in variables || 'page' in variables
        ? [
            { ...variables, page },
            { ...variables, limit: page },
          ]
        : [],
    );
    await Promise.all(
      [...odd, ...numbers].map(async (one) =>
        expectForm(await home.ask(documentOf(field, one), one, full), `${field} ${JSON.stringify(one).slice(0, 100)}`),
      ),
    );
  });

  it.each(restRows)('$verb $path breaks over no hostile segment, query or body', async (row) => {
    const { bearer: _, ...call } = await home.valid(row);
    const ask = async (more: VendorCall, what: string) =>
      expectForm(await home.row(row, { ...call, ...more, bearer: full }), what);
    for (const name of parametersIn(row))
      for (const segment of hostileSegments) {
        const path = vendorPath(authing.prefix, row, call, { [name]: segment });
        const response = await fetch(`${walk.server.url}${path}`, {
          method: row.verb,
          headers: { authorization: `Bearer ${full}` },
        });
        expect(response.status, path.slice(0, 80)).toBeLessThan(500);
        expect(await response.text(), path.slice(0, 80)).not.toMatch(DEFECT);
      }
    const names = Object.keys(row.query?.properties ?? {});
    for (const [i, name] of names.entries())
      for (const text of sampled(hostileTexts, names.length, i))
        await ask({ query: { ...call.query, [name]: text } }, `${name}=${text.slice(0, 40)}`);
    if (row.verb === 'GET' || !row.body) return;
    await Promise.all(hostileBodies.map(({ what, value }) => ask({ raw: value as string }, what)));
    const faults = hostileMembers(row.body as Schema, (call.body ?? {}) as Record<string, unknown>);
    await Promise.all(faults.map(({ what, value }) => ask({ body: value }, what)));
    const odd = hostileTexts.flatMap((text, i) => sampled(replaced(call.body, text), 2, i));
    await Promise.all(odd.map((body) => ask({ body }, JSON.stringify(body).slice(0, 100))));
  });

  it('an administrator sees and changes nothing of another tenant by its names', { timeout: 60_000 }, async () => {
    const fields: { field: string; variables: Variables }[] = [];
    for (const field of rootFields) fields.push({ field, variables: await home.variables(field) });
    const rows: { row: DialectRow; call: VendorCall }[] = [];
    for (const row of restRows) rows.push({ row, call: await home.valid(row) });
    const before = await snapshotOf(walk.server, walk.home.tenantNum);
    const secrets = new Set(JSON.stringify(before).match(/\b[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}\b|\b[0-9a-f]{24}\b/g));
    expect(secrets.size).toBeGreaterThan(200);
    const known = new Set<string>();
    const judge = (answer: VendorAnswer, asked: unknown, what: string) => {
      expectForm(answer, what);
      const told = JSON.stringify(asked);
      // What was asked for is in this tenant's own audit log from then on.
      for (const id of secrets) if (told.includes(id)) known.add(id);
      const shown = [...secrets].filter((id) => answer.text.includes(id) && !known.has(id));
      expect(shown, `${what}: ${answer.text}`).toEqual([]);
    };
    for (const { field, variables } of fields)
      judge(await other.ask(documentOf(field, variables), variables, foreign), variables, field);
    for (const { row, call } of rows) judge(await other.row(row, { ...call, bearer: foreign }), call, row.path);
    expect(await snapshotOf(walk.server, walk.home.tenantNum)).toEqual(before);
    // And all of it was there: in its own tenant each call succeeds.
    for (const { field, variables } of fields.filter(({ field: name }) => !isMutation(name))) {
      const answer = await home.ask(documentOf(field, variables), variables, full);
      expect(answer.body, answer.text).not.toHaveProperty('errors');
    }
    for (const { row, call } of rows) {
      const answer = await home.row(row, { ...call, bearer: full });
      expect(codeOf(answer), `${row.path}: ${answer.text}`).toBe(200);
    }
  });
});
