// /metrics, for whoever shows the operator's token: `Authorization: Bearer`. To everybody else the address does not exist, and
// neither does it where no token is set, so nobody learns whether there is something to guess.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Observing } from '../observe/observing.js';
import { send } from './answer.js';

type Answer = (req: IncomingMessage, res: ServerResponse, requestId: string) => Promise<boolean>;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Answers what is its own and says whether it did. Asked before names of hosts are checked: no page of a stranger knows the token. */
export function metricsAddress({ metrics, metricsToken }: Observing): Answer | undefined {
  if (!metrics || metricsToken === undefined) return undefined;
  // Digests are of one length, so the comparison takes as long whatever was sent.
  const wanted = digest(`Bearer ${metricsToken}`);
  return async (req, res, requestId) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return false;
    if (!timingSafeEqual(digest(req.headers.authorization ?? ''), wanted)) return false;
    const { type, text } = await metrics.read();
    send(res, 200, requestId, text, { 'content-type': type });
    return true;
  };
}
