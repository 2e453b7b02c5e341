/**
 * Every row of the dialects, called by those who may not, with what nobody sends by mistake, and with the ids of another
 * tenant: it is refused in the vendor's envelope, nothing breaks, and nothing of the other tenant is shown or changed.
 */
import { readFileSync } from 'node:fs';
import { rw3iss } from '@reeve/auth-client/server';
import { auth0 } from '@reeve/auth0/server';
import type { Schema } from '@reeve/contract';
import { type DialectRow, idOfUuid, uuidOf } from '@reeve/core';
import { auth0Scopes, databaseKinds } from '@reeve/testkit';
import {
  createRw3issEstate,
  hostileBodies,
  hostileMembers,
  hostileSegments,
  hostileTexts,
  OTHER_HOST,
  parametersIn,
  type Rw3issEstate,
  sampled,
  snapshotOf,
  startWalk,
  targetOf,
  type VendorAnswer,
  type VendorCall,
  vendorAsk,
  vendorPath,
  type Walk,
  wrongBodies,
  wrongQueries,
} from '@reeve/testkit/walk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const fact = new URL('../../../dialects/rw3iss/contract/rw3iss.json', import.meta.url);
const { errors } = JSON.parse(readFileSync(fact, 'utf8')) as { errors: { codes: string[] } };

/** A read that is a POST for the sake of its keys. */
const isRead = ({ verb, path }: DialectRow): boolean => verb === 'GET' || path === '/admin/users/lookup';
/** Whoever is signed in comes to the row; what they may do there depends on what they are in the organization. */
const isOfMembers = ({ path }: DialectRow): boolean => path.startsWith('/orgs/') || path.endsWith('/impersonate');
const isGated = (row: DialectRow): boolean =>
  row.scopes.length > 0 && (!row.scopes.includes('self') || isOfMembers(row));

/** Rows that answer something else than a refusal to a well-formed id that names nothing, as the vendor's contract has it. */
const LENIENT: ReadonlySet<string> = new Set([
  'POST /admin/users/lookup',
  'GET /admin/users/{user_id}/roles',
  'GET /admin/users/{user_id}/sessions',
  'POST /admin/users/{user_id}/revoke-sessions',
  'GET /admin/users/{user_id}/apps',
  'DELETE /admin/users/{user_id}/apps/{app_id}',
]);

/** A pool's name is no id: whoever is in none of that name is out of it. */
const NAME = 'namespace';

function expectRw3iss(answer: VendorAnswer, what: string): void {
  const { status, headers, body, text } = answer;
  expect(status, `${what}: ${text}`).toBeLessThan(500);
  if (status < 400) return;
  expect(headers.get('content-type'), what).toMatch(/^application\/json/);
  expect(body, `${what}: ${status} ${text}`).toEqual({
    error: { code: expect.any(String), message: expect.stringMatching(/\S/), details: expect.toSatisfy(isDetails) },
  });
  expect(errors.codes, what).toContain((body as { error: { code: string } }).error.code);
}
const isDetails = (details: unknown): boolean =>
  details === null || JSON.stringify(Object.keys(details as object)) === '["field"]';

function expectAuth0({ status, body, text }: VendorAnswer, what: string): void {
  expect(status, `${what}: ${text}`).toBeLessThan(500);
  if (status < 400) return;
  const some = expect.stringMatching(/\S/);
  expect(body, what).toMatchObject({ statusCode: status, error: some, message: some });
}

const inParallel = async <T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> => {
  await Promise.all(items.map(act));
};

/** Both spellings of the ids that a call names: an answer may say again what was asked for. */
function idsIn(call: VendorCall): Set<string> {
  const uuids = JSON.stringify(call).match(UUID) ?? [];
  return new Set(uuids.flatMap((uuid) => [uuid, ...PREFIXES.map((prefix) => idOfUuid(prefix, uuid))]));
}
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const NATIVE_ID = /\b[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}\b/g;
const PREFIXES = ['usr', 'app', 'org', 'rol', 'ses', 'inv'] as const;

/** A call with the other tenant's ids all together, one by one, and in the body alone. */
function mixesOf(there: VendorCall, own: VendorCall): VendorCall[] {
  const names = Object.keys(there.params ?? {});
  const one = (name: string) => ({ ...own.params, [name]: there.params?.[name] as string });
  return [
    { params: there.params ?? {}, body: there.body },
    ...(names.length > 1 ? names.map((name) => ({ params: one(name), body: own.body })) : []),
    ...(there.body && names.length > 0 ? [{ params: own.params ?? {}, body: there.body }] : []),
  ];
}

