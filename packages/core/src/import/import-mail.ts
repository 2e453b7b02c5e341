/** The mail that tells an administrator that an import in the background has ended. */
import type { Db } from '../database/database.ts';
import { findJob } from '../jobs/jobs.store.ts';
import { enqueueMail } from '../mails/out-box.ts';
import { parse, type User } from '../users/document.ts';
import { findUser } from '../users/users.store.ts';
import type { Work } from '../work.ts';
import type { ImportJobOptions } from './import-jobs.ts';

const MAIL_LIFETIME = 3 * 86_400_000;

/** Whoever began the import, else the tenant's first active administrator; undefined where neither has an address. */
async function findRecipient(db: Db, tenantId: number, actorId: string | null): Promise<User | undefined> {
  const began = actorId === null ? undefined : await findUser(db, tenantId, actorId);
  if (began && parse(began.doc).email !== null) return parse(began.doc);
  const administrators = await db
    .selectFrom('roles')
    .innerJoin('role_members', (join) =>
      join.onRef('role_members.tenant_id', '=', 'roles.tenant_id').onRef('role_members.role_id', '=', 'roles.id'),
    )
    .innerJoin('users', 'users.num', 'role_members.user_num')
    .select('users.doc')
    .where('roles.tenant_id', '=', tenantId)
    .where('roles.namespace', '=', 'default')
    .where('roles.code_key', '=', 'system_admin')
    .where('users.state', '=', 'active')
    .orderBy('users.num')
    .limit(10)
    .execute();
  return administrators.map(({ doc }) => parse(doc)).find(({ email }) => email !== null);
}

/** Puts the mail into the out-box where one was asked for and somebody can get it. */
export async function tellImportEnd(work: Work, jobId: string): Promise<void> {
  const job = await work.read((db) => findJob(db, work.tenant.id, jobId));
  const options = job && (JSON.parse(job.options) as ImportJobOptions);
  if (!job || !options?.tells_by_mail) return;
  const recipient = await work.read((db) => findRecipient(db, work.tenant.id, options.actor.id));
  if (!recipient || recipient.email === null) return;
  const email = recipient.email;
  const { state, inserted, updated, failed, total } = job;
  await work.write((unit) =>
    enqueueMail(unit, {
      template: 'import_completed',
      recipient: email,
      userId: recipient.id,
      payload: {
        link: unit.tenant.origin,
        name: recipient.name,
        expiresAt: unit.now + MAIL_LIFETIME,
        report: { jobId, isCompleted: state === 'completed', inserted, updated, failed, total },
      },
    }),
  );
}
