/** A factor to be added: which fields its type asks for, and the row that it becomes. */
import type { AddedAuthenticationMethod, AuthenticationMethodDraft } from '@reeve/contract';
import { fieldProblem, Problem } from '../problem.ts';
import { keyOf, parse } from '../users/document.ts';
import type { UserRow } from '../users/users.store.ts';
import type { Unit } from '../work.ts';
import { type Holder, insertMethod, type MethodRow, viewOf } from './authentication-methods.store.ts';
import { newTotpSecret, totpUri } from './totp.ts';

/** Fields beside the common ones. */
type Field = Exclude<keyof AuthenticationMethodDraft, 'type' | 'name' | 'confirmed'>;
interface Shape {
  readonly needs: readonly Field[];
  readonly takes?: readonly Field[];
}

const webauthn: Shape = { needs: ['key_id', 'public_key', 'relying_party_identifier'] };
const SHAPES: Readonly<Record<AuthenticationMethodDraft['type'], Shape>> = {
  totp: { needs: [], takes: ['totp_secret'] },
  phone: { needs: ['phone_number'], takes: ['preferred_authentication_method'] },
  email: { needs: ['email'] },
  'webauthn-roaming': webauthn,
  'webauthn-platform': webauthn,
  passkey: webauthn,
  push: { needs: [], takes: ['key_id', 'public_key'] },
};
const ALL: readonly Field[] = [
  'totp_secret',
  'phone_number',
  'email',
  'preferred_authentication_method',
  'key_id',
  'public_key',
  'relying_party_identifier',
];

/** A draft with the secret that it will have; made before the unit, which may run twice. */
export interface Prepared extends AuthenticationMethodDraft {
  readonly secret: string | null;
}

/** Checks the draft by its type; `path` goes before the names of its fields. */
export function prepare(draft: AuthenticationMethodDraft, path = ''): Prepared {
  const { needs, takes = [] } = SHAPES[draft.type];
  for (const field of needs) {
    if (draft[field] === undefined)
      throw fieldProblem(`${path}${field}`, 'required', `A method of the type ${draft.type} needs ${field}.`);
  }
  for (const field of ALL) {
    if (draft[field] !== undefined && !needs.includes(field) && !takes.includes(field))
      throw fieldProblem(`${path}${field}`, 'unexpected', `A method of the type ${draft.type} has no ${field}.`);
  }
  const secret = draft.type === 'totp' ? (draft.totp_secret?.toUpperCase() ?? newTotpSecret()) : null;
  return { ...draft, secret };
}

/** What a user can't have twice under one type; undefined: nothing. */
const likenessOf = ({
  type,
  phone_number,
  email,
  key_id,
}: Pick<MethodRow, 'type' | 'phone_number' | 'email' | 'key_id'>) => {
  const mark = phone_number ?? (email === null ? key_id : keyOf(email));
  return mark === null ? undefined : `${type} ${mark}`;
};

const sealContext = (id: string): string => `authentication method ${id}`;

/** The base32 secret of a TOTP. */
export const openSecret = ({ services }: Pick<Unit, 'services'>, { id, secret }: MethodRow): string =>
  services.vault.open(secret ?? '', sealContext(id));

function rowOf(unit: Unit, user: Holder, draft: Prepared): MethodRow {
  const id = unit.newId('fac');
  const isConfirmed = draft.confirmed ?? draft.type !== 'totp';
  return {
    id,
    tenant_id: unit.tenant.id,
    user_num: user.num,
    type: draft.type,
    name: draft.name ?? null,
    secret: draft.secret === null ? null : unit.services.vault.seal(draft.secret, sealContext(id)),
    confirmed_at: isConfirmed ? unit.now : null,
    last_used_at: null,
    created_at: unit.now,
    phone_number: draft.phone_number ?? null,
    email: draft.email ?? null,
    preferred_method: draft.type === 'phone' ? (draft.preferred_authentication_method ?? 'sms') : null,
    key_id: draft.key_id ?? null,
    public_key: draft.public_key ?? null,
    relying_party_identifier: draft.relying_party_identifier ?? null,
    failures: 0,
    locked_until: null,
    last_step: null,
  };
}

/** Adds a prepared method to those that the user has; the user's row must be locked by the unit. */
export async function addMethod(
  unit: Unit,
  user: UserRow,
  draft: Prepared,
  present: readonly MethodRow[],
): Promise<{ row: MethodRow; answer: AddedAuthenticationMethod }> {
  const row = rowOf(unit, user, draft);
  const likeness = likenessOf(row);
  if (likeness !== undefined && present.some((other) => likenessOf(other) === likeness))
    throw new Problem('conflict', `The user has this ${row.type} already.`);
  await insertMethod(unit, user, row);
  return { row, answer: { ...viewOf(row), ...shownOnce(unit, user, draft.secret) } };
}

/** Gives a user who was made in this unit, and has none yet, prepared methods. */
export async function addMethods(unit: Unit, user: Holder, drafts: readonly Prepared[]): Promise<void> {
  for (const draft of drafts) await insertMethod(unit, user, rowOf(unit, user, draft));
}

function shownOnce({ tenant }: Unit, row: UserRow, secret: string | null): { totp_secret?: string; totp_uri?: string } {
  if (secret === null) return {};
  const user = parse(row.doc);
  const account = user.email ?? user.username ?? user.phone_number ?? user.id;
  return { totp_secret: secret, totp_uri: totpUri(secret, tenant.name, account) };
}
