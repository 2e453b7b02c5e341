/**
 * Imports a CSV file of any length in constant memory. Can be repeated: people who are there already are changed.
 *
 *     node examples/import-csv.ts examples/people.csv
 */
import { createReadStream } from 'node:fs';
import { ReeveError, ReeveManagement } from '@reeve/sdk';

const { REEVE_URL = 'http://127.0.0.1:8787', REEVE_CLIENT_ID = '', REEVE_CLIENT_SECRET = '' } = process.env;
const [file, resume] = process.argv.slice(2);
if (!file) throw new Error('Usage: node examples/import-csv.ts <file> [id of an interrupted job]');

const reeve = new ReeveManagement({
  tenantUrl: REEVE_URL,
  clientId: REEVE_CLIENT_ID,
  clientSecret: REEVE_CLIENT_SECRET,
});

try {
  const { inserted, updated, failed, errors } = await reeve.users.bulkImport(createReadStream(file), {
    contentType: 'text/csv',
    mode: 'upsert',
    ...(resume ? { resume } : {}),
    onProgress: ({ total }) => console.log(`${total} rows`),
  });
  console.log(`${inserted} new, ${updated} changed, ${failed} refused`);
  for (const { line, key, field, message } of errors) console.log(`line ${line} (${key}), ${field}: ${message}`);
} catch (error) {
  // What is written stays; the same file with the job's id goes on from there.
  if (error instanceof ReeveError && error.job_id) console.log(`interrupted; resume with ${error.job_id}`);
  throw error;
}
