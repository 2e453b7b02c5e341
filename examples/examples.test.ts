/** The examples are what the documentation shows, so each is run as a reader runs it; the people are what their generator makes. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bootServer, CLIENT_ID, CLIENT_SECRET, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeExamples } from '../scripts/make-examples.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const execute = promisify(execFile);

describe('people', () => {
  it('are what scripts/make-examples.ts makes', async () => {
    const { csv, expected } = makeExamples();
    expect(csv.equals(await readFile(join(here, 'people.csv')))).toBe(true);
    expect(JSON.parse(await readFile(join(here, 'people.expected.json'), 'utf8'))).toEqual(expected);
  });
});

// Each program is a process of its own, which takes its time on a busy machine.
describe('examples', { timeout: 60_000 }, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer('sqlite');
  });
  afterAll(() => server.stop());

  const run = async (name: string, ...args: string[]): Promise<string> => {
    const command = ['--conditions=reeve-source', join(here, name), ...args];
    const env = {
      PATH: process.env.PATH,
      REEVE_URL: server.url,
      REEVE_CLIENT_ID: CLIENT_ID,
      REEVE_CLIENT_SECRET: CLIENT_SECRET,
    };
    const { stdout, stderr } = await execute(process.execPath, command, { env, timeout: 30_000 });
    expect(stderr).toBe('');
    return stdout;
  };

  it('first-steps.ts creates, finds, changes and deletes someone', async () => {
    const lines = (await run('first-steps.ts')).trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^created usr_/),
      expect.stringMatching(/^found 1: ada\.\d+@example\.com$/),
      'changed: Countess, {"plan":"team","seats":3}',
      expect.stringMatching(/^refused: email_taken \(email\), request \S+$/),
      'deleted',
    ]);
    const { body } = await server.api('GET', '/users?search=lovelace');
    expect(body).toEqual({ users: [], next_cursor: null });
  });

  it('import-csv.ts imports, names the refused lines, and changes nothing the second time', async () => {
    const file = join(server.dir, 'some.csv');
    const rows = [
      'email,name,app_metadata.plan',
      'li@example.com,李雷,free',
      'no-address,Nobody,',
      'mei@example.org,韩梅梅,team',
    ];
    await writeFile(file, `${rows.join('\n')}\n`);
    const first = await run('import-csv.ts', file);
    expect(first).toContain('2 new, 0 changed, 1 refused\nline 3 (no-address), email: ');
    const { body } = await server.api('GET', '/users?email=LI@example.com');
    expect(body).toMatchObject({ users: [{ name: '李雷', app_metadata: { plan: 'free' } }] });
    expect(await run('import-csv.ts', file)).toContain('0 new, 2 changed, 1 refused');
    expect((await server.api('GET', '/users?search=%40example&include_total=true')).body).toMatchObject({ total: 2 });
  });

  it('offboard-user.ts disables, takes out of groups and shows the audit log', async () => {
    const { id } = (await server.api('POST', '/users', { email: 'leaver@example.net', email_verified: true })).body as {
      id: string;
    };
    const group = (await server.api('POST', '/groups', { name: 'Research' })).body as { id: string };
    await server.api('PUT', `/groups/${group.id}/members/${id}`);
    const output = await run('offboard-user.ts', 'leaver@example.net');
    expect(output).toContain('left Research\n');
    expect(output).toMatch(/ user\.created\n[\s\S]* user\.disabled\n[\s\S]* user\.updated\n$/);
    expect((await server.api('GET', `/users/${id}`)).body).toMatchObject({
      state: 'disabled',
      app_metadata: { offboarded_at: expect.any(String) },
    });
    expect((await server.api('GET', `/users/${id}/groups`)).body).toEqual({ groups: [], next_cursor: null });
  });

  it('offboard-user.ts fails for a stranger', async () => {
    await expect(run('offboard-user.ts', 'stranger@example.net')).rejects.toThrow('Nobody has the address');
  });

  it('audit-report.ts counts what happened', async () => {
    await server.api('POST', '/groups', { name: 'Counted' });
    const { events } = (await server.api('GET', '/audit?event_types=group.created&limit=100')).body as {
      events: unknown[];
    };
    expect(await run('audit-report.ts')).toMatch(new RegExp(`^ +${events.length}  group\\.created$`, 'm'));
  });
});
