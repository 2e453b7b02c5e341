/** Tokens: the application's own, users', and the key that passwords are encrypted for. */
import {
  administratorLevel,
  type DialectRow,
  findUser,
  Problem,
  proveClient,
  row,
  type SignedToken,
} from '@reeve/core';
import { type Call, type Operations, poolOf } from '../operation.ts';
import { passwordKey } from '../password-key.ts';
import { requireId, userBy } from '../pool.ts';
import { CODES, Refusal } from '../problems.ts';

/** Seconds: 15 days (contract, `conventions.user_token`). */
const LIFETIME = 1_296_000;

const times = ({ expiresAt }: SignedToken) => ({ exp: expiresAt, iat: expiresAt - LIFETIME });

interface Credentials {
  readonly userPoolId: string;
  readonly secret: string;
}

/** Who is unknown and whose secret is wrong are told alike. */
async function accessToken({ work, sign }: Call, { userPoolId, secret }: Credentials) {
  const client = await proveClient(work, userPoolId, secret);
  if (!client) throw new Refusal(CODES.poolUnknown, 'No user pool has this id and this secret.');
  const signed = await sign({
    sub: `${client.clientId}@clients`,
    azp: client.clientId,
    tv: client.tokenVersion,
    lifetime: LIFETIME,
    data: { id: client.id, userPoolId: client.clientId },
  });
  return { accessToken: signed.token, ...times(signed) };
}

/** A token of the user, who may do with it what users may; nobody becomes more powerful by it than they are. */
async function refreshToken({ work, sign, holds, claims }: Call, { id: subject }: { id?: string | null }) {
  const id = await requireId(work, subject);
  const user = await userBy(work, id);
  const found = await work.read(async (db) => {
    const row = await findUser(db, work.tenant.id, id);
    const isAdministrator = row && (await administratorLevel(db, work.tenant.id, row.num)) !== undefined;
    return { version: row?.token_version ?? 0, isAdministrator };
  });
  if (user.state !== 'active') throw new Problem('conflict', 'The user is blocked.');
  if (found.isAdministrator && !(work.actor.type === 'application' && holds('roles:write')))
    throw new Problem('insufficient_scope', 'A token of an administrator needs the scope roles:write, too.');
  const signed = await sign({
    sub: subject as string,
    azp: poolOf({ claims }),
    uid: id,
    tv: found.version,
    lifetime: LIFETIME,
    data: {
      id: subject,
      userPoolId: poolOf({ claims }),
      username: user.username,
      email: user.email,
      phone: user.phone_number,
    },
  });
  return { token: signed.token, ...times(signed) };
}

export const tokens: Operations = {
  accessToken: { scope: undefined, run: accessToken },
  refreshToken: { scope: 'users:impersonate', run: refreshToken },
};

export const tokenRows: readonly DialectRow[] = [
  row('GET /api/v2/.well-known', {
    scopes: [],
    run: async ({ work }) => {
      const { publicKey } = await passwordKey(work);
      return { code: 200, message: 'OK', data: { publicKey } };
    },
  }),
];
