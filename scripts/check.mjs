/**
 * Everything about the source that is judged without running it, as many checks at a time as there are cores; what a check
 * says comes when it ends, and with it fails the whole.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** What takes longest begins first. */
const checks = [
  ['node', '--conditions=reeve-source', 'scripts/check-clients.mjs'],
  ['tsc', '-p', '.'],
  ['node', '--conditions=reeve-source', 'scripts/check-auth0.mjs'],
  ['knip'],
  ['depcruise', 'packages', '--config', '.dependency-cruiser.mjs'],
  ['biome', 'check', '.'],
];

const env = process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env;

/** Runs one check to its end; returns whether it succeeded. */
const isGood = ([command, ...args]) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
    const said = [];
    child.stdout.on('data', (chunk) => said.push(chunk));
    child.stderr.on('data', (chunk) => said.push(chunk));
    child.on('error', (error) => said.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (status) => {
      process.stdout.write(Buffer.concat(said));
      if (status !== 0) console.error(`failed: ${command} ${args.join(' ')}`);
      resolve(status === 0);
    });
  });

let failed = 0;
const waiting = checks.values();
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (const check of waiting) if (!(await isGood(check))) failed++;
  }),
);
process.exitCode = failed === 0 ? 0 : 1;
