/** Rules as they are kept: their names and places, their scripts, and what is told of a change. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Rule {
  readonly id: string;
  readonly name: string;
  readonly order: number;
  readonly enabled: boolean;
}

const PASS = 'function (user, context, callback) { callback(null, user, context); }';

describe.each(databaseKinds)('rules on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const make = async (body: object): Promise<Rule & { etag: string }> => {
    const answer = await server.api('POST', '/rules', { script: PASS, enabled: false, ...body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return { ...(answer.body as Rule), etag: answer.headers.get('etag') as string };
  };

  it('runs a new rule last, and lists rules in their order', async () => {
    const third = await make({ name: 'Third', order: 30 });
    const last = await make({ name: 'Last' });
    expect(last.order).toBe(31);
    const first = await make({ name: 'First', order: 5, enabled: true });
    const { body } = await server.api('GET', '/rules');
    expect((body as { rules: Rule[] }).rules.map(({ name }) => name)).toEqual(['First', 'Third', 'Last']);
    const page = (await server.api('GET', '/rules?limit=2')).body as { rules: Rule[]; next_cursor: string };
    expect(page.rules.map(({ id }) => id)).toEqual([first.id, third.id]);
    const rest = (await server.api('GET', `/rules?limit=2&cursor=${page.next_cursor}`)).body;
    expect(rest).toMatchObject({ rules: [{ id: last.id }], next_cursor: null });
    const enabled = (await server.api('GET', '/rules?enabled=true')).body as { rules: Rule[] };
    expect(enabled.rules.map(({ id }) => id)).toEqual([first.id]);
    for (const id of [first.id, third.id, last.id])
      expect((await server.api('DELETE', `/rules/${id}`)).status).toBe(204);
  });

  it('gives rules that are made at once places of their own', async () => {
    const made = await Promise.all(Array.from({ length: 6 }, (_, i) => make({ name: `At once ${i}` })));
    expect(new Set(made.map(({ order }) => order)).size).toBe(6);
  });

  it('refuses a name or a place that is taken', async () => {
    const rule = await make({ name: 'Taken-1', order: 700 });
    const again = await server.api('POST', '/rules', { name: 'tAKEN-1', script: PASS });
    expect(again).toMatchObject({ status: 409, body: { code: 'name_taken', errors: [{ field: 'name' }] } });
    const place = await server.api('POST', '/rules', { name: 'Other', script: PASS, order: 700 });
    expect(place).toMatchObject({ status: 409, body: { code: 'conflict', errors: [{ field: 'order' }] } });
    const other = await make({ name: 'Other', order: 701 });
    const moved = await server.api('PATCH', `/rules/${other.id}`, { order: 700 });
    expect(moved).toMatchObject({ status: 409, body: { code: 'conflict' } });
    const renamed = await server.api('PATCH', `/rules/${other.id}`, { name: rule.name });
    expect(renamed.body).toMatchObject({ code: 'name_taken' });
    for (const name of ['-x', 'x-', 'x_y', '', 'x'.repeat(129), 'é'])
      expect((await server.api('POST', '/rules', { name, script: PASS })).status, name).toBe(400);
  });

  it('refuses a script that is no function, and names the line', async () => {
    const broken = await server.api('POST', '/rules', {
      name: 'Broken',
      script: 'function (user, context, callback) {\n  const x = ;\n}',
    });
    expect(broken).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ field: 'script', code: 'script' }] },
    });
    expect(JSON.stringify(broken.body)).toContain('line 2');
    for (const script of ['42', '({})', 'var x = 1', 'while (true) {}', '(() => { while (true) {} })()'])
      expect((await server.api('POST', '/rules', { name: 'Broken', script })).status, script).toBe(400);
    const rule = await make({ name: 'Whole', script: `// what it is for\n${PASS.replace(')', ') ')};\n` });
    expect((await server.api('PATCH', `/rules/${rule.id}`, { script: 'nonsense(' })).status).toBe(400);
    expect((await server.api('GET', `/rules/${rule.id}`)).headers.get('etag')).toBe('"v1"');
    const long = `${PASS}//${'x'.repeat(102_400)}`;
    expect((await server.api('POST', '/rules', { name: 'Long', script: long })).status).toBe(400);
  });

  it('changes under If-Match, and tells of the script by its digest alone', async () => {
    const rule = await make({ name: 'Told', script: 'function secretive(u, c, callback) { callback(null, u, c); }' });
    const changed = await server.api(
      'PATCH',
      `/rules/${rule.id}`,
      { enabled: true, script: PASS },
      { 'if-match': rule.etag },
    );
    expect(changed.body).toMatchObject({ enabled: true, script: PASS, order: rule.order });
    expect(changed.headers.get('etag')).toBe('"v2"');
    expect((await server.api('PATCH', `/rules/${rule.id}`, { enabled: false }, { 'if-match': rule.etag })).status).toBe(
      412,
    );
    expect((await server.api('PATCH', `/rules/${rule.id}`, { enabled: true })).headers.get('etag')).toBe('"v2"');
    expect((await server.api('DELETE', `/rules/${rule.id}`)).status).toBe(204);
    expect((await server.api('GET', `/rules/${rule.id}`)).status).toBe(404);
    const { body } = await server.api('GET', `/audit?target=${rule.id}&order=asc`);
    const { events } = body as { events: { event_type: string; data: unknown }[] };
    expect(events.map(({ event_type }) => event_type)).toEqual(['rule.created', 'rule.updated', 'rule.deleted']);
    expect(JSON.stringify(events)).not.toContain('secretive');
    expect(events[1]?.data).toMatchObject({
      before: { enabled: false, script_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      after: { enabled: true, script_length: PASS.length },
    });
  });
});
