// A uwsgi application for tests: it reads the params and body of each request and answers with a status. It has just as
// much of the protocol as that needs: https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html
import type { HeaderPair } from '../../runtime/local_http.js';
import { type ParamsRequest, type ParamsUpstream, startParamsUpstream } from './params_upstream.js';

const HEADER_BYTES = 4;

export function startUwsgiUpstream(status = '200 OK'): Promise<ParamsUpstream> {
  const answer = Buffer.from(`HTTP/1.0 ${status}\r\nContent-Type: text/plain\r\n\r\nserved`);
  return startParamsUpstream((received) => {
    const request = parseRequest(received);
    return request && { request, answer };
  });
}

/** @returns undefined while the request is not complete */
function parseRequest(received: Buffer): ParamsRequest | undefined {
  if (received.length < HEADER_BYTES) return undefined;
  const bodyAt = HEADER_BYTES + received.readUInt16LE(1);
  if (received.length < bodyAt) return undefined;
  const params = parseParams(received.subarray(HEADER_BYTES, bodyAt));
  const length = params.find(([name]) => name === 'CONTENT_LENGTH')?.[1] ?? '';
  const end = bodyAt + Number(length);
  return received.length < end ? undefined : { params, body: received.subarray(bodyAt, end) };
}

function parseParams(bytes: Buffer): HeaderPair[] {
  const params: HeaderPair[] = [];
  let at = 0;
  const readText = () => {
    const start = at + 2;
    at = start + bytes.readUInt16LE(at);
    return bytes.toString('latin1', start, at);
  };
  while (at < bytes.length) params.push([readText(), readText()]);
  return params;
}
