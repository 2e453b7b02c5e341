/** Figures of the tenant by day, computed from the audit log. */
import { route } from '../route.ts';
import { array, instant, integer, object, optional, type Static, string } from '../schema.ts';

const date = (description: string) => optional(string({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description }));

const day = object({
  date: string({ description: 'A day in UTC, `YYYY-MM-DD`' }),
  sign_ins: integer({ description: 'Sign-ins that succeeded' }),
  sign_ups: integer({ description: 'Users that were created, in whatever way' }),
  leaked_passwords: integer({ description: 'Always 0: no list of leaked passwords is asked' }),
  updated_at: instant({ description: 'Up to when the figures count' }),
});
export type DailyStats = Static<typeof day>;

/** Counts sign-ins and new users by day (UTC), oldest first; days without any are told, too. At most 366 days. */
export const daily = route('GET /stats/daily', {
  scope: 'users:read',
  query: object({
    from: date('The first day; default: 29 days before the last one'),
    to: date('The last day; default: today'),
  }),
  response: object({ days: array(day) }),
});

/** Counts the users who have signed in during the last 30 days. */
export const activeUsers = route('GET /stats/active-users', {
  scope: 'users:read',
  response: object({ active_users: integer() }),
});
