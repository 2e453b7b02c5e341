/** `/client-grants`: what an application's own tokens may carry for an API. */
import { array, boolean, type ClientGrant, object, optional, type Static, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, noBody, operations, Problem, resultOf, row, type Work } from '@reeve/core';
import { ifThere } from '../absence.ts';
import { wireAudience } from '../audience.ts';
import { inexistentClient } from '../client.ts';
import { keyset } from '../keyset.ts';
import { asTheyAre, checkpointQuery, each, nothing, offsetQuery, pageOf } from '../paging.ts';
import { text } from '../schema.ts';

const scope = array(text(280), { maxItems: 1000, uniqueItems: true });
// No token is of an organization here: what says otherwise is refused, not passed over.
const organizationUsage = optional(string({ enum: ['deny'] } as object));
const anyOrganization = optional(boolean({ enum: [false] } as object));
const createBody = object({
  client_id: text(128),
  audience: text(600),
  scope,
  organization_usage: organizationUsage,
  allow_any_organization: anyOrganization,
  subject_type: optional(string({ enum: ['client'] } as object)),
});
const updateBody = object({
  scope: optional(scope),
  organization_usage: organizationUsage,
  allow_any_organization: anyOrganization,
  // Tooling writes back what it read.
  subject_type: optional(string({ enum: ['client'] } as object)),
});
const listQuery = object({
  ...offsetQuery,
  ...checkpointQuery,
  audience: optional(text(600)),
  client_id: optional(text(128)),
  allow_any_organization: optional(boolean()),
  subject_type: optional(string({ enum: ['client', 'user'] } as object)),
  default_for: optional(string({ enum: ['third_party_clients'] } as object)),
});

const view = (work: Work) => (grant: ClientGrant) => ({
  id: grant.id,
  client_id: grant.client_id,
  audience: wireAudience(work, grant.audience),
  scope: grant.scopes,
  subject_type: 'client',
});

function list({ work, query }: DialectCall<Static<typeof listQuery>>) {
  const { audience, client_id, subject_type, allow_any_organization: isAny, default_for: isDefault, ...paging } = query;
  // Grants to users, to organizations, and to clients that nobody has named yet are none of this server's.
  if (subject_type === 'user' || isAny === true || isDefault !== undefined)
    return pageOf('client_grants', paging, nothing, asTheyAre);
  const filter = {
    ...(audience === undefined ? {} : { audience }),
    ...(client_id === undefined ? {} : { application: client_id }),
  };
  const grants = keyset(
    (page) => operations.clientGrants.list(work, { query: { ...filter, ...page }, body: undefined }),
    'client_grants',
  );
  return pageOf('client_grants', paging, grants, each(view(work)));
}

async function create({ work, body }: DialectCall<undefined, Static<typeof createBody>>) {
  const native = { application: body.client_id, audience: body.audience, scopes: body.scope };
  return view(work)(resultOf(await operations.clientGrants.create(work, { query: undefined, body: native })));
}

async function update({ work, params, body }: DialectCall<undefined, Static<typeof updateBody>>) {
  if (body.scope === undefined)
    throw new Problem('invalid_request', 'A client grant has nothing else that could be changed here.', {
      errors: [{ field: 'scope', code: 'required', message: 'is required' }],
    });
  const input = { client_grant_id: params.id as string, query: undefined, body: { scopes: body.scope } };
  return view(work)(resultOf(await operations.clientGrants.update(work, input)));
}

/** Idempotent. */
async function remove({ work, params }: DialectCall) {
  await ifThere(operations.clientGrants.delete(work, { client_grant_id: params.id as string, ...noBody }));
}

export const grants: readonly DialectRow[] = [
  row('GET /client-grants', { scopes: ['read:client_grants'], query: listQuery, run: list }),
  row('POST /client-grants', {
    scopes: ['create:client_grants'],
    body: createBody,
    status: 201,
    problems: {
      not_found: inexistentClient,
      grant_exists: {
        status: 409,
        code: 'client_grant_conflict',
        message: 'A resource with the same identifier already exists.',
      },
    },
    run: create,
  }),
  row('PATCH /client-grants/{id}', {
    scopes: ['update:client_grants'],
    body: updateBody,
    problems: {
      not_found: { status: 404, code: 'inexistent_client_grant', message: 'The client grant does not exist.' },
    },
    run: update,
  }),
  row('DELETE /client-grants/{id}', { scopes: ['delete:client_grants'], status: 204, run: remove }),
];
