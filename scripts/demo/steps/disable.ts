/** Disabling and enabling people, watched through the live audit stream. */
import { ReeveError } from '@reeve/sdk';
import type { Book, Entry } from '../book.ts';
import { each, type Stage, type Step } from '../stage.ts';

const DISABLED = 40;
const ENABLED_AGAIN = 30;
const WIDTH = 8;
const WATCH_MS = 15_000;

/** Disables people, and returns whom a live audit stream showed being disabled meanwhile. */
async function disableWatched({ reeve }: Stage, [first = '', ...others]: readonly string[]): Promise<string[]> {
  const failure = new AbortController();
  const signal = AbortSignal.any([failure.signal, AbortSignal.timeout(WATCH_MS)]);
  const seen: string[] = [];
  let acting: Promise<void> | undefined;
  await reeve.users.disable(first);
  for await (const { target } of reeve.audit.stream({ event_types: ['user.disabled'], live: true }, { signal })) {
    seen.push(target.id ?? '');
    // The stream is open: all that comes from here on comes live.
    acting ??= each(others, WIDTH, (id) => reeve.users.disable(id)).catch((error) => failure.abort(error));
    if (seen.length > others.length) break;
  }
  await acting;
  return seen.sort();
}

const largestCompany = (book: Book): string => {
  const sizes = new Map<string, number>();
  for (const { person } of book.entries.values()) {
    const { company } = person.profile;
    if (company) sizes.set(company, (sizes.get(company) ?? 0) + 1);
  }
  const [[name] = ['']] = [...sizes].sort(([, left], [, right]) => right - left);
  return name;
};

const totalOf = async ({ reeve }: Stage, state: 'active' | 'disabled') =>
  (await reeve.users.list({ state, include_total: true, limit: 1 })).total;

export const disablePeople: Step = {
  title: 'Disable and enable',
  async run(stage) {
    const { reeve, book, report } = stage;
    const company = largestCompany(book);
    const chosen = book
      .entriesOf(({ profile, has_password }) => profile.company === company && !has_password)
      .slice(0, DISABLED);
    const ids = chosen.map(({ id }) => id);
    const shown = await disableWatched(stage, ids);
    report.check(`the live audit stream shows ${DISABLED} people of ${company} being disabled`, shown, [...ids].sort());
    report.check('the disabled are counted', await totalOf(stage, 'disabled'), DISABLED);
    await each(ids.slice(0, ENABLED_AGAIN), WIDTH, (id) => reeve.users.enable(id));
    for (const { person } of chosen.slice(ENABLED_AGAIN)) person.state = 'disabled';
    const totals = [await totalOf(stage, 'disabled'), await totalOf(stage, 'active')];
    report.check(`${ENABLED_AGAIN} of them are enabled again`, totals, [
      DISABLED - ENABLED_AGAIN,
      book.size + 1 - DISABLED + ENABLED_AGAIN,
    ]);
    const [back] = chosen as [Entry, ...Entry[]];
    const { etag } = await reeve.users.get(back.id).withResponse();
    await reeve.users.update(back.id, { nickname: 'back' });
    back.person.nickname = 'back';
    const stale = await reeve.users
      .update(back.id, { nickname: 'stale' }, { ifMatch: etag ?? '' })
      .catch((error: unknown) => error);
    report.check(
      'a change that was made from a stale copy is refused',
      stale instanceof ReeveError && [stale.status, stale.code],
      [412, 'precondition_failed'],
    );
  },
};
