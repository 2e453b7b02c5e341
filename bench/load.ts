/**
 * The load generator: a worker thread with keep-alive sockets, one request in flight on each. It speaks just enough
 * HTTP/1.1 over node:net to be cheap: with `node:http`'s client, which costs more than the servers that are measured,
 * every ratio would come out near one.
 */
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parentPort, Worker } from 'node:worker_threads';

/** What to ask, as data: functions can't travel to another thread. `{n}` in path and body becomes a running number. */
export interface Ask {
  readonly method: string;
  /** Asked in turn, from where the run before ended. */
  readonly paths: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Several are sent in turn, as the paths are. */
  readonly body?: string | readonly string[];
}

export interface Order extends Ask {
  readonly port: number;
  readonly connections: number;
  readonly milliseconds: number;
}

export interface Outcome {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly bytes: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
let counter = 0;
const run = Date.now().toString(36);

function requestMaker({ method, paths, headers = {}, body, port }: Order): () => string {
  const bodies = typeof body === 'string' ? [body] : body;
  const fixed = Object.entries({ host: `127.0.0.1:${port}`, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return () => {
    const turn = counter++;
    const number = `${run}-${turn}`;
    const path = (paths[turn % paths.length] as string).replace('{n}', number);
    const body = bodies?.[turn % bodies.length];
    if (body === undefined) return `${method} ${path} HTTP/1.1\r\n${fixed}\r\n`;
    const text = body.replaceAll('{n}', number);
    return `${method} ${path} HTTP/1.1\r\n${fixed}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  };
}

/** Sends requests one after another until `isOver`. */
function converse(
  socket: Socket,
  next: () => string,
  isOver: () => boolean,
  done: (took: number, bytes: number) => void,
) {
  return new Promise<void>((resolve, reject) => {
    let pending: Buffer | undefined;
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write(next());
    };
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('The server closed a connection.')));
    socket.on('data', (chunk: Buffer) => {
      pending = pending ? Buffer.concat([pending, chunk]) : chunk;
      const headEnd = pending.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = pending.toString('latin1', 0, headEnd);
      const length = head.startsWith('204', 9) ? 0 : /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
      const isChunked = length === undefined && /\r\ntransfer-encoding: chunked/i.test(head);
      if (length === undefined && !isChunked) return reject(new Error(`An answer without a length: ${head}`));
      // One request at a time on a connection: what ends with the last chunk is the whole answer.
      if (isChunked && !pending.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) return;
      const whole = isChunked ? pending.length : headEnd + HEAD_END.length + Number(length);
      if (pending.length < whole) return;
      if (head.charCodeAt(9) !== 0x32)
        return reject(new Error(`Refused: ${head.split('\r\n')[0]} ${pending.toString('utf8', headEnd + 4, whole)}`));
      pending = undefined;
      done(performance.now() - sentAt, whole);
      if (!isOver()) return send();
      socket.removeAllListeners('close');
      socket.destroy();
      resolve();
    });
    send();
  });
}

async function carryOut(order: Order): Promise<Outcome> {
  const next = requestMaker(order);
  const times: number[] = [];
  let bytes = 0;
  const sockets = await Promise.all(
    Array.from(
      { length: order.connections },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
          socket.once('error', reject);
        }),
    ),
  );
  const startedAt = performance.now();
  const endsAt = startedAt + order.milliseconds;
  const isOver = () => performance.now() >= endsAt;
  await Promise.all(
    sockets.map((socket) =>
      converse(socket, next, isOver, (took, size) => {
        times.push(took);
        bytes += size;
      }),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] as number;
  return { requests: times.length, seconds, p50: at(0.5), p99: at(0.99), bytes };
}

parentPort?.on('message', (order: Order) => {
  carryOut(order).then(
    (outcome) => parentPort?.postMessage({ outcome }),
    (error: Error) => parentPort?.postMessage({ problem: error.message }),
  );
});

/** A generator in a thread of its own. */
export class Load {
  readonly #worker = new Worker(fileURLToPath(import.meta.url));

  run(order: Order): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#worker.once('message', ({ outcome, problem }: { outcome?: Outcome; problem?: string }) =>
        outcome ? resolve(outcome) : reject(new Error(problem)),
      );
      this.#worker.postMessage(order);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
