/** `/device-credentials` and `/blacklists/tokens`: what lets somebody in, and what no longer does. */
import { type DeviceCredential, object, optional, type Static, string } from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  findClientIds,
  findRevokedTokens,
  noBody,
  operations,
  Problem,
  present,
  resultOf,
  row,
  type Work,
} from '@reeve/core';
import { ifThere } from '../absence.ts';
import { keyset, type NativePaging } from '../keyset.ts';
import { type FieldsQuery, fieldsQuery, itemsOf, type OffsetQuery, offsetQuery, pageOf, pickEach } from '../paging.ts';
import { text } from '../schema.ts';
import { idOf, userIdOf, usersBy } from '../user.ts';

const listQuery = object({
  ...offsetQuery,
  ...fieldsQuery,
  user_id: optional(text(512)),
  client_id: optional(text(128)),
  type: optional(string({ enum: ['public_key', 'refresh_token', 'rotating_refresh_token'] } as object)),
});
const createBody = object({
  device_name: text(300),
  type: string({ enum: ['public_key'] } as object),
  value: text(16_384),
  device_id: text(256),
  client_id: optional(text(128)),
});

const applicationOf = async (work: Work, clientId: string) =>
  resultOf(await operations.applications.get(work, { application_id: clientId, ...noBody }));

async function viewsOf(work: Work, credentials: readonly DeviceCredential[]) {
  const users = await usersBy(
    work,
    credentials.map(({ user_id }) => user_id),
  );
  const applications = new Set(credentials.flatMap(({ application_id: id }) => id ?? []));
  const clients = await work.read((db) => findClientIds(db, work.tenant.id, [...applications]));
  return credentials.map(({ id, type, user_id, application_id, device_id, device_name }) => {
    const user = users.get(user_id);
    return {
      id,
      type,
      ...present({
        user_id: user && userIdOf(user),
        client_id: clients.get(application_id ?? ''),
        device_id,
        device_name,
      }),
    };
  });
}

const credentialsWith = (work: Work, filter: object) =>
  keyset(
    (page: NativePaging) => operations.deviceCredentials.list(work, { query: { ...filter, ...page }, body: undefined }),
    'device_credentials',
  );

/** Every refresh token rotates here; who asks for refresh tokens means them. */
const nativeTypeOf = (type: string) =>
  (type === 'refresh_token' ? 'rotating_refresh_token' : type) as DeviceCredential['type'];

async function list({ work, query }: DialectCall<Static<typeof listQuery> & OffsetQuery & FieldsQuery>) {
  const filter = {
    ...(query.user_id === undefined ? {} : { user_id: await idOf(work, query.user_id) }),
    ...(query.client_id === undefined ? {} : { application_id: (await applicationOf(work, query.client_id)).id }),
    ...(query.type === undefined ? {} : { type: nativeTypeOf(query.type) }),
  };
  const answer = await pageOf('device_credentials', query, credentialsWith(work, filter), (found) =>
    viewsOf(work, found),
  );
  return pickEach('device_credentials', answer, query);
}

/** Whoever signs in registers a device of their own (contract row createDevicePublicKey). */
async function create({ work, body }: DialectCall<undefined, Static<typeof createBody>>) {
  if (work.actor.type !== 'user' || work.actor.id === null)
    throw new Problem('insufficient_scope', 'A public key is registered with a token of the user whose device it is.');
  const { client_id: clientId, type: _type, ...fields } = body;
  const made = await operations.deviceCredentials.create(work, {
    query: undefined,
    body: {
      ...fields,
      type: 'public_key',
      user_id: work.actor.id,
      ...(clientId === undefined ? {} : { application_id: (await applicationOf(work, clientId)).id }),
    },
  });
  return { id: resultOf(made).id };
}

/** Idempotent; one's own token deletes one's own. */
async function remove({ work, params, holds }: DialectCall) {
  const credential_id = params.id as string;
  if (!holds('delete:device_credentials') && !(await isOwn(work, credential_id))) return;
  await ifThere(operations.deviceCredentials.delete(work, { credential_id, ...noBody }));
}

async function isOwn(work: Work, id: string): Promise<boolean> {
  for await (const credential of itemsOf(credentialsWith(work, { user_id: work.actor.id ?? '' })))
    if (credential.id === id) return true;
  return false;
}

/** Revoked tokens that one answer tells, the newest: the list has no paging at Auth0; the native one has, and tells all. */
const MOST_REVOKED = 10_000;

const revoked = ({ work, query }: DialectCall<{ aud?: string }>) =>
  work.read((db) => findRevokedTokens(db, work.tenant.id, { aud: query.aud, now: work.now, limit: MOST_REVOKED }));

export const devices: readonly DialectRow[] = [
  row('GET /device-credentials', { scopes: ['read:device_credentials'], query: listQuery, run: list }),
  row('POST /device-credentials', {
    scopes: ['create:current_user_device_credentials'],
    body: createBody,
    status: 201,
    run: create,
  }),
  row('DELETE /device-credentials/{id}', {
    scopes: ['delete:device_credentials', 'delete:current_user_device_credentials'],
    status: 204,
    run: remove,
  }),
  row('GET /blacklists/tokens', {
    scopes: ['blacklist:tokens'],
    query: object({ aud: optional(text(255)) }),
    run: revoked,
  }),
  row('POST /blacklists/tokens', {
    scopes: ['blacklist:tokens'],
    body: object({ aud: optional(text(255)), jti: text(255) }),
    status: 204,
    run: async ({ work, body }) => {
      await operations.revokedTokens.create(work, { query: undefined, body });
    },
  }),
];
