/** The out-box as an administrator sees it. Texts and links are never shown. */
import type { mails as contract, Mail } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { locked } from '../database/database.ts';
import { isId } from '../id.ts';
import type { Operation } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { notFound, Problem } from '../problem.ts';
import type { MailTable } from '../tables.ts';
import type { Unit } from '../work.ts';
import { type MailPayload, sealContext } from './out-box.ts';

const COLUMNS = [
  'id',
  'template',
  'recipient',
  'state',
  'attempts',
  'last_error',
  'next_attempt_at',
  'created_at',
  'sent_at',
] as const;
type MailRow = Pick<MailTable, (typeof COLUMNS)[number]>;

const wireOrNull = (instant: number | null): string | null => (instant === null ? null : toWire(instant));

const mailOf = (row: MailRow): Mail => ({
  id: row.id,
  template: row.template,
  to: row.recipient,
  state: row.state,
  attempts: row.attempts,
  last_error: row.last_error,
  next_attempt_at: wireOrNull(row.next_attempt_at),
  created_at: toWire(row.created_at),
  sent_at: wireOrNull(row.sent_at),
});

const SORT = '-id';

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const limit = query.limit ?? DEFAULT_LIMIT;
    let rows = db
      .selectFrom('mails')
      .select(COLUMNS)
      .where('tenant_id', '=', work.tenant.id)
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (query.state !== undefined) rows = rows.where('state', '=', query.state);
    if (query.cursor !== undefined)
      rows = rows.where('id', '<', decodeCursor(query.cursor, SORT, ['string'])[0] as string);
    const page = cut(await rows.execute(), limit, (row) => encodeCursor(SORT, [row.id]));
    return { mails: page.rows.map(mailOf), next_cursor: page.next_cursor };
  });

export const retry: Operation<typeof contract.retry> = (work, { mail_id }) =>
  work.write(async (unit) => {
    const row = isId('mai', mail_id) ? await findMailToChange(unit, mail_id) : undefined;
    if (!row) throw notFound('mail', mail_id);
    checkRetry(unit, row);
    await unit.db
      .updateTable('mails')
      .set({ state: 'pending', attempts: 0, next_attempt_at: unit.now, lease_until: null })
      .where('tenant_id', '=', unit.tenant.id)
      .where('id', '=', mail_id)
      .execute();
    await unit.emit('mail.retried', {
      target: { type: 'mail', id: mail_id },
      data: { template: row.template, attempts: row.attempts },
    });
    unit.afterCommit(unit.services.onMail);
    return mailOf({ ...row, state: 'pending', attempts: 0, next_attempt_at: unit.now });
  });

const findMailToChange = (unit: Unit, id: string) =>
  locked(
    unit.db,
    unit.db
      .selectFrom('mails')
      .select([...COLUMNS, 'payload'])
      .where('tenant_id', '=', unit.tenant.id)
      .where('id', '=', id),
  ).executeTakeFirst();

function checkRetry({ services, now }: Unit, row: MailRow & { payload: string | null }): void {
  if (row.state !== 'failed')
    throw new Problem('conflict', `Only a failed mail can be sent again; this one is ${row.state}.`);
  const payload = row.payload && (JSON.parse(services.vault.open(row.payload, sealContext(row.id))) as MailPayload);
  if (!payload || payload.expiresAt <= now)
    throw new Problem('conflict', 'The link in this mail works no longer; have a new mail sent instead.');
}
