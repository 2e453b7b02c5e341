/** Tokens: the application's own, users', and the key that passwords are encrypted for. */
import { beginUserToken, type DialectRow, proveClient, row, type SignedToken, toWire } from '@reeve/core';
import { type Call, type Operations, poolOf } from '../operation.ts';
import { passwordKey } from '../password-key.ts';
import { requireId } from '../pool.ts';
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
  await work.write((unit) =>
    unit.emit('token.issued', {
      target: { type: 'application', id: client.id },
      data: {
        grant_type: 'client_credentials',
        client_id: client.clientId,
        expires_at: toWire(signed.expiresAt * 1000),
      },
    }),
  );
  return { accessToken: signed.token, ...times(signed) };
}

/** A token of the user, who may do with it what users may; nobody becomes more powerful by it than they are. */
async function refreshToken({ work, sign, claims }: Call, { id: subject }: { id?: string | null }) {
  const id = await requireId(work, subject);
  const { user, tokenVersion } = await beginUserToken(work, id);
  const signed = await sign({
    sub: subject as string,
    azp: poolOf({ claims }),
    uid: id,
    ...(work.actor.id === null ? {} : { imp: work.actor.id }),
    tv: tokenVersion,
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
  accessToken: { scope: undefined, isOnce: true, run: accessToken },
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
