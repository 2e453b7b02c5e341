/** Two hundred changes of one person at the same time, none lost. */
import { seconds } from '../report.ts';
import { all, type Step } from '../stage.ts';

const PATCHES = 200;

export const patchAtOnce: Step = {
  title: 'Concurrent merge patches',
  async run({ reeve, book, report }) {
    const [entry] = book.entriesOf(({ state, has_password }) => state === 'active' && !has_password);
    if (!entry) throw new Error('Nobody is left to change.');
    const from = performance.now();
    const keys = Array.from({ length: PATCHES }, (_, at) => [`answer_${at}`, at] as const);
    const { etag } = await reeve.users.get(entry.id).withResponse();
    await Promise.all(keys.map(([key, value]) => reeve.users.update(entry.id, { user_metadata: { [key]: value } })));
    report.say(`${PATCHES} patches of disjoint keys in ${seconds(from)}`);
    Object.assign(entry.person.user_metadata, Object.fromEntries(keys));
    const { data, etag: now } = await reeve.users.get(entry.id).withResponse();
    report.check('all of them are there', data.user_metadata, entry.person.user_metadata);
    const versions = [etag, now].map((tag) => Number(/\d+/.exec(tag ?? '')?.[0]));
    report.check('each made one version', (versions[1] ?? 0) - (versions[0] ?? 0), PATCHES);
    const events = await all(reeve.audit.list({ event_types: ['user.updated'], target: entry.id, limit: 100 }));
    report.check('and one event', events.length, PATCHES);
  },
};
