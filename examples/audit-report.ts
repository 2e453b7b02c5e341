/**
 * What happened in the last 24 hours, by type; the stream is never held in memory.
 *
 *     node examples/audit-report.ts
 */
import { ReeveManagement } from '@reeve/sdk';

const { REEVE_URL = 'http://127.0.0.1:8787', REEVE_CLIENT_ID = '', REEVE_CLIENT_SECRET = '' } = process.env;

const reeve = new ReeveManagement({
  tenantUrl: REEVE_URL,
  clientId: REEVE_CLIENT_ID,
  clientSecret: REEVE_CLIENT_SECRET,
});

const counts = new Map<string, number>();
// With `live: true` the loop would go on as events come.
for await (const event of reeve.audit.stream({ start: new Date(Date.now() - 86_400_000) })) {
  counts.set(event.event_type, (counts.get(event.event_type) ?? 0) + 1);
}
for (const [type, count] of [...counts].sort(([, a], [, b]) => b - a))
  console.log(`${String(count).padStart(8)}  ${type}`);
