/** docs/compatibility/rw3iss.md, made from a run. */
import type { ContractRow } from './contract.ts';
import { LEFT_OUT } from './left-out.ts';

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

export function compatibilityTable(
  rows: readonly ContractRow[],
  worksOn: (row: string) => readonly string[],
  databases: number,
): string {
  const cell = ({ id }: ContractRow) => {
    const works = worksOn(id);
    if (works.length === databases) return 'yes';
    if (works.length > 0) return `${works} only`;
    return id in LEFT_OUT ? 'left out' : 'NO';
  };
  const counted = (of: readonly ContractRow[]) => `${of.filter((row) => cell(row) === 'yes').length} of ${of.length}`;
  return [
    '# rw3iss auth back-office: method by method',
    '',
    'Made from a run of `packages/dialects/rw3iss/conformance` by `npm run compatibility`; do not edit. The test fails',
    'where this file and a run differ. The vendor publishes no client: the drop-in `@reeve/auth-client` is the one that',
    'ran, and it replays every recorded call of the contract (`client/recorded.test.ts`).',
    '',
    '- **yes**: the drop-in called it against a Reeve server on SQLite and on PostgreSQL, and a scenario checked what it did.',
    '- **left out**: the server has no such route (404), for the reason beside it.',
    '- **Document**: the method stands in the document that the drop-in is made for.',
    '',
    line(['Method', 'Document', '`@reeve/auth-client`', 'Note']),
    line(['---', '---', '---', '---']),
    ...rows.map((row) => line([`\`${row.id}\``, row.seed === null ? '' : 'yes', cell(row), LEFT_OUT[row.id] ?? ''])),
    line(['**works**', counted(rows.filter(({ seed }) => seed !== null)), counted(rows), '']),
    '',
    'Where the vendor’s own client, server and document disagree, ADR 0013 says what Reeve does.',
    '',
  ].join('\n');
}
