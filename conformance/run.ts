/** One person's story by one door, as every door tells it. */
import { uuidOf } from '@reeve/core';
import { expect } from 'vitest';
import { aspects, type Changes, type Door, type Draft, type Person, refusalOf, sorted } from './door.ts';
import type { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';
import {
  bornBy,
  DELETED,
  type Expected,
  happeningOf,
  newborn,
  SHUT_OUT,
  type Step,
  type Subject,
  words,
} from './story.ts';

interface Ground {
  readonly stage: Stage;
  readonly doors: readonly Door[];
  readonly writer: Door;
  readonly ledger: Ledger;
}

export class Run {
  readonly #ground: Ground;
  readonly #subject: Subject;
  /** Nothing of the person is older. */
  readonly #since: string;
  /** Events that every log has told of. */
  #told = 0;

  private constructor(ground: Ground, subject: Subject, since: string) {
    this.#ground = ground;
    this.#subject = subject;
    this.#since = since;
  }

  /** The door makes somebody, whom every door finds then. */
  static async begin(ground: Ground, draft: Draft): Promise<Run> {
    const { stage, writer } = ground;
    const since = new Date(stage.world.server.clock.now()).toISOString();
    await writer.changes.create?.(draft);
    const [user] = (await stage.native.users.list({ email: draft.email })).users;
    const subject = user?.identities[0]?.subject;
    if (!user || subject === undefined) throw new Error(`${writer.name} made nobody.`);
    const ids = { native: user.id, auth0: `auth0|${subject}`, rw3iss: uuidOf(user.id), authing: subject };
    const run = new Run(ground, { ids, person: newborn(draft, writer), credentials: draft }, since);
    await run.#compare('create', bornBy(writer.vendor));
    await run.#expectFound(true);
    return run;
  }

  /** Takes a step that the door can take, and compares. */
  async take(step: Step): Promise<void> {
    const { doors, writer } = this.#ground;
    // Whom no client of a vendor signs in an application does.
    const changes: Partial<Changes> = { ...(step.change === 'signIn' ? doors[0]?.changes : {}), ...writer.changes };
    if (!changes[step.change]) return expect(writer.cannot[step.change], step.title).toBeTypeOf('string');
    await step.run(changes as Changes, this.#subject, this.#idIn(writer));
    Object.assign(this.#subject.person, step.result(this.#subject));
    if (step.change === 'signIn') await this.#meetSession();
    await this.#compare(step.title, step.events(writer.vendor));
    if (step.change === 'move') await this.#expectFound(true);
    if (step.change === 'disable') await this.#expectRefused('disabled');
  }

  /** The door deletes the person: nobody shows them any more, and every log tells of it. */
  async end(): Promise<void> {
    const { doors, writer } = this.#ground;
    await writer.changes.delete?.(this.#idIn(writer));
    await this.#compareLogs('delete', DELETED);
    for (const reader of doors) {
      expect(await reader.absence(this.#idIn(reader)), reader.name).toEqual(words[reader.vendor].absent);
      this.#count(reader, 1);
    }
    await this.#expectFound(false);
    await this.#expectRefused('deleted');
  }

  #idIn({ vendor }: Door): string {
    return this.#subject.ids[vendor];
  }

  #count(reader: Door, comparisons: number): void {
    this.#ground.ledger.add(this.#ground.writer, reader, comparisons);
  }

  async #compare(step: string, events: readonly Expected[]): Promise<void> {
    await Promise.all(this.#ground.doors.map((reader) => this.#compareWith(reader, step)));
    await this.#compareLogs(step, events);
  }

  /** What the door shows is as expected; what it does not show it says. */
  async #compareWith(reader: Door, step: string): Promise<void> {
    const about = `${this.#ground.writer.name}: ${step}, read through ${reader.name}`;
    const read = await reader.read(this.#idIn(reader));
    const names = Object.keys(read) as (keyof Person)[];
    const known = ['id', ...names, ...(reader.log ? ['events'] : []), ...Object.keys(reader.hides)];
    expect(sorted(known), about).toEqual(sorted(Object.keys(aspects)));
    expect(read, about).toEqual(Object.fromEntries(names.map((name) => [name, this.#subject.person[name]])));
    this.#count(reader, names.length);
  }

  /** Every log tells these events and no others since the last look, in its own words, and none has lost any. */
  async #compareLogs(step: string, expected: readonly Expected[]): Promise<void> {
    const { doors, writer } = this.#ground;
    const happenings = expected.map((event) => happeningOf(event, writer, this.#subject));
    for (const reader of doors) {
      const { log } = reader;
      if (!log) continue;
      const entries = await log.read(this.#idIn(reader), this.#since);
      expect(entries.slice(this.#told), `${writer.name}: ${step}, in the log of ${reader.name}`).toEqual(
        happenings.map((happening) => log.told(happening, this.#idIn(reader))),
      );
      this.#count(reader, 1);
    }
    this.#told += happenings.length;
  }

  /** Whose session it is that the sign-in began, is known by its id from then on. */
  async #meetSession(): Promise<void> {
    const { sessions } = await this.#ground.stage.native.sessions.listForUser(this.#subject.ids.native);
    expect(sessions).toHaveLength(1);
    this.#subject.person.sessions = sessions.map(({ id }) => uuidOf(id));
  }

  /** Every door finds the person by the e-mail address, under the id that it spells so, and in its list; or none does. */
  async #expectFound(isThere: boolean): Promise<void> {
    const { doors, writer } = this.#ground;
    for (const reader of doors) {
      const about = `${writer.name}, found through ${reader.name}`;
      const id = this.#idIn(reader);
      expect(await reader.find(this.#subject.credentials.email), about).toBe(isThere ? id : undefined);
      expect((await reader.list()).includes(id), about).toBe(isThere);
      this.#count(reader, 2);
    }
  }

  /** Through no door does the right password let the person in. */
  async #expectRefused(why: 'disabled' | 'deleted'): Promise<void> {
    const entrances = this.#ground.doors.filter(({ changes }) => changes.signIn);
    for (const door of entrances) {
      const answer = await refusalOf(door.changes.signIn?.(this.#subject.credentials) as Promise<unknown>, door);
      expect(answer, `${door.name}: ${why}`).toEqual(words[door.vendor][why]);
      this.#count(door, 1);
    }
    if (why === 'disabled')
      await this.#compareLogs(
        'sign in while disabled',
        entrances.map(() => SHUT_OUT),
      );
  }
}
