/** What was done, and figures of it. */
import { expect } from 'vitest';
import { type Run, scenario } from '../scenario.ts';

interface Log extends Record<string, unknown> {
  readonly log_id: string;
  readonly type: string;
  readonly user_id?: string;
}
interface Day extends Record<string, unknown> {
  readonly date: string;
  readonly logins: number;
  readonly signups: number;
}

const logs = scenario('logs', ['users.logs', 'logs.getAll', 'logs.get'], async (run) => {
  const { user_id: id, email } = await run.user('logged');
  expect((await run.signIn(email)).status).toBe(200);
  expect((await run.signIn(email, { password: 'wrong' })).status).toBeGreaterThanOrEqual(400);
  await run.call('users.update', { id }, { nickname: 'logged' });
  const own = await run.call<Log[]>('users.logs', { id });
  expect(own.map(({ type }) => type)).toEqual(expect.arrayContaining(['s', 'fp']));
  const [signedIn] = own.filter(({ type }) => type === 's');
  expect(signedIn).toMatchObject({ user_id: id });
  const found = await run.call<Log[]>('logs.getAll', { q: `type:"fp" AND user_id:"${id}"`, sort: 'date:-1' });
  expect(found).toMatchObject([{ type: 'fp', user_id: id }]);
  const one = await run.call<Log>('logs.get', { id: signedIn?.log_id });
  expect(one).toMatchObject({ log_id: signedIn?.log_id, type: 's', user_id: id });
  await run.refused(404, 'users.logs', { id: 'auth0|nobody' });
  await run.refused(400, 'logs.getAll', { q: 'type:(' });
});

const paged = scenario(
  'logs, page by page',
  ['logs.getAll', 'users.logs'],
  async (run) => {
    const { user_id: id, email } = await run.user('paged');
    for (let i = 0; i < 3; i++) expect((await run.signIn(email)).status).toBe(200);
    const page = await run.call<Record<string, unknown>>('logs.getAll', {
      q: `type:s AND user_id:"${id}"`,
      include_totals: true,
      per_page: 2,
      page: 1,
    });
    expect(page).toMatchObject({ start: 2, limit: 2, length: 1, total: 3 });
    expect(page.logs).toHaveLength(1);
    const ofUser = await run.call<Record<string, unknown>>('users.logs', { id, include_totals: true, per_page: 1 });
    expect(ofUser).toMatchObject({ start: 0, limit: 1, length: 1 });
    const since = await run.quiet<Log[]>('logs.getAll', { take: 5 });
    const next = await run.quiet<Log[]>('logs.getAll', { from: since.at(-1)?.log_id, take: 5 });
    expect(since).toHaveLength(5);
    expect(next.map((log) => log.log_id)).not.toContain(since.at(-1)?.log_id);
  },
  { lines: 'legacy' },
);

/** From a day on, so that midnight may pass between two looks. */
const figures = async (run: Run, from: string) => {
  const active = await run.quiet<number>('stats.getActiveUsersCount');
  const days = await run.quiet<Day[]>('stats.getDaily', { from });
  const sum = (name: 'logins' | 'signups') => days.reduce((total, day) => total + day[name], 0);
  return { active, logins: sum('logins'), signups: sum('signups') };
};

const stats = scenario('figures', ['stats.getDaily', 'stats.getActiveUsersCount'], async (run) => {
  const today = new Date(run.world.server.clock.now()).toISOString().slice(0, 10).replaceAll('-', '');
  const before = await figures(run, today);
  const { email } = await run.user('counted');
  for (let i = 0; i < 2; i++) expect((await run.signIn(email)).status).toBe(200);
  const after = await figures(run, today);
  expect(after.active - before.active).toBe(1);
  expect(after.logins - before.logins).toBe(2);
  run.saw('more', { signups: after.signups - before.signups });
  await run.refused(400, 'stats.getDaily', { from: 'yesterday' });
});

export const records = [logs, paged, stats];
