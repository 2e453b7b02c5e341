/** Imports, exports and verification mails: files that real clients send, and what comes of them. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readMail } from '@reeve/testkit';
import { expect, vi } from 'vitest';
import { CONNECTION, type Made, type Run, scenario, type User } from '../scenario.ts';

interface Job extends Made {
  readonly status: string;
  readonly location?: string;
}
interface Failed {
  readonly user: { readonly email?: string };
  readonly errors: readonly { readonly code: string }[];
}

/** Waits until the job has ended; how often it asks is not part of the trace. */
const ended = (run: Run, id: string): Promise<Job> =>
  vi.waitFor(
    async () => {
      const job = await run.quiet<Job>('jobs.get', { id });
      expect(['completed', 'failed']).toContain(job.status);
      return job;
    },
    { timeout: 60_000, interval: 20 },
  );

const sha256 = (password: string) => ({
  algorithm: 'sha256',
  hash: { value: createHash('sha256').update(password).digest('hex'), encoding: 'hex' },
});

const upload = (run: Run, more: object = {}) => ({
  connection_id: run.world.connectionId,
  send_completion_email: false,
  ...more,
});

/** Of these four one is taken; and the reasons why the others are not. */
const fourUsers = async (run: Run) => {
  const [old, fresh, wrong] = [run.mail('old'), run.mail('fresh'), run.mail('wrong')];
  await run.user('old', { name: 'Before' });
  const users = [
    { email: fresh, email_verified: true, custom_password_hash: sha256('from elsewhere'), app_metadata: { plan: 'x' } },
    { email: old, name: 'After' },
    { email: wrong, email_verified: 'yes' },
    { email: fresh.toUpperCase() },
  ];
  const check = async (id: string) => {
    await ended(run, id);
    expect(await run.call<Job>('jobs.get', { id })).toMatchObject({
      status: 'completed',
      summary: { failed: 3, inserted: 1, updated: 0, total: 4 },
    });
    const failed = await run.call<Failed[]>('jobs.errors', { id });
    expect(failed.map(({ user, errors }) => [user.email, errors[0]?.code])).toEqual([
      [old, 'CONFLICT_EMAIL'],
      [wrong, 'INVALID_TYPE'],
      [fresh.toUpperCase(), 'DUPLICATED_USER'],
    ]);
    expect((await run.signIn(fresh, { password: 'from elsewhere' })).status).toBe(200);
    expect((await run.signIn(fresh, { password: 'from nowhere' })).status).toBeGreaterThanOrEqual(400);
  };
  return { users, old, check };
};

const imports = scenario(
  'imports, their jobs, and their errors',
  ['jobs.importUsers', 'jobs.importUsersJob', 'jobs.get', 'jobs.errors'],
  async (run) => {
    const { users: content, old, check } = await fourUsers(run);
    const users = join(run.world.server.dir, `${run.tag}.json`);
    await writeFile(users, JSON.stringify(content));
    const answer = await run.quiet<{ status: number; data: Job }>('jobs.importUsers', upload(run, { users }));
    run.saw('the whole answer', { status: answer.status, data: answer.data });
    expect(answer).toMatchObject({
      status: 202,
      data: { type: 'users_import', status: 'pending', connection: CONNECTION },
    });
    await check(answer.data.id);

    const change = upload(run, { users_json: JSON.stringify([{ email: old, name: 'After' }]), upsert: true });
    const { id } = await run.call<Job>('jobs.importUsersJob', change);
    expect(await ended(run, id)).toMatchObject({ summary: { failed: 0, inserted: 0, updated: 1, total: 1 } });
    expect(await run.call<User[]>('users.getByEmail', old)).toMatchObject([{ email: old, name: 'After' }]);
    await run.call('jobs.errors', { id });
    expect((await run.refused(404, 'jobs.get', { id: 'job_0000000000000000' })).errorCode).toBe('inexistent_job');
    const nowhere = upload(run, { users, connection_id: 'con_nowhere' });
    await run.refused(400, 'jobs.importUsersJob', nowhere);
    await run.refused(400, 'jobs.importUsers', nowhere);
  },
  { lines: 'legacy', isSlow: true },
);

const modernImport = scenario(
  'an import, its job, and its errors',
  ['jobs.importUsersJob', 'jobs.get', 'jobs.errors'],
  async (run) => {
    const { users, check } = await fourUsers(run);
    const started = await run.call<Job>('jobs.importUsersJob', upload(run, { users_json: JSON.stringify(users) }));
    expect(started).toMatchObject({ type: 'users_import', status: 'pending', connection: CONNECTION });
    await check(started.id);
  },
  { lines: 'modern' },
);

const exported = scenario('an export', ['jobs.exportUsers'], async (run) => {
  const { id: connection_id } = await run.call('connections.create', { name: run.tag, strategy: 'auth0' });
  const user = { connection: run.tag, email: run.mail('exported'), name: '=say "hi"', app_metadata: { plan: 'gold' } };
  await run.call<User>('users.create', user);
  const fileOf = async (more: object) => {
    const { id } = await run.call<Job>('jobs.exportUsers', { connection_id, ...more });
    const { status, location } = await ended(run, id);
    expect(status).toBe('completed');
    const answer = await fetch(location as string);
    expect(answer.status).toBe(200);
    const text = gunzipSync(Buffer.from(await answer.arrayBuffer())).toString();
    run.saw('file', text);
    return text;
  };
  const fields = [{ name: 'email' }, { name: 'identities[0].connection', export_as: 'from' }, { name: 'app_metadata' }];
  expect(JSON.parse(await fileOf({ format: 'json', fields }))).toEqual({
    email: user.email,
    from: run.tag,
    app_metadata: { plan: 'gold' },
  });
  const columns = [{ name: 'email' }, { name: 'name', export_as: 'Name' }];
  expect(await fileOf({ format: 'csv', fields: columns })).toBe(`email,Name\n"'${user.email}","'=say ""hi"""\n`);
  expect((await run.refused(400, 'jobs.exportUsers', { format: 'xml' })).errorCode).toBe('invalid_body');
  await run.call('connections.delete', { id: connection_id });
});

const mail = scenario('a verification mail', ['jobs.verifyEmail'], async (run) => {
  const { user_id, email } = await run.user('mailed', { email_verified: false, verify_email: false });
  const job = await run.call<Job>('jobs.verifyEmail', { user_id });
  expect(job).toMatchObject({ type: 'verification_email' });
  expect(await ended(run, job.id)).toMatchObject({ status: 'completed' });
  const { link, ticket } = await readMail(run.world.server, email);
  const { origin, pathname } = new URL(link);
  expect((await fetch(origin + pathname, { method: 'POST', body: new URLSearchParams({ ticket }) })).status).toBe(200);
  expect(await run.call<User>('users.get', { id: user_id })).toMatchObject({ email_verified: true });
  await run.refused(400, 'jobs.verifyEmail', { user_id: 'auth0|nobody' });
});

export const jobs = [imports, modernImport, exported, mail];
