import test from 'ava';
import { type FetchFailure, readFetchFailure } from '../../../src/core/introspection/fetch_failure.js';

const NJS_1_0_2 = 0x010002;
const TIMEOUT: FetchFailure = { status: 504, failure: 'no answer within js_fetch_timeout' };
const NO_RESOLVER: FetchFailure = { status: 502, failure: 'a host name needs the resolver directive' };
const UNKNOWN_HOST: FetchFailure = { status: 502, failure: 'the host name cannot be resolved' };
const TOO_LARGE: FetchFailure = {
  status: 502,
  failure: 'the answer is over js_fetch_max_response_buffer_size',
};
const NO_CONNECTION: FetchFailure = {
  status: 502,
  failure: 'cannot connect, or js_fetch_trusted_certificate does not trust the server',
};
const OTHER: FetchFailure = { status: 502, failure: 'the connection failed' };

// The texts of ngx_js_fetch.c and ngx_js_http.c, of njs 0.8.9 and of 1.0.2 where they differ.
const MESSAGES: [sentence: string, message: string, expected: FetchFailure][] = [
  ['a server that does not answer', 'read timed out', TIMEOUT],
  ['a server that does not take the request', 'write timed out', TIMEOUT],
  ['a configuration without a resolver', 'no resolver defined', NO_RESOLVER],
  ['a name that does not exist', '"as.example.com" could not be resolved (3: Host not found)', UNKNOWN_HOST],
  [
    'a name server that does not answer: no answer was awaited from the server (RFC 9110 §15.6.5)',
    '"as.example.com" could not be resolved (110: Operation timed out)',
    UNKNOWN_HOST,
  ],
  ['a name server that fails', '"as.example.com" could not be resolved (2: Server failure)', UNKNOWN_HOST],
  [
    'a name server that refuses',
    '"as.example.com" could not be resolved (5: Operation refused)',
    UNKNOWN_HOST,
  ],
  ['an announced length over the limit (1.0.2, S38)', 'http content length is too large', TOO_LARGE],
  ['an announced length over the limit (0.8.9, S38)', 'fetch content length is too large', TOO_LARGE],
  ['a body over the limit (1.0.2, S38)', 'http response body is too large', TOO_LARGE],
  ['a body over the limit (0.8.9, S38)', 'fetch response body is too large', TOO_LARGE],
  ['headers over the limit (S38)', 'very large http header', TOO_LARGE],
  ['a server that refuses, or whose certificate is not trusted (S22)', 'connect failed', NO_CONNECTION],
  ['a server that closes early (S44)', 'prematurely closed connection', OTHER],
  ['an answer that is not HTTP (1.0.2)', 'invalid http status line', OTHER],
  ['an answer that is not HTTP (0.8.9)', 'invalid fetch status line', OTHER],
  ['a header that is none', 'invalid http header', OTHER],
  ['two lengths that differ (S39)', 'invalid http content length', OTHER],
  ['a chunk that was cut (S37)', 'invalid http chunked response', OTHER],
  ['bytes after the announced ones', 'http trailing data', OTHER],
  ['a socket that breaks', 'read failed', OTHER],
  ['an exception without a text', '', OTHER],
  ['a text of a later njs', 'something new', OTHER],
];

for (const [sentence, message, expected] of MESSAGES) {
  test(`readFetchFailure: ${sentence}: "${message}"`, (t) =>
    t.deepEqual(readFetchFailure(message, NJS_1_0_2), expected));
}

test('readFetchFailure: only a timeout is 504, every other fault 502, as from proxy_pass (RFC 9110 §15.6.3, §15.6.5, S44)', (t) => {
  for (const [, message, expected] of MESSAGES) {
    t.is(readFetchFailure(message, NJS_1_0_2).status, expected === TIMEOUT ? 504 : 502, message);
  }
});

test('readFetchFailure: does not repeat the message, which may name a host or quote an answer (S108, S109)', (t) => {
  for (const [, message] of MESSAGES) {
    const { failure } = readFetchFailure(`${message} secret`, NJS_1_0_2);
    t.false(failure.includes('secret'), message);
    t.false(failure.includes('as.example.com'), message);
  }
});

for (const [name, version] of [
  ['0.8.9', 0x000809],
  ['1.0.1', 0x010001],
] as const) {
  test(`readFetchFailure: a timeout on njs ${name} names the other cause, a connection that the server keeps open; what to do is said once, at the end of the line`, (t) => {
    const { status, failure } = readFetchFailure('read timed out', version);
    t.is(status, 504);
    t.is(
      failure,
      'no answer within js_fetch_timeout, or a connection that the server keeps open, where njs below 1.0.2 waits for its end',
    );
    t.deepEqual(readFetchFailure('connect failed', version), NO_CONNECTION);
  });
}
