/** The actions of this vendor's audit log (contract `audit_actions`), as far as the directory's events tell of them. */
import { type Event, type EventType, eventTypes } from '@reeve/contract';
import type { EventCondition, EventFilter } from '@reeve/core';

interface Saying {
  readonly action: string;
  readonly type: EventType;
  /** What the event's data must have, by name; with a value, or anything. The first saying that fits counts. */
  readonly where?: { readonly name: string; readonly value?: string };
}

/** Another factor than an authenticator app is shown as the directory calls it. */
const ofApp = { name: 'type', value: 'totp' } as const;

const SAYINGS: readonly Saying[] = [
  { action: 'login.success', type: 'user.signed_in' },
  { action: 'login.failed', type: 'user.sign_in_failed' },
  { action: '2fa.setup_started', type: 'mfa.factor_added', where: ofApp },
  { action: '2fa.enabled', type: 'mfa.factor_verified', where: { name: 'confirms' } },
  { action: '2fa.verified', type: 'mfa.factor_verified' },
  { action: '2fa.failed', type: 'mfa.verification_failed' },
  { action: 'mfa.factor_removed', type: 'mfa.factor_removed', where: { name: 'was_pending' } },
  { action: '2fa.disabled', type: 'mfa.factor_removed', where: ofApp },
  { action: 'refresh.reuse_detected', type: 'token.reuse_detected' },
  { action: 'password.reset', type: 'user.password_changed', where: { name: 'by_link' } },
  { action: 'password.change', type: 'user.password_changed' },
  { action: 'user.self_deleted', type: 'user.erased', where: { name: 'is_own' } },
  { action: 'user.hard_deleted', type: 'user.erased' },
];

/** All of them, those of events that the vendor has no word for included. */
const ALL: readonly Saying[] = [...SAYINGS, ...eventTypes.map((type) => ({ action: type, type }))];

const byType = Map.groupBy(ALL, ({ type }) => type);

/** The action of an event. */
export function actionOf({ event_type, data }: Event): string {
  const held = (data ?? {}) as Readonly<Record<string, unknown>>;
  const fits = ({ where }: Saying) =>
    where === undefined || (where.value === undefined ? where.name in held : held[where.name] === where.value);
  return byType.get(event_type)?.find(fits)?.action ?? event_type;
}

/** The events of an action, or of all that begin alike (`login.*`); undefined: there are none. */
export function eventsOf(action: string): Pick<EventFilter, 'types' | 'where'> | undefined {
  const isMeant = action.endsWith('.*')
    ? (name: string) => name.startsWith(action.slice(0, -1))
    : (name: string) => name === action;
  const parts: EventCondition[] = [];
  const types = new Set<EventType>();
  let isWhole = true;
  for (const [type, sayings] of byType) {
    const meant = sayings.filter((saying) => isMeant(saying.action) && isReached(sayings, saying));
    if (meant.length === 0) continue;
    types.add(type);
    isWhole &&= sayings.every((saying) => meant.includes(saying) || !isReached(sayings, saying));
    for (const saying of meant)
      parts.push({ kind: 'and', of: [{ kind: 'type', types: [type] }, ...conditionsOf(sayings, saying)] });
  }
  if (types.size === 0) return undefined;
  return { types: [...types], ...(isWhole ? {} : { where: { kind: 'or', of: parts } }) };
}

/** Behind a saying that fits always, none is asked. */
const isReached = (sayings: readonly Saying[], saying: Saying): boolean =>
  sayings.slice(0, sayings.indexOf(saying)).every(({ where }) => where !== undefined);

/** What an event's data must have for this saying, and must lack for those before it. */
const conditionsOf = (sayings: readonly Saying[], saying: Saying): EventCondition[] => [
  ...(saying.where ? [condition(saying.where)] : []),
  ...sayings
    .slice(0, sayings.indexOf(saying))
    .flatMap(({ where }) => (where ? [{ kind: 'not', of: condition(where) } as const] : [])),
];

const condition = ({ name, value }: NonNullable<Saying['where']>): EventCondition => ({
  kind: 'data',
  path: [name],
  ...(value === undefined ? {} : { value }),
});
