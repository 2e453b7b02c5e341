/** docs/compatibility/authing.md, made from a run. */
import type { ContractRow } from './contract.ts';
import { LEFT_OUT } from './left-out.ts';
import { type ClientName, clientNames } from './world.ts';

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

export function compatibilityTable(
  rows: readonly ContractRow[],
  worksOn: (client: ClientName, row: string) => readonly string[],
  databases: number,
): string {
  const cell = (client: ClientName, { id }: ContractRow) => {
    const works = worksOn(client, id);
    if (works.length === databases) return 'yes';
    if (works.length > 0) return `${works} only`;
    return id in LEFT_OUT ? 'left out' : 'NO';
  };
  const cells = (row: ContractRow) => clientNames.map((client) => cell(client, row));
  const isYes = (row: ContractRow) => cells(row).every((one) => one === 'yes');
  const counted = (of: readonly ContractRow[]) => `${of.filter(isYes).length} of ${of.length}`;
  return [
    '# Authing v4: method by method',
    '',
    'Made from a run of `packages/dialects/authing/conformance` by `npm run compatibility`; do not edit. The test fails',
    'where this file and a run differ. Both clients drive every scenario, and what they return is equal.',
    '',
    '- **yes**: the client called it against a Reeve server on SQLite and on PostgreSQL, and a scenario checked what it did.',
    '- **left out**: the server refuses it (code 404, or 500 of an unknown GraphQL field), for the reason beside it.',
    '- **Document**: the method stands in the document that the drop-in is made for.',
    '',
    line(['Method', 'Document', '`authing-js-sdk@4.23.55`', '`@reeve/authing`', 'Note']),
    line(['---', '---', '---', '---', '---']),
    ...rows.map((row) => line([`\`${row.id}\``, row.isInDocument ? 'yes' : '', ...cells(row), LEFT_OUT[row.id] ?? ''])),
    line(['**works**', counted(rows.filter(({ isInDocument }) => isInDocument)), counted(rows), '', '']),
    '',
  ].join('\n');
}
