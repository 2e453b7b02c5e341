/** An invitation from the call to the first sign-in, through the mail and the page that its link leads to. */
import { personIn } from '../book.ts';
import { linkMailedTo, submitForm } from '../mailbox.ts';
import { signIn } from '../sign-in.ts';
import type { Step } from '../stage.ts';

const EMAIL = 'nana.ozolina@newcomers.example';
const PASSWORD = 'a fresh start in May';

export const invite: Step = {
  title: 'An invitation by mail',
  async run({ reeve, book, report, server }) {
    const group = await reeve.groups.create({ name: 'Newcomers', code: 'newcomers' });
    const invitation = await reeve.invitations.create({ email: EMAIL, name: 'Nana Ozoliņa', groups: [group.code] });
    const link = await linkMailedTo(server.dataDir, EMAIL);
    report.check('the mail came with a link to this server', new URL(link).origin, server.url);
    const accepted = await submitForm(link, { password: PASSWORD });
    report.check('the page takes the new password', accepted.status, 200);
    const { state, user_id } = await reeve.invitations.get(invitation.id);
    report.check('the invitation is accepted', [state, typeof user_id], ['accepted', 'string']);
    const user = await reeve.users.get(user_id ?? '');
    const { email, email_verified, name, has_password } = user;
    report.check(
      'the person is there, with a verified address',
      { email, email_verified, name, has_password },
      { email: EMAIL, email_verified: true, name: 'Nana Ozoliņa', has_password: true },
    );
    const { members } = await reeve.groups.listMembers(group.id);
    report.check(
      'and in the group',
      members.map(({ id }) => id),
      [user.id],
    );
    book.entries.set(EMAIL, { id: user.id, person: personIn(user) });
    const grant = await signIn(server, EMAIL, PASSWORD);
    book.of(EMAIL).person.sign_in_count++;
    report.check('the person signs in', grant.status, 200);
    const again = await submitForm(link, { password: 'somebody else now' }).then(
      ({ status }) => status,
      () => 0,
    );
    report.check('the link works once', again === 200, false);
  },
};
