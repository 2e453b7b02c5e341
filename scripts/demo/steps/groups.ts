/** Groups: one for each department, filled by many calls at once. */
import type { Group } from '@reeve/sdk';
import { figure, seconds } from '../report.ts';
import { all, each, type Stage, type Step } from '../stage.ts';

const EACH = 60;
const LEAVERS = 10;
const WIDTH = 32;

interface Team {
  readonly group: Group;
  readonly members: string[];
}

const form = async ({ reeve, book }: Stage): Promise<Team[]> => {
  const departments = new Set([...book.entries.values()].map(({ person }) => String(person.app_metadata.department)));
  return Promise.all(
    [...departments].sort().map(async (department) => ({
      group: await reeve.groups.create({ name: department, code: department.toLowerCase() }),
      members: book.idsOf(({ app_metadata }) => app_metadata.department === department).slice(0, EACH),
    })),
  );
};

/** What the server says about each team: members as listed, the kept count, the users by group. */
const seen = ({ reeve }: Stage, teams: readonly Team[]) =>
  Promise.all(
    teams.map(async ({ group }) => {
      const members = await all(reeve.groups.listMembers(group.id, { limit: 25 }));
      const users = await reeve.users.list({ group: group.code, include_total: true, limit: 1 });
      const { member_count } = await reeve.groups.get(group.id);
      return { members: members.map(({ id }) => id).sort(), total: users.total, member_count };
    }),
  );

const expected = (teams: readonly Team[]) =>
  teams.map(({ members }) => ({ members: [...members].sort(), total: members.length, member_count: members.length }));

export const groupPeople: Step = {
  title: 'Groups',
  async run(stage) {
    const { reeve, report } = stage;
    const teams = await form(stage);
    const pairs = teams.flatMap(({ group, members }) => members.map((member) => [group.id, member] as const));
    const from = performance.now();
    await each(pairs, WIDTH, ([group, member]) => reeve.groups.addMember(group, member));
    report.say(
      `${figure(pairs.length)} members added to ${teams.length} groups in ${seconds(from)}, ${WIDTH} calls at a time`,
    );
    report.check('members, counts and the group filter agree', await seen(stage, teams), expected(teams));
    await each(pairs.slice(0, EACH), WIDTH, ([group, member]) => reeve.groups.addMember(group, member));
    const leaving = teams.flatMap(({ group, members }) =>
      members.splice(0, LEAVERS).map((member) => [group.id, member] as const),
    );
    await each(leaving, WIDTH, ([group, member]) => reeve.groups.removeMember(group, member));
    report.check(
      `${EACH} added again change nothing, ${leaving.length} taken out are out`,
      await seen(stage, teams),
      expected(teams),
    );
    const [team] = teams as [Team, ...Team[]];
    const theirs = await reeve.groups.listForUser(team.members[0] as string);
    report.check(
      'a member lists the group',
      theirs.groups.map(({ code }) => code),
      [team.group.code],
    );
    report.check('all groups are listed', (await reeve.groups.list({ include_total: true })).total, teams.length);
  },
};
