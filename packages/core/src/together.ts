/**
 * Several operations as one change: all of them, their events and totals become true in one transaction, or none does.
 * A dialect needs it where one call of the vendor is two of ours.
 */
import type { EventType } from '@reeve/contract';
import type { PasswordHasher } from './credentials/hasher.ts';
import type { EventDraft } from './events/events.store.ts';
import { type Bag, isBag } from './metadata.ts';
import type { Unit, Work } from './work.ts';

/** A hasher that has done its work already: nothing but the database may be awaited inside a unit. */
async function prehashed(hasher: PasswordHasher, passwords: readonly string[]): Promise<PasswordHasher> {
  const hashes = new Map<string, string>();
  for (const password of passwords) hashes.set(password, await hasher.hash(password));
  return {
    ...hasher,
    hash: async (password) => {
      const hash = hashes.get(password);
      if (hash === undefined) throw new Error('A password that was not announced is to be hashed inside a unit.');
      return hash;
    },
  };
}

interface Change {
  readonly target: NonNullable<EventDraft['target']>;
  readonly before: Bag;
  readonly after: Bag;
}

function changeOf(type: EventType, { target, data = {} }: EventDraft): Change | undefined {
  const { before, after, ...rest } = data;
  // What is told of people can be erased with them at any time, by the same unit too: it waits for nothing.
  const isWhole = type.endsWith('.updated') && Object.keys(rest).length === 0;
  const isOfPerson = !target || target.type === 'user';
  return isWhole && !isOfPerson && isBag(before) && isBag(after) ? { target, before, after } : undefined;
}

/**
 * Tells what several operations change of one resource by one event, as long as it is of different fields and nothing
 * else happens to the resource in between.
 */
function gathering({ emit, concerns }: Unit) {
  const waiting = new Map<string, Change & { readonly type: EventType }>();
  const tell = async (id: string): Promise<void> => {
    const told = waiting.get(id);
    waiting.delete(id);
    if (!told) return;
    const { type, target, before, after } = told;
    await emit(type, { target, data: { before, after } });
  };
  return {
    async emit(type: EventType, event: EventDraft): Promise<void> {
      const id = event.target?.id ?? '';
      const change = changeOf(type, event);
      const earlier = waiting.get(id);
      const isApart =
        change && earlier?.type === type && Object.keys(change.after).every((name) => !(name in earlier.after));
      if (!isApart) await tell(id);
      if (!change) return emit(type, event);
      // What an answer is kept by is whom the unit is about first, although it is told last.
      if (id !== '') concerns(id);
      waiting.set(id, {
        type,
        target: change.target,
        before: { ...(isApart ? earlier?.before : {}), ...change.before },
        after: { ...(isApart ? earlier?.after : {}), ...change.after },
      });
    },
    async tellAll(): Promise<void> {
      for (const id of [...waiting.keys()]) await tell(id);
    },
  };
}

/**
 * Runs operations on one unit of work; what they change of one resource but a user is one event. `passwords`: those that
 * the operations will hash, hashed before the unit begins. `run` may be run twice, as any unit.
 */
export async function together<T>(
  work: Work,
  run: (work: Work, unit: Unit) => Promise<T>,
  passwords: readonly string[] = [],
): Promise<T> {
  const hasher = await prehashed(work.services.hasher, passwords);
  return work.write(async (unit) => {
    const services = { ...unit.services, hasher };
    const events = gathering(unit);
    const inner: Unit = { ...unit, services, emit: events.emit };
    const joined: Work = {
      ...work,
      services,
      read: (read) => read(unit.db),
      write: (change) => change(inner),
      witness: (type, event) => inner.emit(type, event),
    };
    const result = await run(joined, inner);
    await events.tellAll();
    return result;
  });
}