describe.each(databaseKinds)('the dialects on %s', (kind) => {
  let walk: Walk;
  let home: Rw3issEstate;
  let other: Rw3issEstate;
  let auth0Token: (scopes: readonly string[]) => Promise<string>;
  beforeAll(async () => {
    walk = await startWalk(kind);
    home = createRw3issEstate(walk.server, walk.home);
    other = createRw3issEstate(walk.server, walk.other, OTHER_HOST);
    const aud = `https://${new URL(walk.server.url).host}/api/v2/`;
    auth0Token = (scopes) => walk.server.token(scopes, { aud });
  });
  afterAll(() => walk.stop());

  const eventsOf = async ({ requestId }: VendorAnswer): Promise<number> => {
    const { body } = await walk.home.call('audit.list', { query: { request_id: requestId } });
    return (body as { events: unknown[] }).events.length;
  };

  // First: a search through the log looks at every entry, and the others leave thousands.
  describe('auth0', () => {
    /** Ids that are well formed and name nothing. */
    const idsFor = (row: DialectRow) => Object.fromEntries(parametersIn(row).map((name) => [name, 'auth0|x']));
    let full: string;
    let bad: Record<string, string | null>;
    beforeAll(async () => {
      full = await auth0Token(auth0Scopes);
      bad = { none: null, 'a native one': await walk.server.token(), 'one of the other dialect': await home.admin() };
    });
    const ask = (row: DialectRow, path: string, more: Pick<VendorCall, 'bearer' | 'raw'> = {}) =>
      vendorAsk(walk.server.url, row, path, { bearer: full, ...more });

    it.each(auth0.rows)('$verb $path refuses strangers and whoever lacks its scope', async (row) => {
      const path = vendorPath(auth0.prefix, row, { params: idsFor(row) });
      for (const [what, bearer] of Object.entries(bad)) {
        const answer = await ask(row, path, { bearer });
        expectAuth0(answer, what);
        expect(answer.status, what).toBe(401);
      }
      const others = auth0Scopes.filter((scope) => !row.scopes.includes(scope));
      const answer = await ask(row, path, { bearer: await auth0Token(others) });
      expectAuth0(answer, 'without the scope');
      expect([answer.status, (answer.body as { errorCode?: string }).errorCode]).toEqual([403, 'insufficient_scope']);
    });

    it.each(auth0.rows)('$verb $path breaks over no hostile input', async (row) => {
      const params = idsFor(row);
      const names = Object.keys(row.query?.properties ?? {});
      const paths = [
        ...parametersIn(row).flatMap((name) =>
          hostileSegments.map((segment) => vendorPath(auth0.prefix, row, { params }, { [name]: segment })),
        ),
        ...names.flatMap((name, i) =>
          sampled(hostileTexts, 2 * names.length, i).map((text) =>
            vendorPath(auth0.prefix, row, { params, query: { [name]: text } }),
          ),
        ),
      ];
      await inParallel(paths, async (path) => expectAuth0(await ask(row, path), path.slice(0, 100)));
      if (row.verb === 'GET' || row.uploads) return;
      const path = vendorPath(auth0.prefix, row, { params });
      await inParallel(hostileBodies, async ({ what, value }) =>
        expectAuth0(await ask(row, path, { raw: value as string }), what),
      );
    });
  });

  describe('access to rw3iss', () => {
    let bad: Record<string, string | null>;
    let nobody: string;
    beforeAll(async () => {
      const ended = await home.person();
      await home.call('POST /auth/logout', { body: { refresh_token: ended.refreshToken } });
      bad = {
        none: null,
        'no token': 'x',
        'a native one': await walk.server.token(),
        'one of the other dialect': await auth0Token(auth0Scopes),
        'one of another tenant': await other.admin(),
        'one whose session was ended': ended.token,
      };
      nobody = (await home.person()).token;
    });

    it.each(rw3iss.rows)('$verb $path lets in whom it is for, and a change leaves its event', async (row) => {
      const target = targetOf(row);
      const call = await home.valid(row);
      for (const [what, bearer] of row.scopes.length > 0 ? Object.entries(bad) : []) {
        const answer = await home.call(target, { ...call, bearer });
        expectRw3iss(answer, what);
        expect(answer.status, what).toBe(401);
      }
      if (isGated(row)) {
        const answer = await home.call(target, { ...call, bearer: nobody });
        expectRw3iss(answer, 'without the role');
        expect(answer.status, answer.text).toBe(403);
      }
      // Nothing of it was done: the very same call still succeeds.
      const answer = await home.call(target, call);
      expect(answer.status, answer.text).toBe(row.status);
      const count = await eventsOf(answer);
      if (isRead(row)) expect(count).toBe(0);
      else expect(count).toBeGreaterThan(0);
    });
  });

  describe('hostile input to rw3iss', () => {
    it.each(rw3iss.rows.filter((row) => parametersIn(row).length > 0))('$verb $path takes no odd id', async (row) => {
      const call = await home.valid(row);
      const odd = parametersIn(row).flatMap((name) => hostileSegments.map((segment) => ({ name, segment })));
      await inParallel(odd, async ({ name, segment }) => {
        const path = vendorPath(rw3iss.prefix, row, call, { [name]: segment });
        const answer = await home.ask(targetOf(row), path, call);
        const what = `${name}=${segment.slice(0, 40)}`;
        expectRw3iss(answer, what);
        if (name !== NAME) expect([400, 404], `${what}: ${answer.text}`).toContain(answer.status);
      });
    });

    it.each(rw3iss.rows)('$verb $path breaks over no query', async (row) => {
      const call = await home.valid(row);
      const names = Object.keys(row.query?.properties ?? {});
      const ask = async (query: Required<VendorCall>['query'], what: string) => {
        const answer = await home.call(targetOf(row), { ...call, query });
        expectRw3iss(answer, what);
        return answer;
      };
      await inParallel(wrongQueries(row as never), async ({ what, query }) =>
        expect((await ask(query, what)).status, what).toBe(400),
      );
      const odd = names.flatMap((name, i) => sampled(hostileTexts, names.length, i).map((text) => ({ name, text })));
      await inParallel(odd, ({ name, text }) => ask({ [name]: text }, `${name}=${text.slice(0, 40)}`));
    });

    it.each(rw3iss.rows.filter(({ verb }) => verb !== 'GET'))('$verb $path breaks over no body', async (row) => {
      const { bearer: _own, ...call } = await home.valid(row);
      const ask = async (more: Pick<VendorCall, 'body' | 'raw'>, what: string) => {
        const answer = await home.call(targetOf(row), { ...call, ...more });
        expectRw3iss(answer, what);
        return answer;
      };
      await inParallel(hostileBodies, ({ what, value }) => ask({ raw: value as string }, what));
      if (!row.body) return;
      const good = (call.body ?? {}) as Record<string, unknown>;
      await inParallel(sampled(wrongBodies(row.body as Schema, good), 1), async ({ what, value }) => {
        const answer = await ask({ body: value }, what);
        expect(answer.status, `${what}: ${answer.text}`).toBe(400);
      });
      await inParallel(hostileMembers(row.body as Schema, good), ({ what, value }) => ask({ body: value }, what));
    });

    it.each(['/nowhere', '/%00', '/%', '/', ''])('%s below the prefix is told in the envelope', async (path) => {
      const answer = await home.ask('GET /auth/me', `${rw3iss.prefix}${path}`);
      expectRw3iss(answer, path);
      expect([400, 404], answer.text).toContain(answer.status);
    });
  });

  describe('isolation in rw3iss', () => {
    it('an administrator sees and changes nothing of another tenant by its ids', { timeout: 60_000 }, async () => {
      const calls: { row: DialectRow; there: VendorCall; own: VendorCall }[] = [];
      for (const row of rw3iss.rows) calls.push({ row, there: await home.valid(row), own: await other.valid(row) });
      const before = await snapshotOf(walk.server, walk.home.tenantNum);
      expect(Object.keys(before).length).toBeGreaterThan(30);
      const ids = JSON.stringify(before).match(NATIVE_ID) ?? [];
      const secrets = new Set(ids.flatMap((id) => [id, uuidOf(id)]));
      expect(secrets.size).toBeGreaterThan(200);
      // What was asked for is in this tenant's own audit log from then on.
      const known = new Set<string>();
      for (const { row, there, own } of calls) {
        const target = targetOf(row);
        for (const call of mixesOf(there, own)) {
          const { status, text, ...answer } = await other.call(target, call);
          const what = `${target} ${JSON.stringify(call)}: ${text}`;
          expectRw3iss({ status, text, ...answer }, what);
          for (const id of idsIn(call)) known.add(id);
          const shown = [...(text.match(UUID) ?? []), ...(text.match(NATIVE_ID) ?? [])];
          expect(
            shown.filter((id) => secrets.has(id) && !known.has(id)),
            what,
          ).toEqual([]);
          const isForeign = Object.entries(call.params ?? {}).some(
            ([name, id]) => name !== NAME && id !== own.params?.[name],
          );
          if (isForeign && !LENIENT.has(target)) expect([400, 403, 404], what).toContain(status);
        }
      }
      expect(await snapshotOf(walk.server, walk.home.tenantNum)).toEqual(before);
      for (const { row, there } of calls) {
        const answer = await home.call(targetOf(row), there);
        expect(answer.status, `${targetOf(row)}: ${answer.text}`).toBe(row.status);
      }
    });

    it('tokens of one tenant are none in another, and stay good in their own', async () => {
      const { token, refreshToken } = await home.person();
      const body = { refresh_token: refreshToken };
      for (const answer of [
        await other.call('GET /auth/me', { bearer: token }),
        await other.call('POST /auth/refresh', { body }),
      ])
        expect(answer).toMatchObject({ status: 401, body: { error: { code: 'TOKEN_INVALID' } } });
      await other.call('POST /auth/logout', { body });
      expect((await home.call('GET /auth/me', { bearer: token })).status).toBe(200);
      expect((await home.call('POST /auth/refresh', { body })).status).toBe(200);
    });
  });
});
