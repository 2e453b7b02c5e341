/** Imported people sign in with the passwords they had, and stop doing so when they are disabled or signed out. */
import type { Entry } from '../book.ts';
import { claimsOf, refresh, signIn, userinfo } from '../sign-in.ts';
import type { Stage, Step } from '../stage.ts';

const enter = async ({ server, report }: Stage, { id, person }: Entry, password: string, label: string) => {
  const grant = await signIn(server, person.email as string, password);
  person.sign_in_count++;
  const { status, email } = await userinfo(server, grant.access_token);
  const { uid } = claimsOf(grant.access_token);
  report.check(
    label,
    { signedIn: grant.status, status, uid, email },
    { signedIn: 200, status: 200, uid: id, email: person.email },
  );
  return grant;
};

const refusal = async ({ server }: Stage, email: string | null, password: string) => {
  const { status, error, error_description, access_token } = await signIn(server, email ?? '', password);
  return { isRefused: status >= 400 && status < 500 && access_token === undefined, error, error_description };
};

export const signPeopleIn: Step = {
  title: 'Sign-in of imported people',
  async run(stage) {
    const { reeve, book, report, server } = stage;
    for (const { email, password, stored } of book.expected.sign_in) {
      await enter(stage, book.of(email), password, `${email} signs in (stored: ${stored})`);
    }
    const { email, password } = book.expected.sign_in[0] as { email: string; password: string };
    const entry = book.of(email);
    await enter(stage, entry, password, 'and again, now that the hash was renewed');
    const wrong = await refusal(stage, email, `${password}!`);
    report.check('a wrong password is refused', [wrong.isRefused, wrong.error], [true, 'invalid_grant']);
    await reeve.users.disable(entry.id);
    const disabled = await refusal(stage, email, password);
    report.say(`refusal of a disabled person: ${disabled.error}, ${disabled.error_description}`);
    report.check(
      'a disabled person is refused with a reason of its own',
      [disabled.isRefused, disabled.error_description !== wrong.error_description],
      [true, true],
    );
    await reeve.users.enable(entry.id);
    const failed = await reeve.audit.list({ event_types: ['user.sign_in_failed'], target: entry.id });
    report.check('both refusals are in the audit log', failed.events.length, 2);

    const first = await enter(stage, entry, password, 'enabled again, the person signs in');
    const second = await enter(stage, entry, password, 'and on a second device');
    const { sessions } = await reeve.sessions.listForUser(entry.id);
    report.check('two sessions are open (disabling ended the earlier ones)', sessions.length, 2);
    await reeve.sessions.revoke(sessions[1]?.id ?? '');
    const states = [await userinfo(server, first.access_token), await userinfo(server, second.access_token)];
    report.check(
      'revoking the older one ends its access token only',
      states.map(({ status }) => status),
      [401, 200],
    );
    report.check('and its refresh token', (await refresh(server, first.refresh_token ?? '')).error, 'invalid_grant');
    const renewed = await refresh(server, second.refresh_token ?? '');
    report.check('the other refresh token still works', renewed.status, 200);
    const { revoked } = await reeve.sessions.revokeAllForUser(entry.id);
    const after = [
      (await userinfo(server, renewed.access_token)).status,
      (await refresh(server, renewed.refresh_token ?? '')).error,
    ];
    report.check('revoking all of them ends the rest', [revoked, ...after], [1, 401, 'invalid_grant']);
  },
};
