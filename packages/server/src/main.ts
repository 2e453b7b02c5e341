/** The program: starts Reeve with the process's environment, and ends it in order on SIGTERM or SIGINT. */
import { ConfigError } from './config.ts';
import { startReeve } from './reeve.ts';

const starting = startReeve({ environment: process.env });
// Before the server says that it listens: whoever reads that line may end it at once.
const stop = () => void starting.then((reeve) => reeve.close()).then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
try {
  await starting;
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
