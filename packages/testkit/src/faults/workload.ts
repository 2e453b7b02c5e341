/**
 * A random workload through the SDK: many workers at once, each with things of its own, so that the order of a thing's
 * changes is known; usernames that all of them want; requests that arrive twice. The model of what is meant is kept here.
 */
import { isDeepStrictEqual } from 'node:util';
import { ReeveError, type ReeveManagement } from '@reeve/sdk';
import type { Random } from '../random.ts';
import { type ChangeContext, changeOf, changeOfUser, creationOf, creationOfUser, type Places } from './changes.ts';
import { type Asked, type Change, Model, type Thing } from './model.ts';
import { randomFor } from './scale.ts';

export interface WorkloadOptions {
  readonly seed: number;
  /** What the workers ask with; each call goes through one of them. */
  readonly clients: readonly ReeveManagement[];
  readonly places: Places;
  /** Default 8. */
  readonly workers?: number;
  /** Whether a deleted user is erased at once; default: yes, as the tenant's settings are at first. */
  readonly erasesAtOnce?: boolean;
  /** Whether this answer says that nothing was changed; default: none whose status is 5xx does. */
  readonly isRefusal?: (error: ReeveError) => boolean;
}

export interface Workload {
  readonly model: Model;
  /** Changes that were answered. */
  readonly acknowledged: number;
  /** Changes whose outcome the caller could not learn. */
  readonly unknown: number;
  /** Resolves once so many changes more are answered. */
  more(changes: number): Promise<void>;
  /** Resolves once every worker has come to the end of what it was doing. */
  stop(): Promise<void>;
  /** Asks again, under the same keys, for some of what was left unknown and some of what was answered. */
  settle(client: ReeveManagement): Promise<void>;
}

const OWN_USERS = 6;
/** For how many names the workers of a run compete. */
const WANTED_NAMES = 25;

/** Whether the caller can't know what became of the change. */
const isUnknown = ({ status, code }: ReeveError): boolean =>
  status === 0 || status === 408 || status === 429 || status >= 500 || code === 'idempotency_in_progress';

/** Whether somebody else was given the name. */
const isLost = ({ change }: Pick<Asked, 'change'>, { code }: ReeveError): boolean =>
  change.what.startsWith('claim') && code.endsWith('_taken');

