// The address a request comes from, for counting tries: that of the socket, or what a listed proxy says it is. Anybody can
// write X-Forwarded-For; it is believed only from its right end, as far as the proxies are ours.
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, type BlockList } from 'node:net';

export function addressOf(
  { headers, remoteAddress }: { headers: IncomingHttpHeaders; remoteAddress: string | undefined },
  proxies?: BlockList,
): string {
  let address = plain(remoteAddress ?? '');
  const said = headers['x-forwarded-for'];
  const forwarded =
    said === undefined ? [] : [said].flat().flatMap((text) => text.split(',').map((part) => plain(part.trim())));
  while (
    forwarded.length > 0 &&
    proxies &&
    isIP(address) &&
    proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  ) {
    const before = forwarded.pop();
    if (before === undefined || isIP(before) === 0) break;
    address = before;
  }
  return isIP(address) === 6 ? network(address) : address;
}

/** ::ffff:192.0.2.1 is 192.0.2.1. */
const plain = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;

/** A household has a /64 of IPv6 at least, and could come from another address each time. */
function network(address: string): string {
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined
      ? left
      : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
