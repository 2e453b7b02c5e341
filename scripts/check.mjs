/** Everything about the source that is judged without running it; each check ends with the exit code of its tool. */
import { spawnSync } from 'node:child_process';

const checks = [
  ['biome', 'check', '.'],
  ['tsc', '-p', '.'],
  ['depcruise', 'packages', '--config', '.dependency-cruiser.mjs'],
  ['knip'],
  ['node', '--conditions=reeve-source', 'scripts/check-clients.mjs'],
  ['node', '--conditions=reeve-source', 'scripts/check-auth0.mjs'],
];

let failed = 0;
for (const [command, ...args] of checks) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) {
    failed++;
    console.error(`failed: ${command} ${args.join(' ')}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
