/** The floor of create with a password: argon2id with the server's parameters and concurrency, and nothing else. */
import { createServer } from 'node:http';
import { createPasswordHasher } from '@reeve/core';

const hasher = createPasswordHasher();
const server = createServer((request, response) => {
  request.resume();
  request.on('end', async () => {
    await hasher.hash('correct horse battery');
    response.writeHead(200, { 'content-length': 2 });
    response.end('{}');
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as { port: number }).port}`);
});
process.on('SIGTERM', () => process.exit(0));
