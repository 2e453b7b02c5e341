/** Whom events of a type are about, read off the index by type in portions: others have their turn in between. */
import { numbersOf } from '../audit/audit.store.ts';
import type { Work } from '../work.ts';

/** Events read at once. */
const PORTION = 10_000;

interface Span {
  /** Epoch milliseconds, inclusive. Absent: from the first event on. */
  readonly start?: number;
  /** Id of the application that carried the request. Absent: any, or none. */
  readonly application?: string;
}

/** Ids of the targets, as often as there are events. */
export async function* targetsOf(
  work: Work,
  type: 'user.signed_in' | 'user.deleted',
  { start, application }: Span,
): AsyncGenerator<readonly string[]> {
  let { after = 0 } = await work.read((db) => numbersOf(db, work.tenant.id, { start }));
  for (;;) {
    const rows = await work.read((db) =>
      db
        .selectFrom('events')
        .select(['num', 'target_id', 'application_id'])
        .where('tenant_id', '=', work.tenant.id)
        .where('type', '=', type)
        .where('num', '>', after)
        .$if(start !== undefined, (query) => query.where((e) => e(e('created_at', '+', 0), '>=', start as number)))
        .orderBy('num')
        .limit(PORTION)
        .execute(),
    );
    // Judged here: no index knows the application, and a statement that looks for it might walk the whole log.
    const meant = rows.filter(({ application_id: by }) => application === undefined || by === application);
    yield meant.flatMap(({ target_id }) => target_id ?? []);
    const last = rows.at(-1);
    if (!last || rows.length < PORTION) return;
    after = last.num;
  }
}

/** Who ever signed in through an application (`app_…`): ids, as often as they did, of who is there no more, too. */
export const signedInThrough = (work: Work, application: string): AsyncGenerator<readonly string[]> =>
  targetsOf(work, 'user.signed_in', { application });
