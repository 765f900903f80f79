// Knows every socket and the answers under way on it, so that stopping drops nothing that was asked and waits for nothing else.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export class Connections {
  readonly #answers = new Map<Socket, Set<ServerResponse>>();
  #stopping = false;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#answers.set(socket, new Set());
      socket.once('close', () => this.#answers.delete(socket));
    });
  }

  /** Call for every request, before anything is answered. */
  begin(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req;
    const answers = this.#answers.get(socket);
    if (!answers) return; // closed already
    answers.add(res);
    if (this.#stopping) res.setHeader('connection', 'close');
    res.once('close', () => {
      answers.delete(res);
      if (this.#stopping && answers.size === 0) socket.end();
    });
  }

  /** True if part of an answer has left on this socket: whatever else is written now would be read as the rest of it. */
  isAnswering(socket: Socket): boolean {
    return [...(this.#answers.get(socket) ?? [])].some((res) => res.headersSent);
  }

  /** From now on a connection lives as long as its last answer; idle ones are closed at once. */
  closeIdle(): void {
    this.#stopping = true;
    for (const [socket, answers] of this.#answers) {
      if (answers.size === 0) socket.end();
      for (const res of answers) if (!res.headersSent) res.setHeader('connection', 'close');
    }
  }

  closeAll(): void {
    for (const socket of this.#answers.keys()) socket.destroy();
  }
}
