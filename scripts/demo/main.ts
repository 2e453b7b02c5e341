/**
 * The main job on real input: a server of its own, ten thousand people from a file, and the whole round of
 * administration through the SDK. Ends with 0 only if the effect of every step was checked and found right.
 */
import { Book } from './book.ts';
import { figure, Report, seconds } from './report.ts';
import { type Server, startServer } from './server.ts';
import { clientOf, type Stage, type Step } from './stage.ts';
import { readAudit } from './steps/audit.ts';
import { disablePeople } from './steps/disable.ts';
import { exportPeople } from './steps/export.ts';
import { groupPeople } from './steps/groups.ts';
import { importPeople } from './steps/import.ts';
import { invite } from './steps/invitation.ts';
import { patchAtOnce } from './steps/patches.ts';
import { rotateSecret } from './steps/rotation.ts';
import { findPeople } from './steps/search.ts';
import { signPeopleIn } from './steps/sign-in.ts';

const steps: readonly Step[] = [
  importPeople,
  findPeople,
  groupPeople,
  disablePeople,
  rotateSecret,
  signPeopleIn,
  invite,
  patchAtOnce,
  readAudit,
  exportPeople,
];

const from = performance.now();
const report = new Report();
let starting: Promise<Server> | undefined;

/** Whatever ends the demo, no process and no file of it stays. */
const interrupt = async (signal: NodeJS.Signals) => {
  await starting?.then((server) => server.stop()).catch(() => {});
  process.kill(process.pid, signal);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt);

async function runSteps(stage: Stage): Promise<void> {
  for (const step of steps) {
    report.step(step.title);
    const known = report.failures.length;
    try {
      await step.run(stage);
    } catch (error) {
      report.broke(error);
    }
    report.done();
    if (step.isVital && report.failures.length > known) return report.say('Without this the rest makes no sense.');
  }
}

try {
  report.step('A server of its own');
  const book = await Book.read();
  starting = startServer();
  const server = await starting;
  const { url, clientId, clientSecret } = server;
  report.say(`listening on ${url}, with an empty directory`);
  report.done();
  const stage = { server, book, report, reeve: clientOf(server, clientId, clientSecret), startedAt: new Date() };
  await runSteps(stage);
  report.step('The end');
  report.check('the server stops in order', await server.stop(), 0);
} catch (error) {
  report.broke(error);
} finally {
  await starting?.then((server) => server.stop()).catch(() => {});
}

const { checks, failures } = report;
console.log(`\n${figure(checks)} checks, ${failures.length} failed, ${seconds(from)}`);
for (const failure of failures) console.log(`  ${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;
