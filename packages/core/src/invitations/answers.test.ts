/** Answering an invitation without its link: only whom it is for, once, and not before the address is proved. */
import type { Invitation, Organization, User } from '@reeve/contract';
import { bootServer, databaseKinds, readMail, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asUser } from '../tickets/tickets.ts';
import {
  acceptOwnInvitation,
  ClosedInvitation,
  declineOwnInvitation,
  invitationsToUser,
  UnprovedAddress,
} from './answers.ts';

describe.each(databaseKinds)('answers to invitations on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let count = 0;
  const email = () => `answers${++count}@example.com`;
  const made = async <T>(path: string, body: object): Promise<T> => {
    const answer = await server.api('POST', path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const person = (more: object = {}) =>
    made<User & { email: string }>('/users', { email: email(), email_verified: true, ...more });
  const invite = (body: object) => made<Invitation>('/invitations', { roles: ['buyer'], ...body });
  const as = ({ id }: { id: string }) => asUser(server.work(), id);
  const stateOf = async ({ id }: Invitation) => (await server.api('GET', `/invitations/${id}`)).body as Invitation;
  const open = (user: User) => invitationsToUser(as(user), user.id);
  const accept = (user: User, { id }: Invitation) =>
    acceptOwnInvitation(as(user), { user_id: user.id, invitation_id: id });
  const decline = (user: User, { id }: Invitation) =>
    declineOwnInvitation(as(user), { user_id: user.id, invitation_id: id });
  const eventsOn = async ({ id }: { id: string }) =>
    (
      (await server.api('GET', `/audit?target=${id}&order=asc`)).body as {
        events: { event_type: string; actor: object; data: object }[];
      }
    ).events;
  const follow = async ({ ticket }: { ticket: string }) => {
    const response = await fetch(`${server.url}/invitation?ticket=${ticket}`);
    return response.status;
  };

  it('accepting makes a member of what the invitation names, and ends the link', async () => {
    const user = await person();
    const organization = await made<Organization>('/organizations', { name: `answers-${kind}` });
    const invitation = await invite({
      email: user.email.toUpperCase(),
      organization: organization.id,
      roles: ['org_manager'],
    });
    const mail = await readMail(server, user.email.toUpperCase());
    expect(await open(user)).toMatchObject([{ id: invitation.id, organization_id: organization.id, state: 'pending' }]);
    expect(await accept(user, invitation)).toMatchObject({ state: 'accepted', user_id: user.id });
    expect(await stateOf(invitation)).toMatchObject({ state: 'accepted', user_id: user.id });
    const { body } = await server.api('GET', `/organizations/${organization.id}/members`);
    expect(body).toMatchObject({ members: [{ id: user.id, roles: ['org_manager'] }] });
    expect(await open(user)).toEqual([]);
    expect(await follow(mail)).toBe(410);
    expect((await eventsOn(invitation)).at(-1)).toMatchObject({
      event_type: 'invitation.accepted',
      actor: { type: 'user', id: user.id },
    });
  });

  it('declining revokes it and says who did', async () => {
    const user = await person();
    const invitation = await invite({ email: user.email });
    const mail = await readMail(server, user.email);
    await decline(user, invitation);
    expect(await stateOf(invitation)).toMatchObject({ state: 'revoked', user_id: user.id, accepted_at: null });
    expect(await follow(mail)).toBe(410);
    expect((await eventsOn(invitation)).at(-1)).toMatchObject({
      event_type: 'invitation.revoked',
      actor: { type: 'user', id: user.id },
      data: { after: { state: 'revoked', user_id: user.id } },
    });
    expect((await server.api('GET', `/users/${user.id}/roles`)).body).toMatchObject({ roles: [] });
    // The place is free again.
    await invite({ email: user.email });
  });

  it('are nobody else’s, nor of who has not proved the address', async () => {
    const [user, other] = [await person(), await person()];
    const unproved = await person({ email_verified: false });
    const nameless = await person({ email: undefined, email_verified: undefined, username: `nameless-${kind}` });
    const invitation = await invite({ email: user.email });
    const theirs = await invite({ email: unproved.email });
    for (const answer of [accept, decline]) {
      await expect(answer(other, invitation)).rejects.toMatchObject({ code: 'not_found' });
      await expect(answer(user, { ...invitation, id: 'inv_x' })).rejects.toMatchObject({ code: 'not_found' });
      await expect(answer(unproved, theirs)).rejects.toBeInstanceOf(UnprovedAddress);
      await expect(answer(nameless, invitation)).rejects.toBeInstanceOf(UnprovedAddress);
    }
    expect(await open(other)).toEqual([]);
    await expect(open(unproved)).rejects.toBeInstanceOf(UnprovedAddress);
    expect((await stateOf(invitation)).state).toBe('pending');
  });

  it('come too late to what was revoked, accepted or has expired', async () => {
    const user = await person();
    const revoked = await invite({ email: user.email });
    await server.api('POST', `/invitations/${revoked.id}/revoke`);
    const accepted = await invite({ email: user.email });
    await accept(user, accepted);
    const expired = await invite({ email: user.email, expires_in: 60 });
    server.clock.advance(61_000);
    for (const [invitation, state] of [
      [revoked, 'revoked'],
      [accepted, 'accepted'],
      [expired, 'expired'],
    ] as const)
      for (const answer of [accept, decline]) {
        const refusal = await answer(user, invitation).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(ClosedInvitation);
        expect(refusal).toMatchObject({ state });
      }
    expect(await open(user)).toEqual([]);
  });

  it('lead nowhere once the organization is gone', async () => {
    const user = await person();
    const organization = await made<Organization>('/organizations', { name: `gone-${kind}` });
    const invitation = await invite({ email: user.email, organization: organization.id, roles: [] });
    await server.api('DELETE', `/organizations/${organization.id}`);
    await expect(accept(user, invitation)).rejects.toMatchObject({ code: 'not_found' });
    expect((await stateOf(invitation)).state).toBe('pending');
  });

  it('count once where many are given at once', async () => {
    for (let round = 0; round < 4; round++) {
      const user = await person();
      const invitation = await invite({ email: user.email });
      const answers = await Promise.allSettled([
        accept(user, invitation),
        decline(user, invitation),
        accept(user, invitation),
      ]);
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const { state } = await stateOf(invitation);
      const { body } = await server.api('GET', `/users/${user.id}/roles`);
      expect((body as { roles: object[] }).roles).toHaveLength(state === 'accepted' ? 1 : 0);
    }
  });

  it('leave the tokens alone of who becomes a member by it', async () => {
    const user = await person();
    const organization = await made<Organization>('/organizations', { name: `alone-${kind}` });
    const version = () =>
      server
        .work()
        .read(
          async (db) =>
            (await db.selectFrom('users').select('token_version').where('id', '=', user.id).executeTakeFirstOrThrow())
              .token_version,
        );
    const before = await version();
    await accept(user, await invite({ email: user.email, organization: organization.id, roles: ['org_member'] }));
    expect(await version()).toBe(before);
    // Of a member the roles change, which tokens that are out don't say.
    await accept(user, await invite({ email: user.email, organization: organization.id, roles: ['org_admin'] }));
    expect(await version()).toBe(before + 1);
  });
});
