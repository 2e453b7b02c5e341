/** Finding people: every answer is compared with a plain look through the file. */
import type { User } from '@reeve/sdk';
import { all, each, type Stage, type Step } from '../stage.ts';

/** Substrings, and under three characters prefixes, in many scripts and in both cases. */
const searches = [
  'СОЛОВЬЁВ',
  'παπαδόπουλ',
  'אזול',
  'כהן',
  'عبد ال',
  'शर्मा',
  'চৌধুরী',
  'கிருஷ்',
  '欧阳',
  '王',
  '남궁',
  'さくら',
  'ბერიძე',
  'Ծատուր',
  'สมชาย',
  'ከበደ',
  'nguyễn',
  'GÜNTHER',
  'größmann',
  'öZTüRK',
  'İpek',
  "o'conn",
  'da silva',
  'ng',
  '@bellwether-press.example',
  '+4477009001',
  'max, the',
];

const idsOf = (users: readonly User[]): string[] => users.map(({ id }) => id).sort();

const search = async ({ reeve, book, report }: Stage): Promise<void> => {
  const figures: string[] = [];
  const wrong: string[] = [];
  await each(searches, 4, async (text) => {
    const expected = book.matches(text);
    const page = await reeve.users.list({ search: text, include_total: true, limit: 1 });
    const found = idsOf(await all(reeve.users.list({ search: text, limit: 100 })));
    if (expected.length === 0 || page.total !== expected.length || JSON.stringify(found) !== JSON.stringify(expected))
      wrong.push(text);
    figures.push(`${text} ${found.length}`);
  });
  report.say(figures.join(' · '));
  report.check(`${searches.length} searches find exactly whom the file holds, with exact totals`, wrong, []);
};

const exact = async ({ reeve, book, report }: Stage): Promise<void> => {
  const entries = [...book.entries.values()];
  const both = entries.find(({ person }) => person.email && person.username && person.phone_number);
  if (!both?.person.email || !both.person.username || !both.person.phone_number)
    throw new Error('The file holds nobody with all three.');
  const { email, username, phone_number } = both.person;
  const pages = await Promise.all([
    reeve.users.list({ email: email.toUpperCase() }),
    reeve.users.list({ username: username.toUpperCase() }),
    reeve.users.list({ phone_number }),
  ]);
  report.check(
    'exact e-mail, username and phone number find the one',
    pages.map(({ users }) => idsOf(users)),
    [[both.id], [both.id], [both.id]],
  );
  const emails = entries.flatMap(({ person }) => person.email ?? []).slice(0, 199);
  const { users, missing } = await reeve.users.lookup({ emails: [...emails, 'nobody@example.net'] });
  report.check(
    'one look-up resolves 199 addresses and names the missing one',
    [users.length, missing.emails],
    [199, ['nobody@example.net']],
  );
};

const count = async ({ reeve, book, report, startedAt }: Stage): Promise<void> => {
  const { connections } = await reeve.connections.list();
  const home = connections.find(({ is_default }) => is_default);
  const total = async (query: Parameters<typeof reeve.users.list>[0]) =>
    (await reeve.users.list({ ...query, include_total: true, limit: 1 })).total;
  const everyone = book.size + 1;
  const totals = await Promise.all([
    total({}),
    total({ connection: home?.name ?? '' }),
    total({ state: 'active' }),
    total({ state: 'disabled' }),
    total({ created_after: startedAt }),
    total({ created_before: startedAt }),
    total({ created_after: startedAt, search: 'kowal' }),
  ]);
  report.check('totals agree: all, by connection, by state, by time, by time and search', totals, [
    everyone,
    everyone,
    everyone,
    0,
    book.size,
    1,
    book.matches('kowal').length,
  ]);
  report.check('the connection counts the same', home?.user_count, everyone);
};

export const findPeople: Step = {
  title: 'Search and counts',
  async run(stage) {
    await search(stage);
    await exact(stage);
    await count(stage);
  },
};
