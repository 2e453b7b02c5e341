/** Disabling and enabling users. A disabled user's sessions and tokens are dead at once; the record stays. */
import type { users as contract } from '@reeve/contract';
import { deleteMethods } from '../authentication-methods/authentication-methods.store.ts';
import { announceForgotten, deleteBrowsers } from '../authentication-methods/browsers.ts';
import { toWire } from '../clock.ts';
import { difference } from '../events/redact.ts';
import { type Operation, Rendered } from '../operation.ts';
import { checkRank, keepAnAdministrator } from '../roles/administrators.ts';
import { endImpersonations, endSessions } from '../sessions/sessions.store.ts';
import { checkVersion } from '../version.ts';
import type { Unit } from '../work.ts';
import { parse, type User } from './document.ts';
import { totalOfState } from './users.query.ts';
import type { UserRow } from './users.store.ts';
import { saveUser, userToChange } from './users.ts';

/** Writes the user's other state, with the totals and the event. */
async function turn(unit: Unit, row: UserRow, state: User['state']): Promise<Rendered<User>> {
  const before = parse(row.doc);
  const user: User = { ...before, state, updated_at: toWire(unit.now) };
  const answer = await saveUser(unit, row, user, state === 'disabled' ? row.token_version + 1 : row.token_version);
  unit.count(totalOfState(before.state), -1);
  unit.count(totalOfState(state), 1);
  await unit.emit(state === 'disabled' ? 'user.disabled' : 'user.enabled', {
    target: { type: 'user', id: user.id },
    data: difference({ state: before.state }, { state }),
  });
  unit.afterCommit(unit.services.onAccessChange);
  return answer;
}

export const disable: Operation<typeof contract.disable> = (work, { user_id, ifMatch }) =>
  work.write(async (unit) => {
    const row = await userToChange(unit, user_id);
    checkVersion(ifMatch, row.version);
    unit.concerns(row.id);
    if (row.state === 'disabled') return new Rendered<User>(row.doc, row.version);
    await checkRank(unit, row);
    await keepAnAdministrator(unit, row);
    const answer = await turn(unit, row, 'disabled');
    await endSessions(unit, row.id);
    await endImpersonations(unit, row.id);
    return answer;
  });

/** Ends a lockout. Only one that still holds is worth an event. */
async function lift(unit: Unit, row: UserRow): Promise<void> {
  const ended = await unit.db
    .deleteFrom('lockouts')
    .where('tenant_id', '=', unit.tenant.id)
    .where('user_num', '=', row.num)
    .returning('locked_until')
    .executeTakeFirst();
  if (ended && (ended.locked_until ?? 0) > unit.now)
    await unit.emit('user.unlocked', { target: { type: 'user', id: row.id } });
}

export const enable: Operation<typeof contract.enable> = (work, { user_id, ifMatch }) =>
  work.write(async (unit) => {
    const row = await userToChange(unit, user_id);
    checkVersion(ifMatch, row.version);
    unit.concerns(row.id);
    const answer = row.state === 'active' ? new Rendered<User>(row.doc, row.version) : await turn(unit, row, 'active');
    await lift(unit, row);
    return answer;
  });

export const unlock: Operation<typeof contract.unlock> = (work, { user_id }) =>
  work.write(async (unit) => {
    const row = await userToChange(unit, user_id);
    unit.concerns(row.id);
    await lift(unit, row);
  });

export const forceMfaReset: Operation<typeof contract.forceMfaReset> = (work, { user_id }) =>
  work.write(async (unit) => {
    const row = await userToChange(unit, user_id);
    await checkRank(unit, row);
    const removed = await deleteMethods(unit, row);
    const forgotten = await deleteBrowsers(unit, row);
    if (forgotten > 0) await announceForgotten(unit, row, forgotten);
    await unit.emit('user.mfa_reset', { target: { type: 'user', id: row.id }, data: { removed } });
    return { user_id: row.id, removed };
  });
