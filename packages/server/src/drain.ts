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
  let isDraining = false;

  function opened(socket: Socket): void {
    if (isDraining) {
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    connections.set(peer, { socket, running: 0 });
    socket.once('close', () => connections.delete(peer));
  }
  function asked({ socket }: IncomingMessage, response: ServerResponse): void {
    const connection = connections.get(peerOf(socket));
    if (!connection) return;
    connection.socket = socket;
    connection.running++;
    response.once('close', () => {
      connection.running--;
      if (isDraining && connection.running === 0) connection.socket.destroySoon();
    });
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
