import { configDefaults, defineConfig } from 'vitest/config';
import { isBuilt } from './packages/testkit/src/process.ts';
import { workerUrls } from './scripts/workers.mjs';

const dist = new URL('./packages/server/dist/', import.meta.url);
/**
 * What takes long: proofs over all routes, all dialects, the vendors' own clients, processes, crashes and broken things. `npm run test:long`
 * runs them (vitest.long.config.ts), and CI.
 */
export const long = [
  'conformance/*.test.ts',
  'packages/dialects/*/conformance/*.test.ts',
  'packages/server/src/{faults,process,walkers}/*.test.ts',
  'packages/server/src/**/*.crash.test.ts',
  'packages/server/src/abuse/{injection,guessing}.test.ts',
  'packages/dialects/authing/server/walk.test.ts',
];
const server = ['packages/{core,server}/src/**/*.test.ts', 'packages/dialects/*/server/**/*.test.ts'];

export default defineConfig({
  // Threads start from what is built, as processes do: from source each of them loads all of the core by itself.
  plugins: isBuilt() ? [workerUrls((name: string) => new URL(`${name}.js`, dist).href)] : [],
  resolve: { conditions: ['reeve-source'] },
  ssr: { resolve: { conditions: ['reeve-source'] } },
  test: {
    globalSetup: ['packages/testkit/src/postgres-setup.ts'],
    // Processes, not threads: what a test file leaves running, native code too, ends with its process.
    pool: 'forks',
    maxWorkers: 3,
    // What hangs is found as well after a minute; what is only slow on a busy machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        // To load the server takes longer than most of these files take, so a process runs one after another. What they
        // change is a server of their own; a file that changes its process changes it back.
        test: { name: 'server', include: server, exclude: [...configDefaults.exclude, ...long], isolate: false },
      },
      {
        extends: true,
        // Clients are tested by changing the process that they live in: its fetch, its timers, its certificates.
        test: {
          name: 'clients',
          include: ['packages/**/src/**/*.test.ts', 'packages/dialects/*/client/**/*.test.ts', 'examples/*.test.ts'],
          exclude: [...configDefaults.exclude, ...server],
        },
      },
    ],
  },
});
