/** Whether the process lives, and whether it can do its work: what load balancers and supervisors ask. */
import { setTimeout } from 'node:timers/promises';
import { Problem, type Services } from '@reeve/core';
import type { FastifyInstance } from 'fastify';

const DATABASE_MILLISECONDS = 2000;

export function installHealth(http: FastifyInstance, { database }: Services, stopping: AbortSignal): void {
  http.get('/health/live', async () => ({ status: 'ok' }));
  http.get('/health/ready', async () => {
    if (stopping.aborted) throw new Problem('overloaded', 'The server is stopping.');
    const late = new AbortController();
    const silence = setTimeout(DATABASE_MILLISECONDS, true, { signal: late.signal, ref: false }).catch(() => true);
    const answer = database.read((db) => db.selectFrom('tenants').select('num').limit(1).execute());
    const isSilent = await Promise.race([
      answer.then(
        () => false,
        () => true,
      ),
      silence,
    ]);
    late.abort();
    if (isSilent) throw new Problem('overloaded', 'The database does not answer.', { retryAfter: 1 });
    return { status: 'ok' };
  });
}
