/** A TCP connection on which a test writes what no client library would. */
import { connect, type Socket } from 'node:net';

export interface RawConnection {
  readonly socket: Socket;
  write(text: string): void;
  /** Resolves with everything received once it matches, or once the connection is closed. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with everything received once the connection is closed. */
  closed(): Promise<string>;
  destroy(): void;
}

export function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let received = '';
    let isClosed = false;
    const waiting = new Set<() => void>();
    const wake = () => {
      for (const check of waiting) check();
    };
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text;
      wake();
    });
    socket.once('close', () => {
      isClosed = true;
      wake();
    });
    const until = (pattern: RegExp | undefined) =>
      new Promise<string>((done) => {
        const check = () => {
          if (!isClosed && !pattern?.test(received)) return;
          waiting.delete(check);
          done(received);
        };
        waiting.add(check);
        check();
      });
    socket.once('error', reject).once('connect', () => {
      // A connection that the server cuts is what some tests wait for.
      socket.off('error', reject).on('error', () => {});
      resolve({
        socket,
        write: (text) => void socket.write(text),
        until,
        closed: () => until(undefined),
        destroy: () => void socket.destroy(),
      });
    });
  });
}
