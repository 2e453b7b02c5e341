/** The server as a library: what the program, the test-kit and the bench start. */
export type { Limits } from './app.ts';
export { ConfigError } from './config.ts';
export { type Reeve, type ReeveOptions, startReeve } from './reeve.ts';
