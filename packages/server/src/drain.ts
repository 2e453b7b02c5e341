/**
 * Stopping in order: running requests are answered, connections without one are closed at once, and what is still busy
 * after the time allowed is cut off. Node.js leaves open what has not sent a request yet, and what is kept alive.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const DRAIN_MILLISECONDS = 30_000;

interface Connection {
  /** The one that answers are written to. */
  socket: Socket;
  running: number;
  /** Told when an answer has ended. */
  readonly answered: () => void;
}

export interface Drain {
  /** Follows the connections of a server, encrypted or not. */
  watch(server: Server): void;
  /** From now on a connection lives only as long as its running requests. */
  begin(): void;
}

// Under TLS a request knows the encrypted socket only; both sides of it have the same peer.
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

export function createDrain(milliseconds = DRAIN_MILLISECONDS): Drain {
  const connections = new Map<string, Connection>();
  /** The same by the socket of a request: finding out who its peer is costs every request, this one look. */
  const known = new WeakMap<Socket, Connection>();
  let isDraining = false;

  function opened(socket: Socket): void {
    if (isDraining) {
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    const connection: Connection = {
      socket,
      running: 0,
      answered() {
        connection.running--;
        if (isDraining && connection.running === 0) connection.socket.destroySoon();
      },
    };
    connections.set(peer, connection);
    socket.once('close', () => connections.delete(peer));
  }
  function connectionOf(socket: Socket): Connection | undefined {
    let connection = known.get(socket);
    if (!connection) {
      connection = connections.get(peerOf(socket));
      if (!connection) return undefined;
      connection.socket = socket;
      known.set(socket, connection);
    }
    return connection;
  }
  function asked({ socket }: IncomingMessage, response: ServerResponse): void {
    const connection = connectionOf(socket);
    if (!connection) return;
    connection.running++;
    response.on('close', connection.answered);
  }
  return {
    watch(server) {
      server.on('connection', opened).on('request', asked);
    },
    begin() {
      if (isDraining) return;
      isDraining = true;
      for (const { socket, running } of connections.values()) if (running === 0) socket.destroy();
      const cut = () => {
        for (const { socket } of connections.values()) socket.destroy();
      };
      setTimeout(cut, milliseconds).unref();
    },
  };
}
