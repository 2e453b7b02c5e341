/** The file of a finished export, for whoever has a link to it. */
import { Readable } from 'node:stream';
import { createWork, isLinkValid, openExport, Problem } from '@reeve/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerOf, checkParams, enterTenant, type Rooms, strangerAt } from '../entry.ts';

const SHAPE = /^\d{1,15}$/;
const HIGH_WATER = 262_144;

export function installDownloads(http: FastifyInstance, rooms: Rooms): void {
  http.get('/exports/:id', async (request, reply) => {
    const tenant = await enterTenant(rooms, request, reply);
    rooms.rateLimit.count(`${tenant.id} ip ${strangerAt(request)}`, reply);
    const work = createWork({ services: rooms.services, tenant, caller: callerOf(request) });
    const { id = '' } = checkParams(request.params as Record<string, string>);
    const file = isAllowed(request, (expires, signature) => isLinkValid(work, id, expires, signature))
      ? await openExport(work, id)
      : undefined;
    if (!file) throw new Problem('not_found', 'The link works no longer; read the job again for a new one.');
    return reply
      .type('application/gzip')
      .header('content-disposition', `attachment; filename="${id}.${file.format === 'csv' ? 'csv' : 'ndjson'}.gz"`)
      .send(Readable.from(file.pieces, { objectMode: false, highWaterMark: HIGH_WATER }));
  });
}

function isAllowed(request: FastifyRequest, judge: (expires: number, signature: string) => boolean): boolean {
  const { expires, signature } = request.query as Record<string, unknown>;
  return (
    typeof expires === 'string' &&
    typeof signature === 'string' &&
    SHAPE.test(expires) &&
    judge(Number(expires), signature)
  );
}
