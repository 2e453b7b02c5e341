import { defineConfig } from 'vitest/config';

export default defineConfig({
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
