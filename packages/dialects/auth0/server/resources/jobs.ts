/** `/jobs`: imports, exports and verification mails (contract §12). */
import { array, integer, object, oneOf, optional, type Static } from '@reeve/contract';
import {
  checkImportRoom,
  DialectAnswer,
  type DialectCall,
  type DialectRow,
  failuresOf,
  fieldProblem,
  putExport,
  putImport,
  type Received,
  recordJob,
  requireJob,
  row,
  sendVerificationFor,
  together,
} from '@reeve/core';
import { inexistentConnection, requireConnection } from '../connection.ts';
import { failureView, jobView } from '../job.ts';
import { checkIdentity, linkFields, linkOptionsOf } from '../link.ts';
import { text, userId } from '../schema.ts';
import { idOf, inexistentUser } from '../user.ts';

const inexistentJob = { status: 404, code: 'inexistent_job', message: 'The job does not exist.' } as const;

/** Failed rows that one answer tells. */
const MOST_FAILURES = 10_000;

const FORM_FIELDS = ['connection_id', 'upsert', 'send_completion_email', 'external_id'];

function flagOf({ fields }: Received, name: string, fallback: boolean): boolean {
  const given = fields[name];
  if (given === undefined) return fallback;
  if (given !== 'true' && given !== 'false') throw fieldProblem(name, 'type', `${name} must be "true" or "false"`);
  return given === 'true';
}

/** The form of an import, judged. */
function formOf(received: Received) {
  const { fields, file } = received;
  const unknown = Object.keys(fields).find((name) => !FORM_FIELDS.includes(name));
  if (unknown !== undefined) throw fieldProblem(unknown.slice(0, 100), 'unknown', 'is not known here');
  if (file?.field !== 'users') throw fieldProblem('users', 'required', 'The form needs the file "users".');
  const { connection_id: connection = '', external_id: externalId } = fields;
  if (connection === '') throw fieldProblem('connection_id', 'required', 'The form needs connection_id.');
  const isUpsert = flagOf(received, 'upsert', false);
  return { file, connection, externalId, isUpsert, tellsByMail: flagOf(received, 'send_completion_email', true) };
}

async function importUsers(call: DialectCall) {
  const { work, upload, contentType } = call;
  const { spool } = work.services;
  if (!spool || !upload) throw new Error('Nothing takes in files here.');
  await checkImportRoom(work);
  const received = await spool.receive(upload, contentType);
  // Once the job stands, its file is the runner's.
  return jobView(call, await importOf(work, received));
}

/** Puts up the job of a form that was received; the file of one that is refused goes. */
async function importOf(work: DialectCall['work'], received: Received) {
  try {
    const { file, connection, externalId, isUpsert, tellsByMail } = formOf(received);
    await requireConnection(work, connection);
    return await putImport(work, file, {
      mode: isUpsert ? 'upsert' : 'insert',
      connection,
      dialect: 'auth0',
      tellsByMail,
      vendor: { upsert: isUpsert, ...(externalId === undefined ? {} : { external_id: externalId }) },
    });
  } catch (error) {
    await received.file?.discard();
    throw error;
  }
}

const exportBody = object({
  connection_id: optional(text(128)),
  format: optional(oneOf(['json', 'csv'])),
  limit: optional(integer({ minimum: 1, maximum: 1_000_000_000 })),
  fields: optional(array(object({ name: text(512), export_as: optional(text(512)) }), { minItems: 1, maxItems: 30 })),
});

async function exportUsers(call: DialectCall<undefined, Static<typeof exportBody>>) {
  const { work, body } = call;
  const { connection_id: connection, format = 'json', limit, fields } = body;
  if (connection !== undefined) await requireConnection(work, connection);
  const bag = format === 'csv' && fields?.find(({ name }) => name === 'user_metadata' || name === 'app_metadata');
  if (bag) throw fieldProblem('fields', 'bag', `CSV cannot hold all of ${bag.name}; name its fields one by one`);
  const shown = fields?.map(({ name, export_as: given = name }) => given) ?? [];
  const twice = shown.find((name, i) => shown.indexOf(name) !== i);
  if (twice !== undefined) throw fieldProblem('fields', 'unique', `${twice} is exported twice`);
  const job = await putExport(
    work,
    {
      format: format === 'csv' ? 'csv' : 'ndjson',
      dialect: 'auth0',
      vendor: { format, ...(limit === undefined ? {} : { limit }), ...(fields === undefined ? {} : { fields }) },
      ...(limit === undefined ? {} : { limit }),
      ...(connection === undefined ? {} : { connection }),
    },
    (made) => made,
  );
  return jobView(call, job);
}

const mailBody = object({ user_id: userId, ...linkFields });

async function sendVerification(call: DialectCall<undefined, Static<typeof mailBody>>) {
  const { work, body } = call;
  const user_id = await idOf(work, body.user_id);
  const job = await together(work, async (inner, unit) => {
    await checkIdentity(inner, user_id, body);
    await sendVerificationFor(inner, user_id, await linkOptionsOf(inner, body));
    return recordJob(unit, 'verification_email');
  });
  return jobView(call, job);
}

const get = async (call: DialectCall) => jobView(call, await requireJob(call.work, call.params.id as string));

/** The first failures in the order of the file. Auth0 has no pages of them; the native `/jobs/{id}/errors` has, and tells all. */
async function errors(call: DialectCall) {
  const { work, params } = call;
  const job = await requireJob(work, params.id as string);
  const view = await jobView(call, job);
  if (view.status === 'failed') return view;
  const found: ReturnType<typeof failureView>[] = [];
  for await (const failures of failuresOf(work, job.id)) {
    found.push(...failures.slice(0, MOST_FAILURES - found.length).map(failureView));
    if (found.length >= MOST_FAILURES) break;
  }
  return found.length === 0 ? new DialectAnswer(undefined, { status: 204 }) : found;
}

const readers = ['create:users', 'read:users'];

export const jobs: readonly DialectRow[] = [
  row('POST /jobs/users-imports', {
    scopes: ['create:users'],
    status: 202,
    uploads: true,
    problems: {
      not_found: { status: 400, ...inexistentConnection },
      payload_too_large: { message: 'Payload content length greater than maximum allowed' },
      limit_reached: {
        status: 429,
        code: 'too_many_requests',
        message: 'There are 2 active import users jobs, please wait until some of them are finished and try again',
      },
    },
    run: importUsers,
  }),
  row('POST /jobs/users-exports', {
    scopes: ['read:users'],
    body: exportBody,
    problems: {
      not_found: { status: 400, ...inexistentConnection },
      limit_reached: { status: 429, code: 'too_many_requests' },
    },
    run: exportUsers,
  }),
  row('POST /jobs/verification-email', {
    scopes: ['update:users'],
    body: mailBody,
    status: 201,
    problems: {
      not_found: { ...inexistentUser, status: 400 },
      conflict: { status: 400, code: 'operation_not_supported' },
    },
    run: sendVerification,
  }),
  row('GET /jobs/{id}', { scopes: readers, problems: { not_found: inexistentJob }, run: get }),
  row('GET /jobs/{id}/errors', { scopes: readers, problems: { not_found: inexistentJob }, run: errors }),
];
