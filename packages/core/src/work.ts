/**
 * The unit of work: who asks (actor), where (tenant), when (now), and the one transaction in which a change, its
 * events, its counters, its mails and its idempotency key become true together or not at all.
 */
import type { EventType, Scope, Settings } from '@reeve/contract';
import type { Clock, Instant } from './clock.ts';
import { addToCounters } from './counters/counters.ts';
import type { Attempts } from './credentials/attempts.ts';
import type { PasswordHasher } from './credentials/hasher.ts';
import type { Database, Db } from './database/database.ts';
import { type EventDraft, insertEvent } from './events/events.store.ts';
import type { EventSignal } from './events/signal.ts';
import { newId, type Prefix } from './id.ts';
import type { Spool } from './jobs/spool.ts';
import type { RuleEngine } from './rules/engine.ts';
import type { Vault } from './secret.ts';

export interface Actor {
  readonly type: 'application' | 'user' | 'system' | 'anonymous';
  readonly id: string | null;
  readonly applicationId: string | null;
  readonly impersonatorId: string | null;
}

export const systemActor: Actor = { type: 'system', id: null, applicationId: null, impersonatorId: null };
export const anonymousActor: Actor = { type: 'anonymous', id: null, applicationId: null, impersonatorId: null };

export interface TenantContext {
  /** Row number: what `tenant_id` columns hold. */
  readonly id: number;
  /** `ten_…` */
  readonly publicId: string;
  readonly name: string;
  readonly isDefault: boolean;
  readonly settings: Settings;
  /** Scheme and host under which the caller reached the tenant; links are made with it. No trailing slash. */
  readonly origin: string;
}

/** Where a request came from; null for work that no request caused. */
export interface Caller {
  readonly requestId: string | null;
  readonly ip: string | null;
  /** What failures of a stranger are counted by: an IPv4 address, an IPv6 network. Absent: the address. */
  readonly network?: string;
  readonly userAgent: string | null;
}

/** What operations need beside the database. Made once, in the composition root. */
export interface Services {
  readonly database: Database;
  readonly clock: Clock;
  readonly vault: Vault;
  readonly hasher: PasswordHasher;
  /** The sandbox that a tenant's rules run in. */
  readonly rules: RuleEngine;
  /** Failed attempts to sign in, counted by this process. */
  readonly attempts: Attempts;
  /** Told after a commit that put a mail into the out-box. */
  readonly onMail: () => void;
  /**
   * Told after a commit that ended tokens, sessions, users or applications, or let pages of another origin in: caches of
   * verified tokens and of origins must ask again.
   */
  readonly onAccessChange: () => void;
  /** Told after a commit that made or ended a signing key. */
  readonly onKeyChange: () => void;
  /** Told after a commit that made or changed a tenant: its name, domains or settings. */
  readonly onTenantChange: () => void;
  /** Told after a commit that put up a job for the background. */
  readonly onJob: () => void;
  /** Takes in the files of imports; absent where nothing is uploaded. */
  readonly spool?: Spool;
  /** Host names, without ports, that no tenant but the default one may claim. Absent: only the loopback ones. */
  readonly reservedHosts?: ReadonlySet<string>;
  /** Told after every commit that may have appended events. */
  readonly eventSignal: EventSignal;
}

/** A change may be stored with the answer that a repetition of the request is given. */
export interface Recorder {
  record(db: Db, result: unknown, target: string | null): Promise<void>;
}

export interface Work {
  readonly tenant: TenantContext;
  readonly actor: Actor;
  readonly caller: Caller;
  readonly services: Services;
  readonly now: Instant;
  /**
   * Whether the caller's token holds a scope beside the one that the route asks for; the system holds all. A dialect
   * divides scopes more finely: its token needs one of `spelled`, too, where they are given.
   */
  allows(scope: Scope, spelled?: readonly string[]): boolean;
  /** Reads what is committed. */
  read<T>(read: (db: Db) => Promise<T>): Promise<T>;
  /**
   * One atomic, durable change. Nothing but `unit.db` and the unit's own methods may be awaited inside: no hashing,
   * HTTP or mail. An operation whose route is keyed
   * (`isKeyed`) opens one `write` and returns what it returned: that is the answer stored under an idempotency key.
   */
  write<T>(change: (unit: Unit) => Promise<T>): Promise<T>;
  /** Records an event that must stay although the operation fails: a refusal, a failed sign-in. */
  witness(type: EventType, event: EventDraft): Promise<void>;
}

export interface Unit {
  readonly db: Db;
  readonly tenant: TenantContext;
  readonly actor: Actor;
  readonly services: Services;
  readonly now: Instant;
  newId(prefix: Prefix): string;
  emit(type: EventType, event: EventDraft): Promise<void>;
  /** Adds to a kept total; written when the change ends, in an order that can't deadlock. */
  count(name: string, delta: number): void;
  /** Runs once the change is durable. */
  afterCommit(effect: () => void): void;
  /**
   * Names the user whose data the answer holds, where no event of the unit does: a stored answer to a repeated request
   * is erased with the person.
   */
  concerns(id: string): void;
  /** The same unit in another tenant: a new tenant is furnished in the transaction that creates it. */
  within(tenant: TenantContext): Unit;
}

export interface WorkOptions {
  readonly services: Services;
  readonly tenant: TenantContext;
  readonly actor?: Actor;
  readonly caller?: Caller;
  readonly recorder?: Recorder;
  /** Absent: all of them. */
  readonly scopes?: ReadonlySet<string>;
  /** Of a dialect's token: its scopes as the dialect spells them. */
  readonly spelled?: ReadonlySet<string>;
}

const noCaller: Caller = { requestId: null, ip: null, userAgent: null };

export function createWork({
  services,
  tenant,
  actor = systemActor,
  caller = noCaller,
  recorder,
  scopes,
  spelled: held,
}: WorkOptions): Work {
  const { database, clock } = services;
  const now = clock.now();
  return {
    tenant,
    actor,
    caller,
    services,
    now,
    allows: (scope, spelled) =>
      (scopes?.has(scope) ?? true) && (!held || !spelled || spelled.some((name) => held.has(name))),
    read: (read) => database.read(read),
    async write<T>(change: (unit: Unit) => Promise<T>): Promise<T> {
      const now = clock.now();
      let effects: (() => void)[] = [];
      const result = await database.write(async (db) => {
        effects = [];
        const counts = new Map<number, Map<string, number>>();
        let target: string | null = null;
        const unitIn = (tenant: TenantContext): Unit => ({
          db,
          tenant,
          actor,
          services,
          now,
          newId: (prefix) => newId(prefix, now),
          emit(type, event) {
            target ??= event.target?.id ?? null;
            return insertEvent(db, { tenant, actor, caller, now }, type, event);
          },
          count(name, delta) {
            const inTenant = counts.get(tenant.id) ?? new Map<string, number>();
            counts.set(tenant.id, inTenant.set(name, (inTenant.get(name) ?? 0) + delta));
          },
          afterCommit: (effect) => void effects.push(effect),
          concerns(id) {
            target ??= id;
          },
          within: unitIn,
        });
        const value = await change(unitIn(tenant));
        for (const [tenantId, inTenant] of counts) await addToCounters(db, tenantId, inTenant);
        if (recorder) await recorder.record(db, value, target);
        return value;
      });
      for (const effect of effects) effect();
      services.eventSignal.notify();
      return result;
    },
    async witness(type, event) {
      await database.write((db) => insertEvent(db, { tenant, actor, caller, now: clock.now() }, type, event));
      services.eventSignal.notify();
    },
  };
}
