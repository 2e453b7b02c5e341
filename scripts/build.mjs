/** Builds the clients and the server. */
import { execFileSync } from 'node:child_process';

for (const script of ['build-clients.mjs', 'build-server.mjs']) {
  execFileSync(process.execPath, ['--conditions=reeve-source', new URL(script, import.meta.url).pathname], {
    stdio: 'inherit',
  });
}
