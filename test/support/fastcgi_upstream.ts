// A FastCGI application for tests: it reads params and body of each request and answers with a status. It has just as
// much of the protocol as that needs: https://fastcgi-archives.github.io/FastCGI_Specification.html
import type { HeaderPair } from '../../runtime/local_http.js';
import { type ParamsUpstream, startParamsUpstream } from './params_upstream.js';

/** Record types (section 8). */
const END_REQUEST = 3;
const PARAMS = 4;
const STDIN = 5;
const STDOUT = 6;
const HEADER_BYTES = 8;

export function startFastcgiUpstream(status = '200 OK'): Promise<ParamsUpstream> {
  return startParamsUpstream((received) => {
    const records = parseRecords(received);
    // An empty record ends a stream (section 3.3); the body comes last.
    const last = records.find(({ type, content }) => type === STDIN && content.length === 0);
    if (last === undefined) return undefined;
    const request = { params: parseParams(streamOf(records, PARAMS)), body: streamOf(records, STDIN) };
    return { request, answer: answer(last.requestId, status) };
  });
}

interface FastcgiRecord {
  type: number;
  requestId: number;
  content: Buffer;
}

/** The complete records. */
function parseRecords(received: Buffer): FastcgiRecord[] {
  const records: FastcgiRecord[] = [];
  for (let at = 0; at + HEADER_BYTES <= received.length; ) {
    const contentAt = at + HEADER_BYTES;
    const contentEnd = contentAt + received.readUInt16BE(at + 4);
    const end = contentEnd + received.readUInt8(at + 6); // padding
    if (end > received.length) break;
    records.push({
      type: received.readUInt8(at + 1),
      requestId: received.readUInt16BE(at + 2),
      content: received.subarray(contentAt, contentEnd),
    });
    at = end;
  }
  return records;
}

function streamOf(records: FastcgiRecord[], type: number): Buffer {
  return Buffer.concat(records.filter((record) => record.type === type).map(({ content }) => content));
}

/** Section 3.4: both lengths, then name and value. */
function parseParams(bytes: Buffer): HeaderPair[] {
  const params: HeaderPair[] = [];
  let at = 0;
  const readLength = () => {
    const isShort = bytes.readUInt8(at) < 0x80;
    const length = isShort ? bytes.readUInt8(at) : bytes.readUInt32BE(at) & 0x7fffffff;
    at += isShort ? 1 : 4;
    return length;
  };
  const readText = (length: number) => {
    at += length;
    return bytes.toString('latin1', at - length, at);
  };
  while (at < bytes.length) {
    const nameLength = readLength();
    const valueLength = readLength();
    params.push([readText(nameLength), readText(valueLength)]);
  }
  return params;
}

function answer(requestId: number, status: string): Buffer {
  const content = Buffer.from(`Status: ${status}\r\nContent-Type: text/plain\r\n\r\nserved`);
  return Buffer.concat([
    encodeRecord(STDOUT, requestId, content),
    encodeRecord(STDOUT, requestId, Buffer.alloc(0)),
    encodeRecord(END_REQUEST, requestId, Buffer.alloc(8)),
  ]);
}

function encodeRecord(type: number, requestId: number, content: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(1, 0); // version
  header.writeUInt8(type, 1);
  header.writeUInt16BE(requestId, 2);
  header.writeUInt16BE(content.length, 4);
  return Buffer.concat([header, content]);
}
