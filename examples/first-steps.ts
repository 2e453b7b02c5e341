/**
 * The first five minutes: create someone, find them, change them, let them go.
 *
 *     node examples/first-steps.ts
 *
 * Every example reads the server's address and the application's credentials from the environment; `npm start` prints
 * them at its first start.
 */
import { ReeveError, ReeveManagement } from '@reeve/sdk';

const { REEVE_URL = 'http://127.0.0.1:8787', REEVE_CLIENT_ID = '', REEVE_CLIENT_SECRET = '' } = process.env;

const reeve = new ReeveManagement({
  tenantUrl: REEVE_URL,
  clientId: REEVE_CLIENT_ID,
  clientSecret: REEVE_CLIENT_SECRET,
});

const ada = await reeve.users.create({
  email: `ada.${Date.now()}@example.com`,
  name: 'Ada Lovelace',
  // Left out, the person would be mailed a link that verifies the address.
  email_verified: true,
  app_metadata: { plan: 'team' },
});
console.log(`created ${ada.id}`);

// A list is a page when awaited, and every item of every page when iterated.
const { users, total } = await reeve.users.list({ search: 'lovelace', include_total: true, limit: 10 });
console.log(`found ${total}: ${users.map(({ email }) => email).join(', ')}`);

// JSON merge patch: what is not named stays, null clears.
const changed = await reeve.users.update(ada.id, { nickname: 'Countess', app_metadata: { seats: 3 } });
console.log(`changed: ${changed.nickname}, ${JSON.stringify(changed.app_metadata)}`);

// Two people must not have one address; the error says which field broke which rule.
try {
  await reeve.users.create({ email: ada.email as string });
} catch (error) {
  if (!(error instanceof ReeveError)) throw error;
  console.log(
    `refused: ${error.code} (${error.errors.map(({ field }) => field).join(', ')}), request ${error.request_id}`,
  );
}

await reeve.users.delete(ada.id);
console.log('deleted');
