/** A TCP balancer before several servers, as one stands before the nodes of a deployment: a connection goes to the next that answers. */
import { connect, createServer, type Socket } from 'node:net';

export interface TestBalancer {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. `targets` is asked for each connection: the URLs of the servers that run. */
export async function startBalancer(targets: () => readonly string[]): Promise<TestBalancer> {
  const sockets = new Set<Socket>();
  let next = 0;

  const join = (client: Socket, urls: readonly string[]): void => {
    const [url, ...others] = urls;
    if (url === undefined) return void client.destroy();
    const { hostname, port } = new URL(url);
    const upstream = connect({ host: hostname, port: Number(port) });
    sockets.add(upstream);
    let isJoined = false;
    upstream.on('connect', () => {
      isJoined = true;
      client.pipe(upstream);
      upstream.pipe(client);
    });
    upstream.on('error', () => {});
    upstream.on('close', () => {
      sockets.delete(upstream);
      if (isJoined || client.destroyed) client.destroy();
      else join(client, others);
    });
    client.on('close', () => upstream.destroy());
  };

  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => {});
    client.on('close', () => sockets.delete(client));
    const urls = targets();
    const first = next++ % Math.max(1, urls.length);
    join(client, [...urls.slice(first), ...urls.slice(0, first)]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
