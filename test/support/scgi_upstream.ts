// An SCGI application for tests: it reads the params and body of each request and answers with a status. It has just as much of
// the protocol as that needs: https://python.ca/scgi/protocol.txt
import type { HeaderPair } from '../../runtime/local_http.js';
import { type ParamsRequest, type ParamsUpstream, startParamsUpstream } from './params_upstream.js';

export function startScgiUpstream(status = '200 OK'): Promise<ParamsUpstream> {
  const answer = Buffer.from(`Status: ${status}\r\nContent-Type: text/plain\r\n\r\nserved`);
  return startParamsUpstream((received) => {
    const request = parseRequest(received);
    return request && { request, answer };
  });
}

/** @returns undefined while the request is not complete */
function parseRequest(received: Buffer): ParamsRequest | undefined {
  const colon = received.indexOf(':');
  const bodyAt = colon + 1 + Number(received.toString('latin1', 0, Math.max(colon, 0))) + 1; // a comma ends the params
  if (colon < 0 || received.length < bodyAt) return undefined;
  const texts = received.toString('latin1', colon + 1, bodyAt - 2).split('\0');
  const params = texts.flatMap<HeaderPair>((name, i) => (i % 2 === 0 ? [[name, texts[i + 1] ?? '']] : []));
  const length = Number(params.find(([name]) => name === 'CONTENT_LENGTH')?.[1]);
  const body = received.subarray(bodyAt);
  return body.length < length ? undefined : { params, body };
}
