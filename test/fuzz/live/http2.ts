// HTTP/2 connections, nearly right (RFC 9113): header lists that HTTP/1 cannot have, frames in odd orders, flipped bytes.
import fc from 'fast-check';
import { edited } from '../inputs.js';
import { activeTokens, type Bytes, type LiveCase } from './case.js';

type Field = readonly [name: string, value: string];

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
};
const FLAG = { endStream: 1, endHeaders: 4, padded: 8, priority: 32 };

function frame(type: number, flags: number, stream: number, payload: Bytes): Bytes {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return head.toString('latin1') + payload;
}

/** Literal header fields without indexing and without Huffman coding (RFC 7541 §6.2.2). */
function encodeFields(fields: readonly Field[]): Bytes {
  return fields.map(([name, value]) => `\0${encodeText(name)}${encodeText(value)}`).join('');
}

/** RFC 7541 §5.1, §5.2. */
function encodeText(text: string): Bytes {
  const bytes = Buffer.from(text).toString('latin1');
  const length = bytes.length;
  if (length < 127) return String.fromCharCode(length) + bytes;
  const rest = [0x7f];
  let left = length - 127;
  for (; left >= 128; left >>= 7) rest.push((left & 0x7f) | 0x80);
  return String.fromCharCode(...rest, left) + bytes;
}

const ODD_FIELDS: Field[] = [
  ['authorization', 'Bearer opaque-bad'],
  ['Authorization', 'Bearer opaque-bad'],
  ['authorization ', 'Bearer opaque-bad'],
  ['authorization', ''],
  [':authority', 'other.test'],
  [':path', '/introspect'],
  [':path', '/b HTTP/1.1\r\nX: y'],
  [':method', 'CONNECT'],
  [':method', 'OPTIONS'],
  [':scheme', 'https'],
  [':status', '200'],
  [':protocol', 'websocket'],
  ['host', 'other.test'],
  ['cookie', 'a=b'],
  ['connection', 'authorization'],
  ['transfer-encoding', 'chunked'],
  ['content-length', '5'],
  ['content-length', '0'],
  ['te', 'trailers'],
  ['x-request-id', '1'],
  ['x\r\ny', 'z'],
  ['x', 'y\r\nauthorization: Bearer opaque-bad'],
  ['x', 'y\0'],
  ['', ''],
];

/** Edits of a list of fields. */
const fieldEdits = fc.array(
  fc.record({
    kind: fc.constantFrom('insert', 'delete', 'double', 'move', 'upper'),
    at: fc.nat(12),
    field: fc.constantFrom(...ODD_FIELDS),
  }),
  { maxLength: 3 },
);

function editFields(
  fields: readonly Field[],
  edits: typeof fieldEdits extends fc.Arbitrary<infer E> ? E : never,
): Field[] {
  const list = [...fields];
  for (const { kind, at, field } of edits) {
    const place = at % (list.length + 1);
    const own = list[place] ?? field;
    if (kind === 'insert') list.splice(place, 0, field);
    else if (kind === 'delete') list.splice(place, 1);
    else if (kind === 'double') list.push(own);
    else if (kind === 'upper') list.splice(place, 1, [own[0].toUpperCase(), own[1]]);
    else list.unshift(...list.splice(place, 1));
  }
  return list;
}

type Plan = (head: Bytes, other: Bytes) => Bytes[];

/** How a header block, or two, become frames. */
const PLANS: Plan[] = [
  (head) => [frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, head)],
  (head) => [frame(FRAME.headers, FLAG.endHeaders | FLAG.padded | FLAG.endStream, 1, `\x03${head}\0\0\0`)],
  (head) => [
    frame(FRAME.headers, FLAG.endHeaders | FLAG.priority | FLAG.endStream, 1, `\0\0\0\0\x10${head}`),
  ],
  (head) => [
    frame(FRAME.headers, FLAG.endStream, 1, head.slice(0, 20)),
    frame(FRAME.continuation, FLAG.endHeaders, 1, head.slice(20)),
  ],
  (head) => [
    frame(FRAME.headers, FLAG.endHeaders, 1, head),
    frame(FRAME.data, 0, 1, 'abc'),
    frame(FRAME.data, FLAG.endStream, 1, 'de'),
  ],
  (head, other) => [
    frame(FRAME.headers, FLAG.endHeaders, 1, head),
    frame(FRAME.data, 0, 1, 'abcde'),
    frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, other), // trailers
  ],
  (head, other) => [
    frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, head),
    frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 3, other),
  ],
  (head) => [
    frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, head),
    frame(FRAME.reset, 0, 1, '\0\0\0\x08'),
  ],
  (head) => [
    frame(FRAME.priority, 0, 1, '\0\0\0\0\x10'),
    frame(FRAME.window, 0, 0, '\0\x01\0\0'),
    frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, head),
    frame(FRAME.ping, 0, 0, '12345678'),
  ],
  (head) => [
    frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, head),
    frame(FRAME.goaway, 0, 0, '\0\0\0\x01\0\0\0\0'),
  ],
];

function fieldsWith(token: string): Field[][] {
  const pseudo: Field[] = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'gateway.test'],
    [':path', '/orders?page=2'],
  ];
  const bearer: Field = ['authorization', `Bearer ${token}`];
  return [
    [...pseudo, bearer],
    [...pseudo.slice(1), [':method', 'POST'], ['content-length', '5'], bearer],
    [...pseudo, ['cookie', 'a=b'], ['cookie', 'c=d'], bearer, ['x-a', 'b']],
    [...pseudo, bearer, bearer],
    pseudo,
    [[':path', '/auth'], ...pseudo.slice(0, 3), ['x-forwarded-uri', '/a'], bearer],
  ];
}

export const http2Cases: fc.Arbitrary<LiveCase> = activeTokens.chain((token) => {
  const fields = fc
    .tuple(fc.constantFrom(...fieldsWith(token)), fieldEdits)
    .map(([list, edits]) => encodeFields(editFields(list, edits)));
  const trailers = fc.constantFrom<Field[]>(
    [['x', 'y']],
    [['authorization', `Bearer ${token}`]],
    [[':path', '/b']],
  );
  const frames = fc
    .tuple(fc.constantFrom(...PLANS), fields, fc.oneof(fields, trailers.map(encodeFields)))
    .map(([plan, head, other]) => plan(head, other).join(''));
  const all = fc.oneof({ weight: 3, arbitrary: frames }, { weight: 1, arbitrary: edited(frames, 2) });
  return all.map((text) => ({
    request: PREFACE + frame(FRAME.settings, 0, 0, '') + text,
    answer: undefined,
    token,
  }));
});
