/**
 * Revoked tokens: access tokens that are refused at once, by `jti` and whom they were made for. Owns the invariant that an
 * entry stays for as long as any token that it refuses can live.
 */
import type { revokedTokens as contract } from '@reeve/contract';
import { toWire } from '../clock.ts';
import type { Operation } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { fieldProblem } from '../problem.ts';
import { findRow } from '../rows.ts';
import type { Unit } from '../work.ts';
import { revokeToken } from './artifacts.store.ts';

const SORT = 'revoked-tokens';
/** The longest lifetime that an access token may be given: 30 days, as the contract has it. */
const LONGEST_MILLISECONDS = 2_592_000_000;

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const { limit = DEFAULT_LIMIT, cursor, aud } = query;
    let live = db
      .selectFrom('revoked_tokens')
      .select(['jti', 'aud', 'expires_at'])
      .where('tenant_id', '=', work.tenant.id)
      .where('expires_at', '>', work.now);
    if (aud !== undefined) live = live.where('aud', '=', aud);
    if (cursor !== undefined) {
      const [afterJti, afterAud] = decodeCursor(cursor, SORT, ['string', 'string']) as [string, string];
      live = live.where((e) =>
        e.or([e('jti', '>', afterJti), e.and([e('jti', '=', afterJti), e('aud', '>', afterAud)])]),
      );
    }
    const found = await live
      .orderBy('jti')
      .orderBy('aud')
      .limit(limit + 1)
      .execute();
    const { rows, next_cursor } = cut(found, limit, (row) => encodeCursor(SORT, [row.jti, row.aud]));
    return { revoked_tokens: rows.map((row) => ({ ...row, expires_at: toWire(row.expires_at) })), next_cursor };
  });

/** The client id of the application that carries the request. */
async function ownClientId({ db, tenant, actor }: Unit): Promise<string> {
  const application =
    actor.applicationId === null ? undefined : await findRow(db, 'applications', tenant.id, actor.applicationId);
  if (!application) throw fieldProblem('aud', 'required', 'Nobody asks who has a client id; name one.');
  return application.client_id;
}

export const create: Operation<typeof contract.create> = (work, { body }) =>
  work.write(async (unit) => {
    const { jti } = body;
    const aud = body.aud ?? (await ownClientId(unit));
    const expiresAt = unit.now + LONGEST_MILLISECONDS;
    if (await revokeToken(unit.db, unit.tenant.id, { jti, aud }, expiresAt)) {
      await unit.emit('token.revoked', {
        target: { type: 'token', id: jti },
        data: { kind: 'access', jti, client_id: aud },
      });
      unit.afterCommit(unit.services.onAccessChange);
      return { jti, aud, expires_at: toWire(expiresAt) };
    }
    const known = await unit.db
      .selectFrom('revoked_tokens')
      .select('expires_at')
      .where('tenant_id', '=', unit.tenant.id)
      .where('jti', '=', jti)
      .where('aud', '=', aud)
      .executeTakeFirstOrThrow();
    return { jti, aud, expires_at: toWire(known.expires_at) };
  });
