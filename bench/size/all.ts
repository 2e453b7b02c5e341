/**
 * A directory of any size, measured on its own, through the Auth0 dialect and beside better-auth; prints tables.
 * `node --conditions=reeve-source bench/size/all.ts <users> [sqlite|postgres] [operations|dialect|beside …]`
 */
import { loadavg } from 'node:os';
import { machine } from '../machine.ts';
import { beside } from './beside.ts';
import { directoryOf, type Kind, kinds } from './directory.ts';
import { dialectTable, operationTable } from './measure.ts';
import { SETTINGS } from './postgres.ts';

const PARTS = ['operations', 'dialect', 'beside'] as const;
type Part = (typeof PARTS)[number];

const users = Number(process.argv[2]);
const isKind = (text: string | undefined): text is Kind => (kinds as readonly (string | undefined)[]).includes(text);
const kind = process.argv[3] ?? 'sqlite';
const asked = process.argv.slice(4) as Part[];
if (!Number.isSafeInteger(users) || users < 1000 || !isKind(kind) || !asked.every((part) => PARTS.includes(part))) {
  console.error(`bench:size -- <users, 1000 or more> [${kinds.join('|')}] [${PARTS.join('|')} …]`);
  process.exit(1);
}

const runs: Readonly<Record<Part, () => Promise<string>>> = {
  operations: () => operationTable(directory),
  dialect: () => dialectTable(directory),
  beside: async () => (kind === 'sqlite' ? beside(directory, users) : 'better-auth is measured on SQLite.'),
};

const directory = await directoryOf(kind, users);
try {
  const { imported, bytes, parts, load } = directory.facts;
  console.log(`## ${users.toLocaleString('en')} users, ${kind}\n`);
  console.log(
    `Imported at ${Math.round(imported)} rows/s (load ${load.toFixed(1)}); ${Math.round(bytes / users)} bytes a user on disk.`,
  );
  if (kind === 'postgres') {
    console.log(
      `Settings: ${Object.entries(SETTINGS)
        .map(([name, value]) => `${name}=${value}`)
        .join(', ')}.`,
    );
    console.log(
      `Bytes a user: ${Object.entries(parts)
        .map(([name, size]) => `${name} ${Math.round(size / users)}`)
        .join(', ')}.`,
    );
  }
  for (const part of PARTS)
    if (asked.length === 0 || asked.includes(part))
      console.log(`\n### ${part}, load ${loadavg()[0]?.toFixed(1)}\n\n${await runs[part]()}`);
  console.log(`\n${machine()}`);
} finally {
  await directory.drop();
}
