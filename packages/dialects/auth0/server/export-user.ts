/** The file of an export as Auth0 writes it (contract §12): newline-delimited JSON, or CSV whose texts begin with an apostrophe. */
import type { ExportJobOptions, ExportShape, Work } from '@reeve/core';
import { connectionNames } from './connection.ts';
import { cutsOf, identitiesOf, identityMembers, namesIn, userText } from './user.ts';

export interface ExportField {
  readonly name: string;
  readonly export_as?: string;
}

/** What an export tells where nothing is asked for. */
export const DEFAULT_FIELDS: readonly ExportField[] = [
  ...[
    'user_id',
    'email',
    'email_verified',
    'username',
    'phone_number',
    'phone_verified',
    'name',
    'given_name',
    'family_name',
    'nickname',
    'picture',
    'blocked',
    'last_ip',
    'last_login',
    'logins_count',
    'created_at',
    'updated_at',
  ].map((name) => ({ name })),
  { name: 'identities[0].connection', export_as: 'connection' },
];

/** `identities[0].connection` as its steps. */
const stepsOf = (path: string): string[] => path.split(/[.[\]]+/).filter((step) => step !== '');

const valueAt = (value: unknown, steps: readonly string[]): unknown =>
  steps.reduce<unknown>(
    (at, step) =>
      at !== null && typeof at === 'object' && Object.hasOwn(at, step)
        ? (at as Record<string, unknown>)[step]
        : undefined,
    value,
  );

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  return quoted(`'${typeof value === 'string' ? value : JSON.stringify(value)}`);
}

/** What spreadsheets would take for a formula begins with an apostrophe here, too. */
const headerCell = (name: string): string => {
  const safe = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return /[",\r\n]/.test(safe) ? quoted(safe) : safe;
};

export async function exportShape(work: Work, { format, vendor }: ExportJobOptions): Promise<ExportShape> {
  const nameOf = namesIn(await connectionNames(work));
  const asked = (vendor?.fields as readonly ExportField[] | undefined) ?? DEFAULT_FIELDS;
  const fields = asked.map(({ name, export_as: shown = name }) => ({ shown, steps: stepsOf(name) }));
  const valuesOf = (doc: string) => {
    const cuts = cutsOf(doc);
    const user: unknown = JSON.parse(userText(cuts, identityMembers(identitiesOf(cuts), nameOf)));
    return fields.map(({ steps }) => valueAt(user, steps));
  };
  if (format === 'csv')
    return {
      header: `${fields.map(({ shown }) => headerCell(shown)).join(',')}\n`,
      line: (doc) => `${valuesOf(doc).map(cellOf).join(',')}\n`,
      trailer: () => '',
    };
  return {
    header: '',
    line: (doc) => {
      const values = valuesOf(doc);
      return `${JSON.stringify(Object.fromEntries(fields.map(({ shown }, i) => [shown, values[i]])))}\n`;
    },
    trailer: () => '',
  };
}
