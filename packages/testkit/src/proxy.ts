/** A TCP proxy before a server that cuts a connection where a test says: what a bad network does, at a known byte. */
import { connect, createServer, type Socket } from 'node:net';

type Direction = 'request' | 'answer';

export interface TestProxy {
  readonly url: string;
  /** Connections that were cut. */
  readonly cuts: number;
  /** Cuts the connection on which, from now on, more than `bytes` have gone in that direction; once. */
  cutAfter(direction: Direction, bytes: number): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startProxy(target: string): Promise<TestProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let order: { readonly direction: Direction; left: number } | undefined;
  let cuts = 0;

  const carry = (from: Socket, to: Socket, direction: Direction) => {
    const cut = () => {
      cuts++;
      order = undefined;
      from.destroy();
      // What was let through still arrives.
      to.destroySoon();
    };
    from.on('data', (chunk: Buffer) => {
      if (order?.direction === direction) {
        if (chunk.length > order.left) {
          to.write(chunk.subarray(0, order.left));
          return cut();
        }
        order.left -= chunk.length;
      }
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroySoon();
    });
    sockets.add(from);
  };

  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    carry(client, upstream, 'request');
    carry(upstream, client, 'answer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    get cuts() {
      return cuts;
    },
    cutAfter(direction, bytes) {
      order = { direction, left: bytes };
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
