/** The export of everyone, compared with the file and with what the demo changed since: every field of every row. */
import { isDeepStrictEqual } from 'node:util';
import type { User } from '@reeve/sdk';
import { keyOf, personIn, personOf } from '../book.ts';
import { type CsvRecord, readCsv } from '../csv.ts';
import { figure, seconds } from '../report.ts';
import type { Stage, Step } from '../stage.ts';

const SHOWN = 3;

const compareRows = async ({ reeve, book, report, server, startedAt }: Stage): Promise<void> => {
  const from = performance.now();
  const missing = new Set(book.entries.keys());
  const wrong: unknown[] = [];
  let rows = 0;
  for await (const user of reeve.users.exportAll()) {
    rows++;
    if (user.email === server.adminEmail) continue;
    const entry = book.entries.get(keyOf(user));
    missing.delete(keyOf(user));
    const isRight =
      entry !== undefined &&
      entry.id === user.id &&
      isDeepStrictEqual(personIn(user), entry.person) &&
      isSound(user, startedAt);
    if (!isRight && wrong.length < SHOWN) wrong.push({ expected: entry?.person, exported: user });
  }
  report.say(`${figure(rows)} rows of NDJSON in ${seconds(from)}`);
  report.check(
    'everyone is in the export once',
    { rows, missing: [...missing].slice(0, SHOWN) },
    { rows: book.size + 1, missing: [] },
  );
  report.check('every field of every row is what was imported, or what was changed here', wrong, []);
};

/** The fields that only the server can set. */
const isSound = (user: User, startedAt: Date): boolean =>
  user.identities.length === 1 &&
  user.identities[0]?.is_primary === true &&
  user.identities[0].connection_id === user.connection_id &&
  Date.parse(user.created_at) >= startedAt.getTime() &&
  user.updated_at >= user.created_at &&
  (user.last_sign_in_at === null) === (user.sign_in_count === 0);

const compareCsv = async ({ reeve, book, report, server }: Stage): Promise<void> => {
  let text = '';
  for await (const part of reeve.users.exportAll({ format: 'csv', connection: 'Username-Password-Authentication' }))
    text += part;
  const [header, ...records] = readCsv(text) as [CsvRecord, ...CsvRecord[]];
  const people = records
    .map(({ cells }) => personOf(header.cells, cells))
    .filter(({ email }) => email !== server.adminEmail);
  const wrong = people.filter((person) => {
    const entry = book.entries.get(keyOf(person));
    return !entry || !isDeepStrictEqual(person, entry.person);
  });
  report.check(
    `the same as CSV: ${figure(people.length)} rows, the same fields`,
    { rows: people.length, wrong: wrong.slice(0, SHOWN) },
    { rows: book.size, wrong: [] },
  );
};

export const exportPeople: Step = {
  title: 'Export and comparison',
  async run(stage) {
    await compareRows(stage);
    await compareCsv(stage);
  },
};
