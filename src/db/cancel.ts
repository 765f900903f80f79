// Asks the server to give up what a connection is doing: the protocol's own cancel request, on a connection of its own.
// pg_cancel_backend() would need a second pooled connection, and the right to it is taken away by hardening.
import { connect } from 'node:net';
import type pg from 'pg';

const CANCEL_REQUEST = 80_877_102;

/** Not in the types of pg; both are set when the connection is made. */
interface Keys {
  processID: number;
  secretKey: number;
}

/** Never rejects: when the request is lost, statement_timeout ends the statement. */
export function cancelRunning(client: pg.Client): Promise<void> {
  const { processID, secretKey } = client as unknown as Keys;
  const packet = Buffer.alloc(16);
  packet.writeInt32BE(16, 0);
  packet.writeInt32BE(CANCEL_REQUEST, 4);
  packet.writeInt32BE(processID, 8);
  packet.writeInt32BE(secretKey, 12);
  const to = client.host.startsWith('/')
    ? { path: `${client.host}/.s.PGSQL.${client.port}` }
    : { host: client.host, port: client.port };
  return new Promise((resolve) => {
    const socket = connect(to, () => socket.end(packet));
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
  });
}
