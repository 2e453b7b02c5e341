/** `/auth/register`: people make an account for themselves, in the pool and under the rules of an application. */
import { object, optional, type Static, string, type User } from '@reeve/contract';
import {
  acceptForNewcomer,
  DeadTicket,
  type DialectCall,
  type DialectRow,
  findInPools,
  findUser,
  grantApplication,
  idOfUuid,
  operations,
  Problem,
  resultOf,
  row,
  together,
  type Unit,
  type Work,
} from '@reeve/core';
import { type AppView, appView, takesPasswords } from '../app.ts';
import { at, type Entrance, entranceOf, joinPools } from '../door.ts';
import { foundOrganization, namesOf, organizationView, slugTaken } from '../organization.ts';
import { Refusal } from '../problems.ts';
import { ORGANIZATION_CODES } from '../role.ts';
import { checkPassword, requireUser, userView } from '../user.ts';

const text = string({ minLength: 1, maxLength: 1024 });
const lenient = optional(string({ maxLength: 1024 }));
const registerBody = object({
  email: string({ maxLength: 254 }),
  password: text,
  first_name: string({ maxLength: 150 }),
  last_name: string({ maxLength: 150 }),
  // Contract `auth.register`: sent by the client, ignored by the server.
  organization_id: lenient,
  organization_name: optional(string({ maxLength: 200 })),
  invite_code: lenient,
  invite_token: lenient,
  app_code: optional(string({ maxLength: 128 })),
});
type Registration = Static<typeof registerBody>;

const required = (field: string, value: string): string => {
  const trimmed = value.trim();
  if (trimmed === '') throw new Refusal(400, 'INVALID_INPUT', `${field} must not be empty.`, { field });
  return trimmed;
};

function emailOf(given: string, { allowed_email_domains: allowed }: AppView): string {
  const email = given.trim();
  const [, domain] = /^[^@\s]+@([^@\s]+)$/.exec(email) ?? [];
  if (domain === undefined)
    throw new Refusal(400, 'INVALID_INPUT', 'email must be an e-mail address.', { field: 'email' });
  const domains = allowed.map((name) => name.trim().replace(/^@/, '').toLowerCase());
  if (domains.length > 0 && !domains.includes(domain.toLowerCase()))
    throw new Refusal(400, 'INVALID_INPUT', `email must be of one of the domains ${domains.join(', ')}.`, {
      field: 'email',
    });
  return email;
}

/** Codes are refused: they would let in whoever has read the list of invitations. */
function checkInvitation({ invite_code }: Registration): void {
  if (invite_code)
    throw new Refusal(
      400,
      'INVALID_INVITE_CODE',
      'Invitations have no codes here; send the token of the mailed link.',
      {
        field: 'invite_code',
      },
    );
}

const exists = () => new Refusal(409, 'USER_ALREADY_EXISTS', 'A user of this application has this e-mail address.');

const checkIsNew = ({ db, tenant }: Pick<Unit, 'db' | 'tenant'>, { pools }: Entrance, email: string) =>
  findInPools(
    db,
    tenant.id,
    pools.map(({ num }) => num),
    email,
  ).then((found) => {
    if (found) throw exists();
  });

interface Newcomer {
  readonly email: string;
  readonly password: string;
  readonly given_name: string;
  readonly family_name: string;
}

/** Makes the user, at home in the application's first pool, and a member of the others. */
async function settle(work: Work, unit: Unit, { application, pools }: Entrance, newcomer: Newcomer): Promise<User> {
  const [home] = pools;
  const user = resultOf(
    await operations.users.create(work, {
      query: undefined,
      body: {
        ...newcomer,
        name: `${newcomer.given_name} ${newcomer.family_name}`,
        ...(home ? { connection: home.id } : {}),
      },
    }),
  );
  const row = await findUser(unit.db, unit.tenant.id, user.id);
  if (!row) throw new Error('A user who was just made is not there.');
  await operations.users.setRoles(work, { user_id: user.id, query: undefined, body: { roles: ['base_user'] } });
  await joinPools(unit, pools, user.id);
  if (application.auto_grant_on_signup) await grantApplication(unit, application.id, { num: row.num, id: user.id });
  return user;
}

/** The application's default organization; one that is gone by now stands in nobody's way. */
async function joinDefault(work: Work, user_id: string, app: AppView): Promise<void> {
  if (app.default_organization_id === undefined) return;
  const organization_id = idOfUuid('org', app.default_organization_id);
  const code = app.default_role_code ?? '';
  const roles = [ORGANIZATION_CODES.has(code) ? code : 'org_member'];
  try {
    await operations.organizations.addMember(work, { organization_id, user_id, query: undefined, body: { roles } });
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'not_found')) throw error;
  }
}

async function takeUp(work: Work, unit: Unit, token: string, userId: string): Promise<void> {
  try {
    await acceptForNewcomer(work, unit, token, userId);
  } catch (error) {
    if (!(error instanceof DeadTicket)) throw error;
    if (error.reason === 'expired') throw new Refusal(400, 'INVITE_EXPIRED', 'The invitation has expired.');
    if (error.reason === 'used') throw new Refusal(400, 'INVITE_ALREADY_USED', 'The invitation was used already.');
    throw new Refusal(404, 'INVITE_NOT_FOUND', 'No invitation of this address has this token.');
  }
}

async function register(call: DialectCall<undefined, Registration>) {
  const { body } = call;
  checkInvitation(body);
  const entrance = await entranceOf(call.work, body.app_code);
  const app = await appView(call.work, entrance.application);
  if (!takesPasswords(app))
    throw new Refusal(400, 'INVALID_INPUT', 'Nobody registers with a password at this application.', {
      field: 'app_code',
    });
  const newcomer = {
    email: emailOf(body.email, app),
    password: body.password,
    given_name: required('first_name', body.first_name),
    family_name: required('last_name', body.last_name),
  };
  const names = body.organization_name ? namesOf('organization_name', body.organization_name) : undefined;
  checkPassword(body.password);
  const work = at(call, entrance.application);
  // Before the password is hashed, which costs.
  await work.read((db) => checkIsNew({ db, tenant: work.tenant }, entrance, newcomer.email));
  const made = await together(
    work,
    async (inner, unit) => {
      await checkIsNew(unit, entrance, newcomer.email);
      const { id } = await settle(inner, unit, entrance, newcomer);
      await joinDefault(inner, id, app);
      // After that: where it leads to the same organization its roles are held beside the default one.
      if (body.invite_token) await takeUp(inner, unit, body.invite_token, id);
      const own = names && (await foundOrganization(inner, unit, { ownerId: id, names, texts: {} }));
      return { id, organization: own && (await organizationView(inner, own)) };
    },
    [body.password],
  );
  const user = await requireUser(work, made.id);
  return {
    user: await userView(work, user),
    ...(made.organization ? { organization: made.organization } : {}),
    verification_email_sent: !user.email_verified,
  };
}

export const registration: readonly DialectRow[] = [
  row('POST /auth/register', {
    scopes: [],
    status: 201,
    body: registerBody,
    problems: { name_taken: slugTaken },
    run: register,
  }),
];
