// One address must not take all connections: so many are open from it at once, and one that says nothing is closed soon.
// Exempt are listed proxies, behind which everybody comes, and this very machine: there stands a proxy that nobody thought of
// listing, or the operator, and whoever runs programs on the host can do worse.
import type { Server } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import { addressOf } from '../accounts/address.js';

export interface CrowdLimits {
  /** Connections of one address at once (IPv6: of a /64). */
  each: number;
  /** Milliseconds for the first byte of a new connection. */
  silence: number;
  exempt: BlockList;
  /** Whether this machine is exempt as well. */
  exemptLoopback: boolean;
}

export const CROWD_LIMITS: CrowdLimits = {
  each: 512,
  silence: 3_000,
  exempt: new BlockList(),
  exemptLoopback: true,
};

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const holds = (list: BlockList, address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
};

/** The log says at most once a minute that connections are refused. */
const TOLD = 60_000;

export interface CrowdTold {
  /** Of each connection that is refused. */
  refused: () => void;
  /** And in words, now and then. */
  tell: (most: number) => void;
}

export function limitCrowds(server: Server, limits: CrowdLimits, { refused, tell }: CrowdTold): void {
  const { each, silence, exempt, exemptLoopback } = limits;
  const open = new Map<string, number>();
  let told = -Infinity;

  const isExempt = (address: string): boolean => holds(exempt, address) || (exemptLoopback && holds(LOOPBACK, address));

  /** False if there are too many already. */
  function admit(socket: Socket): boolean {
    // ::ffff:192.0.2.1 is 192.0.2.1 for a list as well: BlockList knows that.
    const address = socket.remoteAddress ?? '';
    if (isExempt(address)) return true;
    const key = addressOf({ headers: {}, remoteAddress: address });
    const count = (open.get(key) ?? 0) + 1;
    if (count > each) return false;
    open.set(key, count);
    socket.once('close', () => {
      const left = open.get(key)! - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    });
    return true;
  }

  server.on('connection', (socket: Socket) => {
    if (!admit(socket)) {
      socket.destroy();
      refused();
      if (performance.now() - told < TOLD) return;
      told = performance.now();
      return tell(each);
    }
    const closeSilent = (): void => void (socket.bytesRead === 0 && socket.destroy());
    // A turn later: what arrived while this process was busy is read first.
    const timer = setTimeout(() => setImmediate(closeSilent), silence);
    socket.once('close', () => clearTimeout(timer));
  });
}
