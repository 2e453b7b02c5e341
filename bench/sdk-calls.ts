/** Runs in a process of its own: the CPU that one call costs a client, in turn by bare fetch and by the SDK. */
import { ReeveManagement } from '@reeve/sdk';
import { nodeTransport } from '@reeve/sdk/node';
import { CLIENT_ID, CLIENT_SECRET } from './processes.ts';

const [url, id, token] = process.argv.slice(2) as [string, string, string];
const credentials = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
/** Short rounds, many of them: a shared machine changes its pace within seconds. */
const CALLS = 100;
const ROUNDS = 120;

const options = { tenantUrl: url, audience: `${url}/api`, ...credentials };
const transport = nodeTransport();
const plain = new ReeveManagement(options);
const fast = new ReeveManagement({ ...options, fetch: transport });
const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };

const ways = {
  fetch: async () => (await fetch(`${url}/api/v1/users/${id}`, { headers })).json(),
  sdk: () => plain.users.get(id),
  node: () => fast.users.get(id),
};

/** Microseconds of CPU for one call, one call at a time. */
async function cost(call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < CALLS; i++) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

for (const call of Object.values(ways)) for (let i = 0; i < 3; i++) await cost(call);
const names = Object.keys(ways) as (keyof typeof ways)[];
const rounds: Record<string, number>[] = [];
for (let i = 0; i < ROUNDS; i++) {
  const round: Record<string, number> = {};
  // Each begins as often as the others, so that none always pays for another's garbage.
  const turn = i % names.length;
  for (const name of [...names.slice(turn), ...names.slice(0, turn)]) round[name] = await cost(ways[name]);
  rounds.push(round);
}
transport.close();
console.log(JSON.stringify(rounds));
process.exit(0);
