/**
 * Someone leaves: sign-in ends at once, memberships go, and the audit log shows what was done.
 *
 *     node examples/offboard-user.ts ada@example.com
 */
import { ReeveManagement } from '@reeve/sdk';

const { REEVE_URL = 'http://127.0.0.1:8787', REEVE_CLIENT_ID = '', REEVE_CLIENT_SECRET = '' } = process.env;
const [email] = process.argv.slice(2);
if (!email) throw new Error('Usage: node examples/offboard-user.ts <e-mail address>');

const reeve = new ReeveManagement({
  tenantUrl: REEVE_URL,
  clientId: REEVE_CLIENT_ID,
  clientSecret: REEVE_CLIENT_SECRET,
});

const { users } = await reeve.users.list({ email });
const [user] = users;
if (!user) throw new Error(`Nobody has the address ${email}.`);

// Sessions and refresh tokens die with it; access tokens that are out are refused.
await reeve.users.disable(user.id);

for await (const group of reeve.groups.listForUser(user.id)) {
  await reeve.groups.removeMember(group.id, user.id);
  console.log(`left ${group.name}`);
}
await reeve.users.update(user.id, { app_metadata: { offboarded_at: new Date().toISOString() } });

for await (const event of reeve.audit.list({ target: user.id, order: 'asc' })) {
  console.log(`${event.created_at} ${event.event_type}`);
}
