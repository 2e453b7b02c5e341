/** docs/compatibility/auth0.md, made from a run. */
import type { Client } from './clients.ts';
import type { ContractRow } from './contract.ts';
import type { Ledger } from './ledger.ts';
import { notes } from './notes.ts';

const cellOf = (row: string, client: Client, ledger: Ledger): string => {
  if (!client.offers(row)) return 'not there';
  const outcome = ledger.outcomeOf(row, client);
  if (!outcome) return 'not run';
  if (!outcome.works) return 'NO';
  return outcome.styles.includes('callback') && outcome.styles.includes('promise')
    ? 'yes, both'
    : `yes, ${outcome.styles}`;
};

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

export function compatibilityTable(rows: readonly ContractRow[], clients: readonly Client[], ledger: Ledger): string {
  const counts = clients.map((client) => {
    const works = rows.filter(({ id }) => cellOf(id, client, ledger).startsWith('yes')).length;
    const there = rows.filter(({ id }) => client.offers(id)).length;
    return `${works} of ${there}`;
  });
  return [
    '# Auth0: method by method',
    '',
    'Made from a run of `packages/dialects/auth0/conformance` by `npm run compatibility`; do not edit. The test fails',
    'where this file and a run differ. Rows are the names of the documents: `users.create` is a method of a manager,',
    '`createUser` a method of `ManagementClient` itself.',
    '',
    '- **yes**: the client called it against a Reeve server, and a scenario checked what it did; `promise`, `callback`',
    '  or `both` says how. A flat name calls its manager’s method, so that both rows ran. Every name of `auth0@3.7.2`',
    '  and `@reeve/auth0` ran on SQLite and on PostgreSQL, and saw the same, errors included; managers by callback, flat names by',
    '  promise, and the other releases, ran on SQLite.',
    '- **not there**: the release has no such method. A flat name of the 2.x and 3.x lines is in no later one.',
    '- **not run**: no scenario calls it with this client.',
    '',
    line(['Method', ...clients.map(({ name }) => `\`${name}\``), 'Note']),
    line(['---', ...clients.map(() => '---'), '---']),
    ...rows.map(({ id }) =>
      line([`\`${id}\``, ...clients.map((client) => cellOf(id, client, ledger)), notes[id] ?? '']),
    ),
    line(['**works**', ...counts, '']),
    '',
  ].join('\n');
}
