/** Every operation, called by those who may not: refused before anything is read or done, and the refusal is on record. */
import { type Event, scopes } from '@reeve/contract';
import { databaseKinds } from '@reeve/testkit';
import { halfOf, startWalk, validCall, type Walk } from '@reeve/testkit/walk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('access to every operation on %s', (kind) => {
  let walk: Walk;
  let bad: Record<string, string | null>;
  beforeAll(async () => {
    walk = await startWalk(kind);
    const good = await walk.server.token();
    const [head, claims, signature = ''] = good.split('.');
    const otherClaims = Buffer.from(
      Buffer.from(claims as string, 'base64url')
        .toString()
        .replace('"azp"', '"asp"'),
    );
    const unsigned = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    bad = {
      none: null,
      'not a token': 'x',
      'an altered one': `${head}.${otherClaims.toString('base64url')}.${signature}`,
      'an altered signature': `${head}.${claims}.${signature.slice(0, -4)}AAAA`,
      'an unsigned one': `${unsigned}.${claims}.`,
      'an expired one': await walk.server.token(scopes, { exp: 1 }),
      'one for another audience': await walk.server.token(scopes, { aud: 'https://elsewhere.example' }),
      'one of an unknown application': await walk.server.token(scopes, { azp: 'nobody' }),
    };
  });
  afterAll(() => walk.stop());

  const recorded = async (requestId: string): Promise<Event | undefined> => {
    const { body } = await walk.home.call('audit.list', { query: { request_id: requestId } });
    const { events } = body as { events: Event[] };
    expect(events.length).toBe(1);
    return events[0];
  };

  it.each(halfOf(kind))('$id refuses strangers and whoever lacks its scope', async ({ id, route }) => {
    const call = await validCall(walk.home, id, route);
    for (const [what, token] of Object.entries(bad)) {
      const answer = await walk.home.call(id, call, token);
      expect(answer.status, what).toBe(401);
      expect(answer.headers.get('www-authenticate'), what).toMatch(/^Bearer /);
      const event = await recorded(answer.requestId);
      expect(event).toMatchObject({ event_type: 'request.refused', actor: { type: 'anonymous' } });
    }
    expect(route.scope).not.toBeNull();
    const others = await walk.server.token(scopes.filter((scope) => scope !== route.scope));
    const answer = await walk.home.call(id, call, others);
    expect([answer.status, answer.code]).toEqual([403, 'insufficient_scope']);
    expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope');
    expect(await recorded(answer.requestId)).toMatchObject({
      event_type: 'request.refused',
      actor: { type: 'application' },
      data: { code: 'insufficient_scope', status: 403, verb: route.verb },
    });
    // Nothing of it was done: the very same call still succeeds, with no more than the one scope.
    const enough = await walk.server.token([route.scope as string]);
    expect((await walk.home.call(id, call, enough)).status).toBe(route.status);
  });

  it('refuses another tenant’s token here, and this one’s there', async () => {
    const here = await walk.server.token();
    expect((await walk.other.call('users.list', {}, here)).code).toBe('unauthenticated');
  });

  it('refuses a body before it is read', async () => {
    const answer = await walk.home.call('users.create', { raw: '{"email":' }, null);
    expect(answer.status).toBe(401);
  });
});
