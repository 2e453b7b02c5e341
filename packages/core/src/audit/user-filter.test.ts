/** What was done by and to a user: one filter over two indexes. */
import type { Event } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('events of a user on %s', (kind) => {
  let server: TestServer;
  let userId: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    const { body } = await server.api('POST', '/users', {
      email: 'both@audit.example',
      password: 'correct horse battery',
    });
    userId = (body as { id: string }).id;
    await server.api('POST', '/users', { email: 'other@audit.example' });
    await server.api('PATCH', `/users/${userId}`, { nickname: 'Both' });
    const signedIn = await fetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grant_type: 'password',
        username: 'both@audit.example',
        password: 'correct horse battery',
        client_id: 'test-management',
        client_secret: 'test-management-secret-0123456789',
      }),
    });
    expect(signedIn.status).toBe(200);
  });
  afterAll(() => server.stop());

  interface Page {
    readonly events: Event[];
    readonly next_cursor: string | null;
    readonly total?: number;
  }
  const list = async (query: string): Promise<Page> => (await server.api('GET', `/audit?${query}`)).body as Page;

  it('are each told once, in order, whichever side the user is on', async () => {
    const { events, total } = await list(`user=${userId}&limit=100&include_total=true`);
    expect(total).toBe(events.length);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(events.map(({ id }) => id)).toEqual(
      events
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );
    expect(events.every(({ actor, target }) => actor.id === userId || target.id === userId)).toBe(true);
    const types = events.map(({ event_type }) => event_type);
    expect(types).toEqual(
      expect.arrayContaining(['user.created', 'user.updated', 'user.signed_in', 'session.created']),
    );
    // Done by the user, to something else.
    expect(events.some(({ actor, target }) => actor.id === userId && target.id !== userId)).toBe(true);
  });

  it('are paged, counted and narrowed by type', async () => {
    const all = (await list(`user=${userId}&limit=100`)).events.map(({ id }) => id);
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Page = await list(`user=${userId}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      paged.push(...page.events.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(all);
    const narrowed = await list(`user=${userId}&event_types=user.updated,user.signed_in&include_total=true`);
    expect(narrowed.events.map(({ event_type }) => event_type).sort()).toEqual(['user.signed_in', 'user.updated']);
    expect(narrowed.total).toBe(2);
    const counted = await list('event_types=user.created,user.updated&include_total=true&limit=1');
    expect(counted.total).toBe(4);
  });

  it('are read one by one', async () => {
    const [event] = (await list(`user=${userId}&limit=1`)).events;
    expect((await server.api('GET', `/audit/${event?.id}`)).body).toEqual(event);
    expect((await server.api('GET', '/audit/evt_none')).status).toBe(404);
  });
});