export function startWorkload({
  seed,
  clients,
  places,
  workers = 8,
  erasesAtOnce = true,
  isRefusal = () => false,
}: WorkloadOptions): Workload {
  const model = new Model();
  const tag = seed.toString(36);
  let isStopped = false;
  let acknowledged = 0;
  let unknown = 0;
  const waiting = new Set<{ readonly from: number; readonly resolve: () => void }>();

  const succeeded = (thing: Thing, asked: Asked, answer: unknown) => {
    thing.made(asked, answer);
    acknowledged++;
    for (const waiter of waiting) {
      if (acknowledged < waiter.from) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  };
  const failed = (thing: Thing, asked: Asked, error: unknown) => {
    if (!(error instanceof ReeveError)) throw error;
    if (isRefusal(error)) return;
    if (isUnknown(error)) {
      unknown++;
      thing.pending = asked;
    } else if (isLost(asked, error)) {
      model.taken.add(thing.name);
    } else {
      model.wrong(`${asked.change.what}: ${error.message}`);
      thing.pending = asked;
    }
  };

  /** Asks for a change, now and then twice at once. */
  async function ask(thing: Thing, change: Change, random: Random): Promise<void> {
    const asked = { change, key: crypto.randomUUID() };
    const client = () => random.one(clients);
    const tries = random.chance(0.08) ? [client(), client()] : [client()];
    const outcomes = await Promise.allSettled(tries.map((by) => change.ask(by, asked.key)));
    const answers = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
    const errors = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason);
    if (answers.length === 0) return failed(thing, asked, errors[0]);
    for (const error of errors)
      if (!(error instanceof ReeveError && isUnknown(error)))
        model.wrong(`${change.what}, asked for twice, is answered and refused: ${error}`);
    if (answers.length === 2 && !isDeepStrictEqual(answers[0], answers[1]))
      model.wrong(`${change.what}, asked for twice, is answered in two ways: ${JSON.stringify(answers)}`);
    succeeded(thing, asked, answers[0]);
  }

  /** What a user looks like now must be one of what is possible. */
  async function look(thing: Thing, random: Random): Promise<void> {
    const { id } = thing;
    if (id === undefined) return;
    try {
      const user = (await random.one(clients).users.get(id)) as unknown as Record<string, unknown>;
      const isRight = thing.possible.some(
        ({ shape }) =>
          shape !== undefined &&
          Object.entries(shape).every(([name, value]) => !(name in user) || isDeepStrictEqual(user[name], value)),
      );
      if (!isRight) model.wrong(`${thing.name} is seen as ${JSON.stringify(user)}`);
    } catch (error) {
      if (!(error instanceof ReeveError)) throw error;
      const mayBeGone = thing.possible.some(({ shape }) => shape === undefined);
      if (!isUnknown(error) && !(error.status === 404 && mayBeGone))
        model.wrong(`${thing.name} can't be read: ${error.message}`);
    }
  }

  async function work(worker: number): Promise<void> {
    const random = randomFor(seed, `worker ${worker}`);
    let count = 0;
    const fresh = () => `${tag}w${worker}n${++count}`;
    const context: ChangeContext = { random, places, erasesAtOnce, fresh };
    const own: Thing[] = [];
    const others: Thing[] = [];
    const wanted = new Set<number>();

    const claim = async () => {
      const number = random.upTo(WANTED_NAMES);
      if (wanted.has(number)) return;
      wanted.add(number);
      const thing = model.add('user', `${tag}wanted${number}`);
      const change = creationOfUser(thing.name, context);
      await ask(thing, { ...change, what: `claim ${thing.name}` }, random);
      if (thing.id === undefined && !thing.pending) model.remove(thing);
    };
    const createUser = async () => {
      const thing = model.add('user', `${fresh()}u`);
      own.push(thing);
      await ask(thing, creationOfUser(thing.name, context), random);
    };
    const createOther = async () => {
      const thing = model.add(random.one(['group', 'organization', 'application']), `${fresh()}x`);
      others.push(thing);
      await ask(thing, creationOf(thing.kind as 'group', thing.name), random);
    };
    const isFree = (thing: Thing) => !thing.pending && thing.shape !== undefined && thing.id !== undefined;
    const changeOther = async () => {
      const thing = others.find(isFree);
      const change = thing && changeOf(thing, context);
      if (change) await ask(thing, change, random);
      else await createOther();
    };

    while (!isStopped) {
      const free = own.filter(isFree);
      const dice = random.next();
      if (dice < 0.06) await claim();
      else if (dice < 0.2) await changeOther();
      else if (free.length < OWN_USERS || dice < 0.3) await createUser();
      else if (dice < 0.4) await look(random.one(own), random);
      else {
        const user = random.one(free);
        await ask(user, changeOfUser(user, context), random);
      }
    }
  }

  const running = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  const ended = running.then(() => {
    throw new Error('The workload has ended.');
  });
  ended.catch(() => {});

  async function replay(client: ReeveManagement, thing: Thing, { change, key }: Asked): Promise<unknown> {
    try {
      return await change.ask(client, key);
    } catch (error) {
      if (!(error instanceof ReeveError)) throw error;
      if (isLost({ change }, error)) {
        model.taken.add(thing.name);
        model.remove(thing);
      } else model.wrong(`${change.what}, asked for again: ${error.message}`);
      return error;
    }
  }

  return {
    model,
    get acknowledged() {
      return acknowledged;
    },
    get unknown() {
      return unknown;
    },
    async more(changes) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add({ from: acknowledged + changes, resolve });
      await Promise.race([promise, ended]);
    },
    async stop() {
      isStopped = true;
      await running;
    },
    async settle(client) {
      const random = randomFor(seed, 'settling');
      for (const thing of [...model.things]) {
        const { pending, answered } = thing;
        if (pending) {
          // Names that several wanted must be settled; of the others some stay as they are.
          if (!pending.change.what.startsWith('claim') && random.chance(0.3)) continue;
          const answer = await replay(client, thing, pending);
          if (!(answer instanceof ReeveError)) thing.made(pending, answer);
        } else if (answered && random.chance(0.15)) {
          const again = await replay(client, thing, answered);
          if (!(again instanceof ReeveError) && !isDeepStrictEqual(again, answered.answer))
            model.wrong(`${answered.change.what}, asked for again, is answered ${JSON.stringify(again)}`);
        }
      }
    },
  };
}
