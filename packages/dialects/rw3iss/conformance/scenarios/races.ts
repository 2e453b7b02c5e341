/** Calls that meet. */
import { idOfUuid } from '@reeve/core';
import { expect } from 'vitest';
import { scenario } from '../scenario.ts';

export const races = [
  scenario('a grant twice at once is one grant', ['apps.grantUser'], async ({ world, called, admin }) => {
    const { id } = await world.person(called, admin);
    const app = await admin.apps.create({ code: world.unique('race'), name: 'Race' });
    await Promise.all(Array.from({ length: 5 }, () => admin.apps.grantUser(id, app.id)));
    expect(await admin.apps.listForUser(id)).toHaveLength(1);
    const { body } = await world.server.api('GET', '/audit?event_types=application.user_granted&limit=100');
    const { events } = body as { events: { data: { user_id?: string }; target: { id: string } }[] };
    expect(events.filter(({ target }) => target.id === idOfUuid('app', app.id))).toHaveLength(1);
  }),
  scenario('refreshes of one client at once are one', ['auth.refresh'], async ({ world, called, admin }) => {
    const { email } = await world.person(called, admin);
    const client = await world.signedIn(called, { email });
    const pairs = await Promise.all(Array.from({ length: 10 }, () => client.auth.refresh()));
    expect(new Set(pairs.map(({ refresh_token }) => refresh_token)).size).toBe(1);
    expect(await client.sessions.list()).toHaveLength(1);
    await client.auth.refresh();
  }),
  scenario(
    'a role that changes during requests leaves none half done',
    ['users.setRoles'],
    async ({ world, called, admin }) => {
      const { id, email } = await world.person(called, admin);
      await admin.users.setRoles(id, ['super_admin']);
      const person = await world.signedIn(called, { email });
      const target = await world.person(called, admin);
      const results = await Promise.allSettled([
        admin.users.setRoles(id, ['base_user']),
        ...['seller', 'buyer', 'base_user'].map((code) => person.users.setRoles(target.id, [code])),
      ]);
      expect(results[0]?.status).toBe('fulfilled');
      for (const result of results.slice(1))
        if (result.status === 'rejected') expect([401, 403]).toContain((result.reason as { status: number }).status);
      // Whichever came through last is there whole.
      expect((await admin.users.listRoles(target.id)).length).toBeLessThanOrEqual(1);
      await expect(person.users.list()).rejects.toMatchObject({ status: 401 });
    },
  ),
];
