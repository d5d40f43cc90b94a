import test from 'ava';
import { isUsualUri } from '../../../src/core/request/forwarded_uri.js';
import {
  type ForwardedHeaders,
  isWellFormedUri,
  type OriginalRequest,
  readOriginalRequest,
} from '../../../src/core/request/original_request.js';

const NONE: ForwardedHeaders = { method: '', originalMethod: '', proto: '', host: '', uri: '', url: '' };
const API = 'https://api.example.com/';
const TRAEFIK = { method: 'PUT', proto: 'https', host: 'api.example.com', uri: '/a?b=c' };
const INGRESS = { originalMethod: 'PUT', url: 'https://api.example.com/a?b=c' };

type Row = [
  sentence: string,
  own: string,
  headers: Partial<ForwardedHeaders>,
  expected: OriginalRequest | undefined,
];

const PUT: OriginalRequest = { method: 'PUT', uri: '/a?b=c', origin: API };
const ROWS: Row[] = [
  ['no headers: the request itself', 'PUT', {}, { method: 'PUT', uri: '/auth', origin: '' }],
  ['X-Forwarded-*', 'GET', TRAEFIK, PUT],
  ['X-Original-*', 'HEAD', INGRESS, PUT],
  ['both, which agree', 'GET', { ...TRAEFIK, ...INGRESS }, PUT],
  ['both, and the proxy asks by the method of its client', 'PUT', { ...TRAEFIK, ...INGRESS }, PUT],
  [
    'hosts that differ in case and port only agree',
    'GET',
    { ...TRAEFIK, url: 'HTTPS://API.example.com:443/a?b=c' },
    PUT,
  ],
  ['X-Original-URL may be path and query', 'GET', { ...INGRESS, url: '/a?b=c' }, { ...PUT, origin: '' }],
  [
    'a URL without a path is that of the root (RFC 9110 §4.2.3)',
    'GET',
    { ...INGRESS, url: 'https://api.example.com' },
    { ...PUT, uri: '/' },
  ],
  ['a host without a scheme tells no origin', 'GET', { ...TRAEFIK, proto: '' }, { ...PUT, origin: '' }],
  [
    'a method alone: the URI is not known',
    'GET',
    { method: 'PUT' },
    { method: 'PUT', uri: undefined, origin: '' },
  ],
  [
    'a URI alone: it is not known for which method',
    'GET',
    { uri: '/a' },
    { method: 'GET', uri: undefined, origin: '' },
  ],
  [
    'a URI that is no path',
    'GET',
    { method: 'PUT', uri: 'a' },
    { method: 'PUT', uri: undefined, origin: '' },
  ],
  ['methods that differ', 'GET', { ...TRAEFIK, originalMethod: 'POST' }, undefined],
  ['methods that differ in case', 'GET', { ...TRAEFIK, originalMethod: 'put' }, undefined],
  ['URIs that differ', 'GET', { ...TRAEFIK, url: 'https://api.example.com/b' }, undefined],
  ['hosts that differ', 'GET', { ...TRAEFIK, url: 'https://other.example.com/a?b=c' }, undefined],
  ['schemes that differ', 'GET', { ...TRAEFIK, url: 'http://api.example.com/a?b=c' }, undefined],
  [
    'a host alone that differs from that of the URL',
    'GET',
    { ...INGRESS, host: 'other.example.com' },
    undefined,
  ],
  ['a scheme alone that differs from that of the URL', 'GET', { ...INGRESS, proto: 'http' }, undefined],
  ['a host alone that is that of the URL', 'GET', { ...INGRESS, host: 'api.example.com' }, PUT],
  ['a method beside a request of another one', 'POST', TRAEFIK, undefined],
  ['a method beside a preflight', 'OPTIONS', TRAEFIK, undefined],
  ['two values that nginx has joined', 'GET', { ...TRAEFIK, method: 'PUT, PUT' }, undefined],
  ['a method that is no word', 'GET', { ...TRAEFIK, method: 'PUT /' }, undefined],
];

for (const [sentence, own, headers, expected] of ROWS) {
  test(`readOriginalRequest: ${sentence}`, (t) => {
    const request = readOriginalRequest({ method: own, uri: '/auth' }, { ...NONE, ...headers });
    t.deepEqual(request, expected);
  });
}

const URIS: [uri: string, isWellFormed: boolean][] = [
  ['', true],
  ['/', true],
  ['/a?b=c', true],
  ['/.well-known/a', true],
  ['/a..b/...', true],
  ['/caf%C3%A9/%20', true],
  ['/a?file=../b&text=%0D%0A%00', true],
  ['?a', true],
  ['https://api.example.com', true],
  ['https://api.example.com/a', true],
  ['https://[::1]:8080/a?b', true],
  ['/..', false],
  ['/a/../b', false],
  ['/a/./b', false],
  ['/a/%2e%2E/b', false],
  ['/a/..%2Fb', false],
  ['/a%2f..%2fb', false],
  ['https://api.example.com/a/../b', false],
  ['https://api.example.com/../b', false],
  ['/a%0ab', false],
  ['/a%0D', false],
  ['/a%00', false],
  ['/a b', false],
  ['/a, /b', false],
  ['/a\tb', false],
  ['/a\x7f', false],
  ['/a?b c', false],
  ['a%2F', false],
  ['a/b%2Fc', false],
  ['\n', false],
  ['/https://b%0a/c', false],
  ['https://a b/', false],
];

for (const [uri, isWellFormed] of URIS) {
  test(`isWellFormedUri: ${JSON.stringify(uri)}: ${isWellFormed}`, (t) =>
    t.is(isWellFormedUri(uri), isWellFormed));
}

test('isUsualUri: is false for all that isWellFormedUri refuses, so that each is looked at', (t) => {
  for (const [uri, isWellFormed] of URIS) {
    t.false(isUsualUri(uri) && !isWellFormed, uri);
  }
  t.true(isUsualUri(undefined));
  t.true(isUsualUri('https://api.example.com/a/b.c?d=e'));
});
