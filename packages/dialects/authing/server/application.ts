/** What this vendor calls an application: its client id, or its id. */
import { findApplication, type Work } from '@reeve/core';
import { CODES, Refusal } from './problems.ts';

/** `app_…` of the application with this client id or id; undefined where none is named. Throws a refusal of an unknown one. */
export async function applicationFor(work: Work, appId: string | undefined): Promise<string | undefined> {
  if (appId === undefined || appId === '') return undefined;
  const found = await work.read((db) => findApplication(db, work.tenant.id, appId));
  if (!found) throw new Refusal(CODES.failed, `No application has the id "${appId.slice(0, 128)}".`, 'appId');
  return found.id;
}
