import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { SUBPROTOCOL } from './wire';

/** The address and secret that a request must have. */
export interface Admission {
  /** The port of the host. */
  readonly port: number;
  /** The secret at the end of the printed address. */
  readonly token: string;
}

/** Whether the request names this machine as its host. A foreign name that leads here is an attack (DNS rebinding). */
export function isLocal({ host }: IncomingHttpHeaders, { port }: Admission): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** Whether the request may open a socket: only a page of this host with the token may. */
export function admitsSocket(headers: IncomingHttpHeaders, admission: Admission): boolean {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  return (
    comesFromHere(headers, admission) &&
    offered.includes(SUBPROTOCOL) &&
    offered.some((one) => same(one, `token.${admission.token}`))
  );
}

/** Whether the request may get more than the pages: only a page of this host with the token may. */
export function admitsRequest(headers: IncomingHttpHeaders, admission: Admission): boolean {
  return comesFromHere(headers, admission) && same(headers.authorization ?? '', `Bearer ${admission.token}`);
}

function comesFromHere(headers: IncomingHttpHeaders, admission: Admission): boolean {
  return isLocal(headers, admission) && headers.origin === `http://${headers.host ?? ''}`;
}

/** Compares in constant time, so that a good guess takes as long as a bad one. */
function same(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}
