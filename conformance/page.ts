/** docs/compatibility/README.md, made from a run. */
import { type Aspect, aspects, type Change, type Door, vendors } from './door.ts';
import type { Ledger } from './ledger.ts';
import { scores } from './scores.ts';
import { story, words } from './story.ts';

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  line(head),
  line(head.map(() => '---')),
  ...rows.map(line),
];
const code = (text: string) => `\`${text}\``;

/** Clients of one vendor show and can do the same: they share a column. */
const columnsOf = (doors: readonly Door[]) =>
  vendors.flatMap((vendor) => {
    const clients = doors.filter((door) => door.vendor === vendor);
    const [door] = clients;
    return door ? [{ head: clients.map(({ name }) => code(name)).join(', '), door }] : [];
  });

const scoreTable = () =>
  table(
    [
      'Vendor',
      'Document, genuine client',
      'Document, our drop-in',
      'Whole contract, genuine client',
      'Whole contract, our drop-in',
      'Method by method',
    ],
    scores().map(({ vendor, source, document, contract }) => [
      vendor,
      document.genuine,
      document.dropIn,
      contract.genuine,
      contract.dropIn,
      source,
    ]),
  );

const pairTable = (doors: readonly Door[], ledger: Ledger) =>
  table(
    ['written by ↓, read through →', ...doors.map(({ name }) => code(name))],
    doors.map((writer) => [code(writer.name), ...doors.map((reader) => String(ledger.count(writer, reader)))]),
  );

function stepTable(doors: readonly Door[]): string[] {
  const steps: readonly { readonly change: Change; readonly title: string }[] = [
    { change: 'create', title: 'create' },
    ...story,
    { change: 'delete', title: 'delete' },
  ];
  const columns = columnsOf(doors);
  return table(
    ['Step', ...columns.map(({ head }) => head)],
    steps.map(({ change, title }) => [
      title,
      ...columns.map(({ door: { changes, cannot } }) => (changes[change] ? 'yes' : `— ${cannot[change]}`)),
    ]),
  );
}

function aspectTable(doors: readonly Door[]): string[] {
  const columns = columnsOf(doors);
  return table(
    ['Of a person', ...columns.map(({ head }) => head)],
    Object.entries(aspects).map(([aspect, title]) => [
      title,
      ...columns.map(({ door: { hides } }) => {
        const reason = hides[aspect as Aspect];
        return reason === undefined ? 'compared' : `— ${reason}`;
      }),
    ]),
  );
}

const told = (answer: unknown) => (answer === undefined ? '—' : code(JSON.stringify(answer)));

const wordTable = (doors: readonly Door[]) =>
  table(
    ['Client', 'an id that nobody has any more', 'sign-in of who is disabled', 'sign-in of who is deleted'],
    columnsOf(doors).map(({ head, door: { vendor } }) => [
      head,
      told(words[vendor].absent),
      told(words[vendor].disabled),
      told(words[vendor].deleted),
    ]),
  );

export const pageOf = (doors: readonly Door[], ledger: Ledger): string =>
  [
    '# Compatibility',
    '',
    'Made from a run of [conformance/](../../conformance) by `npm run compatibility`; do not edit. The test fails where this file',
    'and a run differ.',
    '',
    '## Each vendor by itself',
    '',
    'Methods that a client called against a Reeve server, on SQLite and on PostgreSQL, and whose effect a scenario checked. A',
    'document is what the drop-in was made for; a contract is all that was recorded of the vendor.',
    '',
    ...scoreTable(),
    '',
    'Of Auth0 the genuine column counts `auth0@3.7.2`, which lacks two names that the documents have; all that was recorded stands in',
    'a document.',
    '',
    '## One directory through every client',
    '',
    'Each client makes a person and goes through the steps below; after every step each client, itself among them, reads the',
    'person, and all read the same. The numbers are comparisons, the same on SQLite and on PostgreSQL: a field, an id, a step’s',
    'entries in a log, or a refusal counts as one.',
    '',
    ...pairTable(doors, ledger),
    '',
    '### What is read',
    '',
    'What a client does not show it says here; the test fails where it shows it after all.',
    '',
    ...aspectTable(doors),
    '',
    'Events are compared in the words of each log: type, who did it, and who acted as that user. The actor is the management',
    'application, and for `@reeve/auth-client` the administrator who is signed in; its log names people only, so that what an',
    'application did has nobody there.',
    '',
    '### What is written',
    '',
    'Where a client signs nobody in, an application does, with the password.',
    '',
    ...stepTable(doors),
    '',
    '`@reeve/auth-client` creates by registration, of which the actor is a stranger, verifies with the mailed link, and deletes for',
    'ever. Auth0’s clients end a session by its device credential.',
    '',
    '### What is told of who may not come in',
    '',
    'After the deletion no list has the person, and nobody is found by the e-mail address.',
    '',
    ...wordTable(doors),
    '',
  ].join('\n');
