// Knows every socket and the answers under way on it, so that stopping drops nothing that was asked and waits for nothing else.
// What had arrived when the signal came may still lie unread in the kernel: it is read first, and answered like any other.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Bag } from './bag.js';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/** Turns of the event loop: one accepts what waits, the next reads it; as many again for what came in between. */
const TURNS = 4;
/** Milliseconds for questions that were on the wire when an idle connection was about to be closed. */
const GRACE = 100;

export class Connections {
  readonly #answers = new Map<Socket, Bag<ServerResponse>>();
  /** Accepted too late: whoever asks here is sent to another server. */
  readonly #late = new WeakSet<Socket>();
  #stopping = false;
  #closing = false;
  #refusing = false;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#answers.set(socket, new Bag());
      if (this.#refusing) this.#late.add(socket);
      socket.once('close', () => this.#answers.delete(socket));
    });
  }

  /** Call for every request, before anything is answered. */
  begin(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req;
    const answers = this.#answers.get(socket);
    if (!answers) return; // closed already
    const remove = answers.add(res);
    if (this.#stopping) res.setHeader('connection', 'close');
    res.once('close', () => {
      remove();
      if (this.#closing && answers.size === 0) socket.end();
    });
  }

  /** True for a question on a connection that was made after stopping began. */
  isLate(req: IncomingMessage): boolean {
    return this.#late.has(req.socket);
  }

  /** True if part of an answer has left on this socket: whatever else is written now would be read as the rest of it. */
  isAnswering(socket: Socket): boolean {
    return [...(this.#answers.get(socket) ?? [])].some((res) => res.headersSent);
  }

  /** From now on every answer is the last one of its connection. Resolves when what had arrived before has been read. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const res of [...this.#answers.values()].flatMap((answers) => [...answers]))
      if (!res.headersSent) res.setHeader('connection', 'close');
    for (let turns = 0; turns < TURNS; turns++) await turn();
    this.#refusing = true;
  }

  /** A connection lives as long as its last answer; idle ones are closed after a moment for what is on the wire. */
  async closeIdle(): Promise<void> {
    if (this.#answers.size > 0) await sleep(GRACE);
    this.#closing = true;
    for (const [socket, answers] of this.#answers) if (answers.size === 0) socket.end();
  }

  closeAll(): void {
    for (const socket of this.#answers.keys()) socket.destroy();
  }
}
