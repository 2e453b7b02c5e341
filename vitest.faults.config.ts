import { defineConfig, mergeConfig } from 'vitest/config';
import usual from './vitest.config.ts';

/**
 * The fault tests at length: several seeds, each three times as long, and a line on what each run did. `npm run test:long` has one
 * short run of each. `REEVE_FAULT_SEED` runs one seed again, `REEVE_FAULT_RUNS` and `REEVE_FAULT_SCALE` set how much.
 */
export default mergeConfig(
  { ...usual, test: { ...usual.test, projects: undefined, include: [] } },
  defineConfig({
    test: {
      include: ['packages/server/src/faults/*.test.ts', 'packages/core/src/database/full-disk.test.ts'],
      env: {
        REEVE_FAULT_RUNS: process.env.REEVE_FAULT_RUNS ?? '3',
        REEVE_FAULT_SCALE: process.env.REEVE_FAULT_SCALE ?? '3',
      },
      fileParallelism: false,
    },
  }),
);
