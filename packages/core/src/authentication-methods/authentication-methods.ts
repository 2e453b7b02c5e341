/**
 * Authentication methods: the factors that a user has beside the password. Owns the rules of adding, changing and
 * removing them; a secret is shown when its factor is added and never again.
 */
import type { authenticationMethods as contract } from '@reeve/contract';
import { difference } from '../events/redact.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem } from '../problem.ts';
import { newestFirst } from '../rows.ts';
import { checkMayTakeOver, requireUser, userToChange } from '../users/users.ts';
import {
  checkRoom,
  deleteMethods,
  type MethodRow,
  methodsOf,
  requireMethod,
  updateMethod,
  viewOf,
} from './authentication-methods.store.ts';
import { addMethod, type Prepared, prepare } from './draft.ts';

export { regenerateRecoveryCode } from './recovery-code.ts';
export { verify } from './verification.ts';

export const list: Operation<typeof contract.list> = async (work, { user_id, query }) => {
  const user = await requireUser(work, user_id);
  const { rows, next_cursor } = await work.read((db) =>
    newestFirst(methodsOf(db, work.tenant.id, user.num), 'authentication_methods.id', query),
  );
  return { authentication_methods: rows.map(viewOf), next_cursor };
};

export const get: Operation<typeof contract.get> = async (work, { user_id, method_id }) => {
  const user = await requireUser(work, user_id);
  return viewOf(await work.read((db) => requireMethod(db, work.tenant.id, user.num, method_id)));
};

/** A passkey signs in by itself, the others only after the password. */
const signsIn = ({ type }: Prepared): boolean => type === 'passkey';

export const create: Operation<typeof contract.create> = async (work, { user_id, body }) => {
  const draft = prepare(body);
  return work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    if (signsIn(draft)) await checkMayTakeOver(work, unit, user);
    const present = await methodsOf(unit.db, unit.tenant.id, user.num).execute();
    checkRoom(present);
    return (await addMethod(unit, user, draft, present)).answer;
  });
};

export const replaceAll: Operation<typeof contract.replaceAll> = async (work, { user_id, body }) => {
  const drafts = body.authentication_methods.map((draft, i) => prepare(draft, `authentication_methods.${i}.`));
  return work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    unit.concerns(user.id);
    if (drafts.some(signsIn)) await checkMayTakeOver(work, unit, user);
    await deleteMethods(unit, user);
    const rows: MethodRow[] = [];
    const answers = [];
    for (const draft of drafts) {
      const { row, answer } = await addMethod(unit, user, draft, rows);
      rows.push(row);
      answers.push(answer);
    }
    return { authentication_methods: answers };
  });
};

export const update: Operation<typeof contract.update> = (work, { user_id, method_id, body }) =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    unit.concerns(user.id);
    const before = await requireMethod(unit.db, unit.tenant.id, user.num, method_id, 'change');
    const { name = before.name, preferred_authentication_method: preferred = before.preferred_method } = body;
    if (preferred !== null && before.type !== 'phone')
      throw fieldProblem(
        'preferred_authentication_method',
        'unexpected',
        `A method of the type ${before.type} has no preferred_authentication_method.`,
      );
    const change = difference(
      { name: before.name, preferred_authentication_method: before.preferred_method },
      { name, preferred_authentication_method: preferred },
    );
    if (Object.keys(change.after).length === 0) return viewOf(before);
    await updateMethod(unit, before.id, { name, preferred_method: preferred });
    await unit.emit('mfa.factor_updated', {
      target: { type: 'user', id: user.id },
      data: { type: before.type, method_id: before.id, ...change },
    });
    return viewOf({ ...before, name, preferred_method: preferred });
  });

const remove: Operation<typeof contract.delete> = (work, { user_id, method_id }) =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    const { id } = await requireMethod(unit.db, unit.tenant.id, user.num, method_id, 'change');
    await deleteMethods(unit, user, { id });
  });

export { remove as delete };

export const deleteAll: Operation<typeof contract.deleteAll> = (work, { user_id }) =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    unit.concerns(user.id);
    return { removed: await deleteMethods(unit, user) };
  });
