/** A TCP proxy before a server that does to its connections what a test says: what a bad network does, at a known byte. */
import { connect, createServer, type Socket } from 'node:net';

export type Direction = 'request' | 'answer';

/** What becomes of what has just arrived. */
export interface Treatment {
  /** Bytes that go on; default: all of them. */
  readonly bytes?: number;
  /** Goes on so often; default: once. */
  readonly times?: number;
  /** Goes on so late (milliseconds). */
  readonly delay?: number;
  /** Both ends of the connection are closed then. */
  readonly cuts?: boolean;
}
/** Judges what arrives, piece by piece; undefined: it goes on as it is. */
export type Meddler = (piece: Buffer, direction: Direction) => Treatment | undefined;

export interface TestProxy {
  readonly url: string;
  /** Connections that were cut. */
  readonly cuts: number;
  /** Cuts the connection on which, from now on, more than `bytes` have gone in that direction; once. */
  cutAfter(direction: Direction, bytes: number): void;
  /** From now on; undefined: nobody meddles. */
  meddle(meddler: Meddler | undefined): void;
  /** Where new connections go from now on; those that are open are cut. */
  retarget(target: string): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1; the URL has the scheme and all else of the target. */
export async function startProxy(target: string): Promise<TestProxy> {
  let { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let meddler: Meddler | undefined;
  let cuts = 0;

  const carry = (from: Socket, to: Socket, direction: Direction) => {
    let isCut = false;
    /** What is late keeps what comes after it waiting. */
    let late: Promise<void> | undefined;
    const pass = (piece: Buffer, { bytes = piece.length, times = 1, cuts: cutting = false }: Treatment) => {
      if (to.destroyed || isCut) return;
      const part = piece.subarray(0, bytes);
      const whole = times === 1 ? part : Buffer.concat(Array.from({ length: times }, () => part));
      if (whole.length > 0 && !to.write(whole)) from.pause();
      if (!cutting) return;
      isCut = true;
      cuts++;
      from.destroy();
      // What was let through still arrives.
      to.destroySoon();
    };
    const postpone = (milliseconds: number, act: () => void) => {
      const waited = (late ?? Promise.resolve())
        .then(() => new Promise((resolve) => setTimeout(resolve, milliseconds)))
        .then(act)
        .then(() => {
          if (late === waited) late = undefined;
        });
      late = waited;
    };
    from.on('data', (piece: Buffer) => {
      const treatment = meddler?.(piece, direction) ?? {};
      const delay = treatment.delay ?? 0;
      if (late || delay > 0) postpone(delay, () => pass(piece, treatment));
      else pass(piece, treatment);
    });
    to.on('drain', () => from.resume());
    const end = () => void to.end();
    from.on('end', () => (late ? postpone(0, end) : end()));
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      if (late) postpone(0, () => to.destroySoon());
      else to.destroySoon();
    });
    sockets.add(from);
  };

  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    carry(client, upstream, 'request');
    carry(upstream, client, 'answer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: urlAt(target, (server.address() as { port: number }).port),
    get cuts() {
      return cuts;
    },
    cutAfter(direction, bytes) {
      let left = bytes;
      meddler = (piece, of) => {
        if (of !== direction) return undefined;
        if (piece.length <= left) {
          left -= piece.length;
          return undefined;
        }
        meddler = undefined;
        return { bytes: left, cuts: true };
      };
    },
    meddle(next) {
      meddler = next;
    },
    retarget(next) {
      ({ hostname, port } = new URL(next));
      cutAll();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cutAll();
      await closed;
    },
  };
}

/** The same URL at a port of this machine. */
function urlAt(target: string, port: number): string {
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return url.protocol === 'http:' ? url.origin : url.href;
}
