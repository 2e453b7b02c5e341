import { defineConfig, mergeConfig } from 'vitest/config';
import usual from './vitest.config.ts';

/** Whole tools against the server: minutes, most of them the tools' own start. `npm test` leaves them out. */
export default mergeConfig(
  { ...usual, test: { ...usual.test, projects: undefined, include: [] } },
  defineConfig({ test: { include: ['packages/dialects/*/conformance/*.tooling.ts'] } }),
);
