import { defineConfig } from 'vitest/config';
import { isBuilt } from './packages/testkit/src/process.ts';
import { workerUrls } from './scripts/workers.mjs';

const dist = new URL('./packages/server/dist/', import.meta.url);

export default defineConfig({
  // Threads start from what is built, as processes do: from source each of them loads all of the core by itself.
  plugins: isBuilt() ? [workerUrls((name: string) => new URL(`${name}.js`, dist).href)] : [],
  resolve: { conditions: ['reeve-source'] },
  ssr: { resolve: { conditions: ['reeve-source'] } },
  test: {
    include: [
      'packages/**/src/**/*.test.ts',
      'packages/dialects/*/{client,server,conformance}/**/*.test.ts',
      'examples/*.test.ts',
    ],
    globalSetup: ['packages/testkit/src/postgres-setup.ts'],
    // Processes, not threads: what a test file leaves running, native code too, ends with its process.
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
