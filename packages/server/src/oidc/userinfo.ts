/** `/userinfo` (OIDC Core §5.3): the claims of the person an access token was given for, as its scopes open them. */
import { findUser, Problem, parseUser } from '@reeve/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { enterTenant, type Rooms, strangerAt } from '../entry.ts';
import { bearerOf } from '../guard.ts';
import { claimsFor } from './claims.ts';

/** The token of the Authorization header, or of a form (RFC 6750 §2.2), never of the query. */
async function tokenOf(request: FastifyRequest): Promise<string> {
  const { authorization } = request.headers;
  const form = request.method === 'POST' ? (request.body as URLSearchParams | undefined)?.get('access_token') : null;
  if (authorization !== undefined && form)
    throw new Problem('invalid_request', 'Send the access token once: in the Authorization header or in the form.');
  return bearerOf(form ? `Bearer ${form}` : authorization);
}

export const createUserinfo =
  (rooms: Rooms) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { services, guard, rateLimit } = rooms;
    const tenant = await enterTenant(rooms, request, reply);
    const { claims, principal } = await tokenOf(request)
      .then((token) => guard.inspect(tenant, token))
      .catch((error: unknown) => {
        rateLimit.count(`${tenant.id} ip ${strangerAt(request)}`, reply);
        throw error;
      });
    request.entered = { tenant, principal };
    rateLimit.count(`${tenant.id} ${principal.clientId}`, reply);
    const scopes = (claims.scope ?? '').split(' ');
    if (claims.uid === undefined || !scopes.includes('openid'))
      throw new Problem('insufficient_scope', 'This needs a token of a signed-in user with the scope openid.');
    const row = await services.database.read((db) => findUser(db, tenant.id, claims.uid as string));
    if (!row) throw new Problem('token_revoked', 'The user of this access token is gone.');
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(claimsFor(parseUser(row.doc), scopes)));
  };
