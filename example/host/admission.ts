import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { SUBPROTOCOL } from './wire';

/** Who is let in. */
export interface Gate {
  /** The port that the host listens on. */
  readonly port: number;
  /** The secret that the printed address ends in. */
  readonly token: string;
}

/** Whether the request names this machine as its host: a name of somebody else's that leads here is an attack (DNS rebinding). */
export function isLocal({ host }: IncomingHttpHeaders, { port }: Gate): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** Whether a socket may be opened: by a page of this host, with the token. */
export function admitsSocket(headers: IncomingHttpHeaders, gate: Gate): boolean {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  return (
    comesFromHere(headers, gate) &&
    offered.includes(SUBPROTOCOL) &&
    offered.some((one) => same(one, `token.${gate.token}`))
  );
}

/** Whether something other than the pages may be asked for: by a page of this host, with the token. */
export function admitsRequest(headers: IncomingHttpHeaders, gate: Gate): boolean {
  return comesFromHere(headers, gate) && same(headers.authorization ?? '', `Bearer ${gate.token}`);
}

function comesFromHere(headers: IncomingHttpHeaders, gate: Gate): boolean {
  return isLocal(headers, gate) && headers.origin === `http://${headers.host ?? ''}`;
}

/** Takes as long for a good guess as for a bad one. */
function same(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}
