/** `/stats`: figures by day, and the bare number of active users. */
import { object, optional, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, fieldProblem, operations, resultOf, row } from '@reeve/core';

const date = optional(string({ pattern: '^\\d{8}$' }));
const dailyQuery = object({ from: date, to: date });

/** `20240131` as the directory writes a day. */
const dayOf = (text: string): string => `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;

async function daily({ work, query }: DialectCall<{ from?: string; to?: string }>) {
  const { from, to } = query;
  if (from !== undefined && to !== undefined && from > to)
    throw fieldProblem('from', 'range', 'from must not be later than to');
  const { days } = resultOf(
    await operations.stats.daily(work, {
      query: { ...(from === undefined ? {} : { from: dayOf(from) }), ...(to === undefined ? {} : { to: dayOf(to) }) },
      body: undefined,
    }),
  );
  return days.map(({ date: day, sign_ins, sign_ups, leaked_passwords, updated_at }) => ({
    date: `${day}T00:00:00.000Z`,
    logins: sign_ins,
    signups: sign_ups,
    leaked_passwords,
    created_at: `${day}T00:00:00.000Z`,
    updated_at,
  }));
}

const activeUsers = async ({ work }: DialectCall) =>
  resultOf(await operations.stats.activeUsers(work, { query: undefined, body: undefined })).active_users;

const badDays = { invalid_request: { status: 400, code: 'invalid_query_string' } } as const;

export const stats: readonly DialectRow[] = [
  row('GET /stats/daily', { scopes: ['read:stats'], query: dailyQuery, problems: badDays, run: daily }),
  row('GET /stats/active-users', { scopes: ['read:stats'], run: activeUsers }),
];
