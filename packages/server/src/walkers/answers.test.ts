/** Every operation, called as it should be: the answer is what the contract says, and a change left its event. */
import type { Event, Route } from '@reeve/contract';
import { type NamedRoute, routes } from '@reeve/contract/native';
import { databaseKinds } from '@reeve/testkit';
import { idsFor, NAMES, startWalk, validCall, type Walk } from '@reeve/testkit/walk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const changes = (route: Route): boolean => route.emits !== undefined;
/** The operation that shows the version of what a route changes: of the nearest thing above it that has one. */
const readingOf = ({ path }: Route) =>
  routes
    .filter(({ route }) => route.verb === 'GET' && route.etag && path.startsWith(route.path))
    .toSorted((a, b) => b.route.path.length - a.route.path.length)[0] as NamedRoute;
const honoursIfMatch = ({ fails }: Route): boolean => fails?.includes('precondition_failed') === true;

/** Asked by POST, because their question is a body. */
const QUESTIONS = new Set(['users.lookup', 'users.explain']);

describe.each(databaseKinds)('every operation on %s', (kind) => {
  let walk: Walk;
  beforeAll(async () => {
    walk = await startWalk(kind);
  });
  afterAll(() => walk.stop());

  const eventsOf = async (requestId: string): Promise<Event[]> => {
    const { body } = await walk.home.call('audit.list', { query: { request_id: requestId, limit: '100' } });
    return (body as { events: Event[] }).events;
  };

  it.each(routes)('$id answers as declared, and leaves the events that it declares', async ({ id, route }) => {
    const answer = await walk.home.call(id, await validCall(walk.home, id, route));
    expect(answer.status, answer.text).toBe(route.status);
    const events = await eventsOf(answer.requestId);
    expect(route.verb === 'GET' || QUESTIONS.has(id) || changes(route), 'a change declares events').toBe(true);
    if (changes(route)) expect(events.length, 'no event').toBeGreaterThan(0);
    for (const { event_type, actor } of events) {
      expect(route.emits).toContain(event_type);
      expect(actor.type).toBe('application');
    }
  });

  it.each(routes.filter(({ route }) => honoursIfMatch(route)))('$id refuses a stale version', async ({ id, route }) => {
    const call = await validCall(walk.home, id, route);
    const read = readingOf(route).id;
    const before = await walk.home.call(read, call);
    const stale = await walk.home.call(id, { ...call, headers: { 'if-match': '"v999"' } });
    expect([stale.status, stale.code]).toEqual([412, 'precondition_failed']);
    const after = await walk.home.call(read, call);
    expect([after.text, after.headers.get('etag')]).toEqual([before.text, before.headers.get('etag')]);
    const headers = { 'if-match': before.headers.get('etag') as string };
    expect((await walk.home.call(id, { ...call, headers })).status).toBe(route.status);
  });

  it.each(routes.filter(({ route }) => route.items && !/\{/.test(route.path)))(
    '$id goes through its pages, none twice, and refuses limits out of range',
    async ({ id, route }) => {
      const items = route.items as string;
      const idOf = (item: unknown) => JSON.stringify(item);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query = { limit: '2', ...(cursor === null ? {} : { cursor }) };
        const { body, status, text } = await walk.home.call(id, { query });
        expect(status, text).toBe(200);
        const page = body as Record<string, unknown[]> & { next_cursor: string | null };
        seen.push(...(page[items] as unknown[]).map(idOf));
        cursor = page.next_cursor;
      } while (cursor !== null && seen.length < 40);
      expect(new Set(seen).size).toBe(seen.length);
      for (const limit of ['0', '101', '-1', '1.5', '']) {
        const refused = await walk.home.call(id, { query: { limit } });
        expect([refused.status, refused.code], limit).toEqual([400, 'invalid_request']);
      }
      for (const wrong of ['x', 'WyJ4Il0', '%00', '🂡']) {
        const refused = await walk.home.call(id, { query: { cursor: wrong } });
        expect(refused.status, wrong).toBe(400);
      }
    },
  );

  it.each(routes.filter(({ route }) => route.path.includes('{')))(
    '$id finds nothing under ids that name nothing',
    async ({ id, route }) => {
      const call = await validCall(walk.home, id, route);
      const names = Object.keys(await idsFor(walk.home, route)).filter((name) => !NAMES.has(name));
      for (const name of names) {
        for (const wrong of [
          'x',
          'usr_',
          `${'A'.repeat(900)}`,
          '..',
          '%2e%2e',
          'a/../b',
          '\0',
          '日本',
          "' or 1=1 --",
          '{}',
        ]) {
          const answer = await walk.home.call(id, { ...call, params: { ...call.params, [name]: wrong } });
          expect([answer.status, answer.code], `${name}=${wrong}`).toEqual([404, 'not_found']);
        }
      }
    },
  );
});
