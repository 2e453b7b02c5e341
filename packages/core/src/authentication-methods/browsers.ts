/** Remembered browsers: for a while they need no second factor. Stored is the digest of a secret that only the browser has. */
import type { users as contract } from '@reeve/contract';
import type { Operation } from '../operation.ts';
import { userToChange } from '../users/users.ts';
import type { Unit } from '../work.ts';
import type { Holder } from './authentication-methods.store.ts';

/** A browser to remember. */
export interface BrowserDraft {
  readonly userNum: number;
  /** A secret of at least 128 random bits, which the browser keeps. */
  readonly secret: string;
  readonly userAgent: string | null;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Remembers a browser until it expires or is forgotten. */
export async function rememberBrowser(
  { db, tenant, services, now }: Unit,
  { userNum, secret, userAgent, expiresAt }: BrowserDraft,
): Promise<void> {
  await db
    .insertInto('remembered_browsers')
    .values({
      tenant_id: tenant.id,
      digest: services.vault.digest(secret),
      user_num: userNum,
      user_agent: userAgent,
      created_at: now,
      expires_at: expiresAt,
    })
    .execute();
}

/** Forgets all browsers of a user. Returns how many there were that still counted. */
export async function deleteBrowsers(unit: Unit, user: Holder): Promise<number> {
  const gone = await unit.db
    .deleteFrom('remembered_browsers')
    .where('tenant_id', '=', unit.tenant.id)
    .where('user_num', '=', user.num)
    .returning('expires_at')
    .execute();
  return gone.filter(({ expires_at }) => expires_at > unit.now).length;
}

/** Tells of it in the audit log. */
export const announceForgotten = (unit: Unit, user: Holder, forgotten: number) =>
  unit.emit('user.browsers_forgotten', { target: { type: 'user', id: user.id }, data: { forgotten } });

export const forgetBrowsers: Operation<typeof contract.forgetBrowsers> = (work, { user_id }) =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    const forgotten = await deleteBrowsers(unit, user);
    await announceForgotten(unit, user, forgotten);
    return { user_id: user.id, forgotten };
  });
