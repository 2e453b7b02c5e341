/** One run of a fault test: its clients, its workload, and what it comes to. */
import { ReeveManagement } from '@reeve/sdk';
import { type NodeTransport, nodeTransport } from '@reeve/sdk/node';
import { CLIENT_ID, CLIENT_SECRET } from '../server.ts';
import type { Places } from './changes.ts';
import { findDamage } from './integrity.ts';
import { faultScale, tellRun } from './scale.ts';
import { compare } from './verdict.ts';
import { startWorkload, type Workload, type WorkloadOptions } from './workload.ts';

type Fetching = Pick<NodeTransport, 'close'> & ((...given: Parameters<NodeTransport>) => ReturnType<NodeTransport>);

/** What came back, by status; of a fault nothing but 503 and 507 may tell, and 503 must say when to come back. */
export class Answers {
  readonly byStatus = new Map<number, number>();
  readonly wrongs = new Set<string>();
  /** Requests whose answer did not come. */
  broken = 0;

  /** Watches what a transport brings. */
  watch(transport: Fetching): Fetching {
    const watching = async (...[url, init]: Parameters<NodeTransport>) => {
      const answer = await transport(url, init).catch((error: unknown) => {
        this.broken++;
        throw error;
      });
      this.byStatus.set(answer.status, (this.byStatus.get(answer.status) ?? 0) + 1);
      this.judge(`${init.method} ${new URL(url).pathname.replace(/[a-z]{3}_\w{26}/g, '…')}`, answer);
      return answer;
    };
    return Object.assign(watching, { close: transport.close });
  }

  judge(what: string, { status, headers }: Pick<Awaited<ReturnType<NodeTransport>>, 'status' | 'headers'>): void {
    if (status >= 500 && status !== 503 && status !== 507) this.wrongs.add(`${what} is answered ${status}`);
    if (status === 503 && headers.get('retry-after') === null)
      this.wrongs.add(`${what} is answered 503 without Retry-After`);
  }
}

export interface RunOptions extends Partial<Omit<WorkloadOptions, 'seed' | 'clients' | 'places'>> {
  readonly seed: number;
  /** Where the workload asks; several: nodes of one directory. */
  readonly urls: readonly string[];
  /** Where what is left behind is read; nothing lies between it and the server. */
  readonly plainUrl: string;
  /** Days that deleted users are kept; default 0. */
  readonly retentionDays?: number;
}

export interface Run {
  readonly workload: Workload;
  readonly answers: Answers;
  /** Ends the workload, asks again for some of it, and gives everything that was wrong. `plainUrl`: where the server is by now. */
  conclude(databaseUrl: string, plainUrl?: string): Promise<string[]>;
}

const credentials = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
const PATIENT = { retry: { attempts: 60, baseMs: 5 }, timeout: 10_000, deadline: 60_000 };
/** Gives up at once, so that it often doesn't know. */
const HASTY = { retry: { attempts: 1 }, timeout: 5_000, deadline: 10_000 };

/** Furnishes the directory and lets the workers loose. */
export async function startRun({ seed, urls, plainUrl, retentionDays = 0, ...options }: RunOptions): Promise<Run> {
  const plain = new ReeveManagement({ tenantUrl: plainUrl, ...credentials });
  const places = await furnish(plain, seed, retentionDays);
  const answers = new Answers();
  const transports = urls.flatMap(() => [answers.watch(nodeTransport()), answers.watch(ofRuntime)]);
  const clients = urls.flatMap((tenantUrl, i) => [
    new ReeveManagement({ tenantUrl, ...credentials, ...PATIENT, fetch: transports[2 * i] }),
    new ReeveManagement({ tenantUrl, ...credentials, ...PATIENT, fetch: transports[2 * i + 1] }),
    new ReeveManagement({ tenantUrl, ...credentials, ...HASTY, fetch: transports[2 * i] }),
  ]);
  // Each has its token, so that the first thing that a fault meets is a change.
  for (const client of clients) await client.refreshToken();
  const workload = startWorkload({ seed, clients, places, erasesAtOnce: retentionDays === 0, ...options });
  return {
    workload,
    answers,
    async conclude(databaseUrl, nowAt = plainUrl) {
      await workload.stop();
      const client = new ReeveManagement({ tenantUrl: nowAt, ...credentials });
      await workload.settle(client);
      await compare(client, workload.model, places);
      for (const transport of transports) transport.close();
      const { model, acknowledged, unknown } = workload;
      const wrongs = [...model.wrongs, ...answers.wrongs, ...(await findDamage(databaseUrl))];
      const statuses = [...answers.byStatus].sort(([a], [b]) => a - b).map(([status, n]) => `${status}×${n}`);
      tellRun(
        `  seed ${seed}: ${acknowledged} changes answered, ${unknown} unknown, ${model.things.length} things; ${statuses.join(' ')}, ${answers.broken} broken off; ${wrongs.length} wrong`,
      );
      return wrongs.length === 0 ? [] : [`REEVE_FAULT_SEED=${seed} REEVE_FAULT_SCALE=${faultScale}`, ...wrongs];
    },
  };
}

const ofRuntime: Fetching = Object.assign(
  (...[url, init]: Parameters<NodeTransport>) => fetch(url, init as RequestInit) as ReturnType<NodeTransport>,
  { close: () => {} },
);

/** Makes what the things of the workload are put into. */
async function furnish(client: ReeveManagement, seed: number, retentionDays: number): Promise<Places> {
  if (retentionDays > 0)
    await client.tenants.updateCurrent({ settings: { deleted_user_retention_days: retentionDays } });
  const tag = seed.toString(36);
  const groups = [];
  const roles = [];
  const organizations = [];
  for (const name of ['a', 'b', 'c']) {
    groups.push((await client.groups.create({ code: `${tag}${name}`, name })).id);
    const { id, code } = await client.roles.create({ code: `${tag}${name}` });
    roles.push({ id, code });
    organizations.push((await client.organizations.create({ name: `${tag}${name}` })).id);
  }
  return { groups, roles, organizations };
}
