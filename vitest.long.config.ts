import { defineConfig, mergeConfig } from 'vitest/config';
import usual, { long } from './vitest.config.ts';

/** What `npm test` leaves out because it takes long. */
export default mergeConfig(
  { ...usual, test: { ...usual.test, projects: undefined, include: [] } },
  defineConfig({ test: { include: long, testTimeout: 120_000 } }),
);
