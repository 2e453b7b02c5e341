/** A job as Auth0 shows one (contract, `schemas.Job`). */
import {
  type DialectCall,
  type ExportJobOptions,
  type ImportJobOptions,
  type JobRow,
  jobStateOf,
  locationOf,
  present,
  type RowFailure,
  readDetails,
} from '@reeve/core';
import { connectionNames } from './connection.ts';

type Status = 'pending' | 'processing' | 'completed' | 'failed';

/** A job that a runner takes up again is still being processed; a file that was being sent and broke off is not. */
function statusOf(row: JobRow, now: number): Status {
  const state = jobStateOf(row, now);
  if (state === 'interrupted') return row.queue === null ? 'failed' : 'processing';
  return state === 'running' ? 'processing' : state;
}

const summaryOf = ({ failed, updated, inserted, total }: JobRow) => ({ failed, updated, inserted, total });

/** What is known of how long it takes. */
function progressOf({ progress, created_at: begun }: JobRow, now: number) {
  if (progress === null) return {};
  const left = progress > 0 ? Math.ceil(((now - begun) * (100 - progress)) / progress / 1000) : undefined;
  return present({ percentage_done: progress, time_left_seconds: left });
}

/** An export is fetched with its link alone, so the link is for those who may read users. */
export async function jobView({ work, holds }: Pick<DialectCall, 'work' | 'holds'>, row: JobRow) {
  const options = JSON.parse(row.options) as Partial<ImportJobOptions & ExportJobOptions>;
  const status = statusOf(row, work.now);
  const connectionId = options.connection_id ?? options.connection;
  const names = connectionId === undefined ? undefined : await connectionNames(work, [connectionId]);
  const isImport = row.type === 'users_import';
  const isOver = status === 'completed' || status === 'failed';
  return {
    type: row.type,
    id: row.id,
    status,
    created_at: new Date(row.created_at).toISOString(),
    ...present({
      connection_id: connectionId,
      connection: connectionId === undefined ? undefined : names?.get(connectionId),
      ...options.vendor,
      location: holds('read:users') ? locationOf(work, row) : undefined,
    }),
    ...(isOver ? { percentage_done: 100, time_left_seconds: 0 } : progressOf(row, work.now)),
    ...(isImport && isOver ? { summary: summaryOf(row) } : {}),
    ...(status === 'failed' ? { status_details: row.detail ?? 'The job was cut off.' } : {}),
  };
}

/** The rules of a schema, and those of the directory, as Auth0 names them (contract, `schemas.ImportErrorCodes`). */
const RULES: Readonly<Record<string, string>> = {
  type: 'INVALID_TYPE',
  pattern: 'PATTERN',
  format: 'FORMAT',
  enum: 'ENUM_MISMATCH',
  minLength: 'MIN_LENGTH',
  maxLength: 'MAX_LENGTH',
  minimum: 'MINIMUM',
  maximum: 'MAXIMUM',
  minItems: 'ARRAY_LENGTH_SHORT',
  maxItems: 'ARRAY_LENGTH_LONG',
  required: 'OBJECT_REQUIRED',
  unknown: 'NOT_PASSED',
  not: 'NOT_PASSED',
  anyOf: 'ANY_OF_MISSING',
  duplicate: 'DUPLICATED_USER',
  encoding: 'INVALID_FORMAT',
  length: 'INVALID_FORMAT',
  cost: 'INVALID_FORMAT',
};
const CONFLICTS: Readonly<Record<string, string>> = { email: 'CONFLICT_EMAIL', username: 'CONFLICT_USERNAME' };

function codeOf(field: string, rule: string): string {
  if (field.startsWith('mfa_factors')) return 'MFA_FACTORS_FAILED';
  if (rule === 'unique') return CONFLICTS[field] ?? 'CONFLICT';
  return RULES[rule] ?? (rule === 'unchanged' || rule === 'exists' ? 'CONFLICT' : 'INVALID_FORMAT');
}

/** The directory names a hash's fields below `password_hash`, also where the file has a `custom_password_hash`. */
const pathOf = (field: string): string => field.replace(/^password_hash\./, 'custom_password_hash.');

/** One failed row: the user as the file had it without its secrets, and what is wrong with it. */
export function failureView({ code, field, message, details, key }: RowFailure) {
  const kept = details === null ? undefined : readDetails(details);
  const errors = kept?.errors.length ? kept.errors : [{ field: field ?? '', code, message }];
  return {
    user: kept?.row ?? (key === null ? {} : { email: key }),
    errors: errors.map((error) => ({
      code: codeOf(error.field, error.code),
      message: error.message,
      path: pathOf(error.field),
    })),
  };
}
