/** What has done its work goes after its time; what somebody could still use stays, however old it is. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import type { Insertable } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keepHouse } from './housekeeping.ts';
import { firstIdAt, type Prefix } from './id.ts';
import { purgeOver, RETENTION } from './retention.ts';
import type { Tables } from './tables.ts';

const DAY = 86_400_000;
const SOON = 1000;

describe.each(databaseKinds)('retention on %s', (kind) => {
  let server: TestServer;
  let now: number;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    now = server.clock.now();
  });

  let made = 0;
  /** An id of `at`, unlike every other. */
  const idOf = (prefix: Prefix, at: number) => firstIdAt(prefix, at).slice(0, -8) + String(++made).padStart(8, '0');
  const put = async <T extends 'tickets' | 'mails' | 'jobs' | 'invitations' | 'job_errors'>(
    table: T,
    rows: readonly Insertable<Tables[T]>[],
  ): Promise<void> => {
    await server.work().write(async ({ db }) => {
      for (let i = 0; i < rows.length; i += 200)
        await db
          .insertInto(table)
          .values(rows.slice(i, i + 200) as never)
          .execute();
    });
  };
  const left = async (table: 'tickets' | 'mails' | 'jobs' | 'invitations', among: readonly { id: string }[]) => {
    const rows = await server.work().read((db) => db.selectFrom(table).select('id').execute());
    const ids = new Set(rows.map(({ id }) => id));
    return among.map(({ id }) => ids.has(id));
  };

  const ticket = (createdAt: number, expiresAt: number, consumedAt: number | null) => ({
    id: idOf('tkt', createdAt),
    tenant_id: server.tenant.id,
    kind: 'verify_email' as const,
    digest: `digest ${++made}`,
    user_id: null,
    invitation_id: null,
    email: 'someone@example.com',
    created_at: createdAt,
    expires_at: expiresAt,
    consumed_at: consumedAt,
  });
  const mail = (createdAt: number, state: Tables['mails']['state'], sentAt: number | null = null) => ({
    id: idOf('mai', createdAt),
    tenant_id: server.tenant.id,
    template: 'verify_email' as const,
    recipient: 'someone@example.com',
    user_id: null,
    invitation_id: null,
    payload: null,
    state,
    attempts: 1,
    // Far from due, so that no courier takes it.
    next_attempt_at: state === 'pending' ? now + 1000 * DAY : null,
    lease_until: null,
    last_error: null,
    created_at: createdAt,
    sent_at: sentAt,
  });
  const job = (createdAt: number, state: Tables['jobs']['state'], finishedAt: number | null) => ({
    id: idOf('job', createdAt),
    tenant_id: server.tenant.id,
    type: 'users_import' as const,
    state,
    mode: 'insert' as const,
    options: '{}',
    actor_id: null,
    idempotency_key: null,
    total: 0,
    digest: null,
    window_rows: 0,
    window_done: 0,
    inserted: 0,
    updated: 0,
    failed: 0,
    detail: null,
    lease_until: null,
    created_at: createdAt,
    updated_at: createdAt,
    finished_at: finishedAt,
  });
  const invitation = (
    createdAt: number,
    state: Tables['invitations']['state'],
    expiresAt: number,
    acceptedAt: number | null = null,
  ) => ({
    id: idOf('inv', createdAt),
    tenant_id: server.tenant.id,
    email: 'someone@example.com',
    email_key: 'someone@example.com',
    name: null,
    state,
    connection_id: 'con_x',
    organization_id: null,
    roles: '[]',
    groups: '[]',
    invited_by: null,
    user_id: null,
    sent_count: 1,
    lifetime: 604_800,
    open_key: null,
    created_at: createdAt,
    expires_at: expiresAt,
    accepted_at: acceptedAt,
  });

  it('takes links 30 days after they end, used or not', async () => {
    const over = now - RETENTION.tickets;
    const rows = [
      ticket(over - 2 * DAY, over - SOON, null),
      ticket(over - 2 * DAY, over - SOON, over - DAY),
      ticket(over - 2 * DAY, over + SOON, null),
      ticket(over - 60 * DAY, now + DAY, null),
      ticket(now - DAY, now + DAY, now),
    ];
    await put('tickets', rows);
    expect(await purgeOver(server.services)).toBe(2);
    expect(await left('tickets', rows)).toEqual([false, false, true, true, true]);
  });

  it('takes mails that are sent, withdrawn or given up for good, and none that waits', async () => {
    const over = now - RETENTION.mails;
    const long = now - RETENTION.failedMails;
    const rows = [
      mail(over - DAY, 'sent', over - SOON),
      mail(over - DAY, 'sent', over + SOON),
      mail(over - SOON, 'cancelled'),
      mail(over + SOON, 'cancelled'),
      mail(long - SOON, 'failed'),
      mail(long + SOON, 'failed'),
      mail(long - 100 * DAY, 'pending'),
    ];
    await put('mails', rows);
    expect(await purgeOver(server.services)).toBe(3);
    expect(await left('mails', rows)).toEqual([false, true, false, true, false, true, true]);
  });

  it('takes jobs that ended, with all of their failed rows, and none that can be resumed', async () => {
    const over = now - RETENTION.jobs;
    const rows = [
      job(over - DAY, 'completed', over - SOON),
      job(over - DAY, 'failed', over - SOON),
      job(over - DAY, 'completed', over + SOON),
      job(over - DAY, 'interrupted', null),
      job(over - DAY, 'running', null),
    ];
    await put('jobs', rows);
    const failed = ({ id }: { id: string }, count: number) =>
      Array.from({ length: count }, (_, i) => ({
        tenant_id: server.tenant.id,
        job_id: id,
        line: i + 1,
        position: 0,
        key: null,
        folded_key: null,
        code: 'unique',
        field: null,
        message: 'taken',
      }));
    const [large, , kept] = rows as [{ id: string }, unknown, { id: string }];
    await put('job_errors', [...failed(large, 1234), ...failed(kept, 3)]);
    expect(await purgeOver(server.services)).toBe(2);
    expect(await left('jobs', rows)).toEqual([false, false, true, true, true]);
    const errors = await server.work().read((db) => db.selectFrom('job_errors').select('job_id').execute());
    expect(errors).toEqual([kept, kept, kept].map(({ id }) => ({ job_id: id })));
  });

  it('takes invitations 90 days after their end', async () => {
    const over = now - RETENTION.invitations;
    const rows = [
      invitation(over - 8 * DAY, 'accepted', over + DAY, over - SOON),
      invitation(over - 8 * DAY, 'accepted', over - DAY, over + SOON),
      invitation(over - 8 * DAY, 'revoked', over - SOON),
      invitation(over - 8 * DAY, 'pending', over - SOON),
      invitation(over - 8 * DAY, 'pending', over + SOON),
      // Sent again and again.
      invitation(over - 500 * DAY, 'pending', now + DAY),
    ];
    await put('invitations', rows);
    expect(await purgeOver(server.services)).toBe(3);
    expect(await left('invitations', rows)).toEqual([false, true, false, false, true, true]);
  });

  it('goes on past the rows that stay, batch by batch, and stops when told to', async () => {
    const over = now - RETENTION.tickets;
    const rows = Array.from({ length: 1300 }, (_, i) =>
      ticket(over - DAY + i, i % 13 === 0 ? now + DAY : over - 1, null),
    );
    await put('tickets', rows);
    let asked = 0;
    expect(await purgeOver(server.services, () => asked++ > 0)).toBe(500);
    await keepHouse(server.services);
    expect((await left('tickets', rows)).filter(Boolean)).toHaveLength(100);
    expect(await purgeOver(server.services)).toBe(0);
  });
});
