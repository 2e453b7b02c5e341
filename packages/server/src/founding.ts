/**
 * The first start: an empty directory gets its default tenant, administrator and management application. Every later one
 * leaves the directory as it is, and says which of the given bootstrap values it does not have.
 */
import {
  type BootstrapValues,
  createWork,
  defaultSettings,
  differingValues,
  found,
  newFounding,
  newId,
  newSecret,
  type Services,
  systemActor,
  uniqueViolation,
} from '@reeve/core';
import type { Config } from './config.ts';

/** What to tell the operator once the server listens, given its URL. */
export type Announcement = (url: string) => string;

const VARIABLES: Readonly<Record<keyof BootstrapValues, string>> = {
  clientId: 'REEVE_CLIENT_ID',
  clientSecret: 'REEVE_CLIENT_SECRET',
  adminEmail: 'REEVE_ADMIN_EMAIL',
  adminPassword: 'REEVE_ADMIN_PASSWORD',
};

/** Founds the directory where it is empty; of several processes that find it so, one does. Returns what to announce. */
export async function foundDirectory(services: Services, config: Config): Promise<Announcement | undefined> {
  const known = await services.database.read((db) =>
    db.selectFrom('tenants').select('num').limit(1).executeTakeFirst(),
  );
  if (!known) {
    try {
      return await foundEmpty(services, config);
    } catch (error) {
      if (uniqueViolation(error)?.table !== 'tenants') throw error;
    }
  }
  const differing = await differingValues(services, config);
  if (differing.length === 0) return undefined;
  const names = differing.map((name) => VARIABLES[name]).join(', ');
  return () => `The directory exists already and was not changed; it has other values than ${names}.`;
}

async function foundEmpty(services: Services, config: Config): Promise<Announcement> {
  const { clock, hasher } = services;
  const email = config.adminEmail ?? 'admin@localhost';
  const password = config.adminPassword ?? newSecret().slice(0, 24);
  const made = await newFounding();
  const founding = {
    ...made,
    clientId: config.clientId ?? made.clientId,
    clientSecret: config.clientSecret ?? made.clientSecret,
    administrator: { email, passwordHash: await hasher.hash(password) },
  };
  const now = clock.now();
  const tenant = {
    id: 0,
    publicId: newId('ten', now),
    name: 'default',
    isDefault: true,
    settings: defaultSettings,
    origin: '',
  };
  await createWork({ services, tenant, actor: systemActor }).write(async (unit) => {
    const { num } = await unit.db
      .insertInto('tenants')
      .values({
        id: tenant.publicId,
        name: tenant.name,
        display_name: null,
        is_default: 1,
        settings: '{}',
        created_at: now,
        updated_at: now,
      })
      .returning('num')
      .executeTakeFirstOrThrow();
    tenant.id = num;
    await unit.emit('tenant.created', {
      target: { type: 'tenant', id: tenant.publicId },
      data: { after: { name: tenant.name } },
    });
    await found(unit, founding);
  });
  return (url) => credentialsText(url, { email, password, ...founding });
}

const credentialsText = (
  url: string,
  {
    email,
    password,
    clientId,
    clientSecret,
  }: { email: string; password: string; clientId: string; clientSecret: string },
): string => `
A new directory was made. These credentials are shown this once:

  URL                     ${url}
  administrator           ${email}
  password                ${password}
  management application  ${clientId}
  client secret           ${clientSecret}

  import { ReeveManagement } from '@reeve/sdk';

  const reeve = new ReeveManagement({
    tenantUrl: '${url}',
    clientId: '${clientId}',
    clientSecret: '${clientSecret}',
    audience: '${url}/api',
  });
  console.log(await reeve.users.list());
`;
