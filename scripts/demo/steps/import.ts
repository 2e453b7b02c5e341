/** Ten thousand people from a CSV file: judged first, then written, then read back page by page. */
import { createReadStream } from 'node:fs';
import type { ImportAnswer, RowError } from '@reeve/sdk';
import { keyOf, people } from '../book.ts';
import { figure, seconds } from '../report.ts';
import { all, type Stage, type Step } from '../stage.ts';

const refusals = (errors: readonly RowError[]) =>
  errors.map(({ line, key, code, field }) => ({ line, key, code, field }));
const counts = ({ inserted, updated, failed, total }: Omit<ImportAnswer, 'job_id' | 'errors'>) => ({
  inserted,
  updated,
  failed,
  total,
});

const judge = async ({ reeve, book, report }: Stage): Promise<void> => {
  const { expected } = book;
  const answer = await reeve.users.bulkImport(createReadStream(people), { contentType: 'text/csv', mode: 'dry_run' });
  report.say(`${figure(answer.total)} rows judged, ${figure(answer.failed)} of them would be refused`);
  report.check('a dry run finds the wrong rows', refusals(answer.errors), expected.failed);
  const { total } = await reeve.users.list({ include_total: true, limit: 1 });
  report.check('and writes nothing: the administrator is alone', total, 1);
};

const write = async ({ reeve, book, report }: Stage): Promise<void> => {
  const { rows, inserted, failed } = book.expected;
  const from = performance.now();
  const answer = await reeve.users.bulkImport(createReadStream(people), {
    contentType: 'text/csv',
    onProgress: ({ total, bytes_sent }) => {
      const sent = `${figure(Math.round(bytes_sent / 1024))} of ${figure(Math.round(book.bytes / 1024))} KiB sent`;
      report.progress(total / rows, `${figure(total)} rows, ${sent}`, false);
    },
  });
  report.progress(answer.total / rows, `${figure(answer.total)} rows`, true);
  const rate = Math.round(answer.total / ((performance.now() - from) / 1000));
  report.say(
    `${figure(answer.inserted)} people imported in ${seconds(from)} (${figure(rate)} rows/s, ${answer.job_id})`,
  );
  report.say('');
  report.table(
    ['line', 'whose', 'code', 'field', 'why'],
    answer.errors.map(({ line, key, code, field, message }) => [
      String(line),
      cut(key ?? '–'),
      code,
      field ?? '–',
      message,
    ]),
  );
  report.say('');
  report.check(`${figure(inserted)} people are in, ${failed.length} rows are out`, counts(answer), {
    inserted,
    updated: 0,
    failed: failed.length,
    total: rows,
  });
  report.check('every wrong row is refused by line, key, code and field', refusals(answer.errors), failed);
  const job = await reeve.jobs.get(answer.job_id);
  report.check(
    'the job says the same',
    { state: job.state, ...counts(job) },
    { state: 'completed', ...counts(answer) },
  );
  const listed = await all(reeve.jobs.errors(answer.job_id, { limit: 20 }));
  report.check('so does the list of its errors, page by page', refusals(listed), failed);
};

const cut = (key: string): string => (key.length > 40 ? `${key.slice(0, 39)}…` : key);

/** Walks the whole directory and notes who is who. */
const walk = async ({ reeve, book, report, server }: Stage): Promise<void> => {
  let strangers = 0;
  let pages = 0;
  const seen = new Set<string>();
  for await (const page of reeve.users.list({ limit: 100 }).pages()) {
    pages++;
    for (const user of page.users) {
      seen.add(user.id);
      const entry = book.entries.get(keyOf(user));
      if (entry) entry.id = user.id;
      else if (user.email !== server.adminEmail) strangers++;
    }
  }
  const found = [...book.entries.values()].filter(({ id }) => id !== '').length;
  report.check(
    `a walk over ${pages} pages meets everyone once`,
    { found, seen: seen.size, strangers },
    { found: book.size, seen: book.size + 1, strangers: 0 },
  );
};

export const importPeople: Step = {
  title: 'Import of examples/people.csv',
  isVital: true,
  async run(stage) {
    await judge(stage);
    await write(stage);
    await walk(stage);
  },
};
