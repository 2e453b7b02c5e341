/** Rotating an application's secret while it works: no call fails, and the old secret ends when it was said to. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Application, ReeveError, ReeveManagement } from '@reeve/sdk';
import { figure } from '../report.ts';
import type { Stage, Step } from '../stage.ts';

const WORKERS = 6;
/** For which the old secret keeps working (s). */
const OVERLAP = 3;
/** Of traffic before the rotation, and with the new secret after the end of the old one (ms). */
const BEFORE = 700;
const AFTER = 500;
/** Between the last worker's change to the new secret and the end of the old one (ms). */
const MARGIN = 1000;

/** Calls that go on until they are stopped. */
interface Traffic {
  isOver: boolean;
  calls: number;
  readonly failures: string[];
}

/** Calls one after another, each with a token of its own, so that each shows the secret; tries nothing twice. */
async function work({ server }: Stage, { client_id }: Application, traffic: Traffic, secretOf: () => string) {
  const clients = new Map<string, ReeveManagement>();
  while (!traffic.isOver) {
    const clientSecret = secretOf();
    const known = clients.get(clientSecret);
    const client =
      known ??
      new ReeveManagement({ tenantUrl: server.url, clientId: client_id, clientSecret, retry: { attempts: 1 } });
    clients.set(clientSecret, client);
    try {
      await client.clearToken();
      await client.users.list({ limit: 1 });
      traffic.calls++;
    } catch (error) {
      traffic.failures.push(String(error));
      return;
    }
  }
}

/** Rotates the secret while workers call; returns the new one and how many calls there were in each phase. */
async function rotateUnderTraffic(stage: Stage, robot: Application & { readonly client_secret: string | null }) {
  const { reeve } = stage;
  const traffic: Traffic = { isOver: false, calls: 0, failures: [] };
  // Half the workers change to the new secret as soon as it is known, the others when the old one is about to end.
  let early = robot.client_secret as string;
  let late = early;
  const workers = Array.from({ length: WORKERS }, (_, at) =>
    work(stage, robot, traffic, () => (at % 2 === 0 ? early : late)),
  );
  try {
    await pause(BEFORE);
    const before = traffic.calls;
    const { client_secret, expires_at } = await reeve.applications.rotateSecret(robot.id, { overlap: OVERLAP });
    early = client_secret;
    const end = Date.parse(expires_at as string);
    await pause(end - MARGIN - Date.now());
    late = client_secret;
    const during = traffic.calls - before;
    await pause(end + AFTER - Date.now());
    const after = traffic.calls - before - during;
    return { client_secret, before, during, after, failures: traffic.failures };
  } finally {
    traffic.isOver = true;
    await Promise.all(workers);
  }
}

const refusalOf = async ({ server }: Stage, clientId: string, clientSecret: string): Promise<unknown> => {
  const client = new ReeveManagement({ tenantUrl: server.url, clientId, clientSecret });
  const error = await client.refreshToken().catch((reason: unknown) => reason);
  return error instanceof ReeveError && [error.status, error.code];
};

export const rotateSecret: Step = {
  title: 'A secret rotated under traffic',
  async run(stage) {
    const { reeve, report } = stage;
    const robot = await reeve.applications.create({
      name: 'Nightly robot',
      type: 'machine_to_machine',
      grant_types: ['client_credentials'],
      scopes: ['users:read'],
    });
    const { client_secret, before, during, after, failures } = await rotateUnderTraffic(stage, robot);
    const phases = `${before} before the rotation, ${during} while both secrets worked, ${after} at the end`;
    report.say(`${figure(before + during + after)} calls by ${WORKERS} workers, each with a new token: ${phases}`);
    report.check('no call failed', failures, []);
    report.check('there was traffic all the time', before > 0 && during > 0 && after > 0);
    const refusal = await refusalOf(stage, robot.client_id, robot.client_secret as string);
    report.check('the old secret is refused afterwards', refusal, [401, 'invalid_client']);
    const { secrets } = await reeve.applications.listSecrets(robot.id);
    const present = secrets.find(({ expires_at: ends }) => ends === null);
    report.check(
      'the new one is listed by its last characters and was used',
      [present?.hint, typeof present?.last_used_at],
      [client_secret.slice(-4), 'string'],
    );
  },
};
