import test from 'ava';
import { type CacheKey, cacheKey } from '../../../src/core/cache/key.js';
import {
  askedOf,
  CANONICAL_SCHEME,
  credentialOf,
  type EndpointName,
  endpointOf,
  isAddressBound,
  keyspaceOf,
  lookupIn,
  purgeKey,
  reachOf,
} from '../../../src/core/cache/lookup.js';
import type { Lookup } from '../../../src/core/settings/request_text.js';

/** As nginx joins it: server, endpoint, JWT field, longest JWT, form fields, Cache-Control, client id and credential. */
const LOOKUP = lookup(
  '443 192.0.2.1 api.example.com\n/introspect\njwt\n8000\nresource=a\nobey\nclient\nBearer abc',
);

function lookup(text: string): Lookup {
  return text as Lookup;
}

function changed(from: string, to: string): Lookup {
  return lookup(LOOKUP.replace(from, to));
}

const CREDENTIALS: [sentence: string, text: string, credential: string][] = [
  ['the last line', LOOKUP, 'Bearer abc'],
  ['empty when the request has no Authorization header', 'api:443\n/introspect\n', ''],
  ['empty when nginx joined nothing', '', ''],
  ['the header unchanged, with its spaces', 'api:443\n/introspect\nbEaReR   abc', 'bEaReR   abc'],
  ['the last line also when the lines before it are empty', '\n\nBearer abc', 'Bearer abc'],
];

for (const [sentence, text, credential] of CREDENTIALS) {
  test(`credentialOf: ${sentence}`, (t) => t.is(credentialOf(lookup(text)), credential));
}

const SPELLINGS: [sentence: string, authorization: string][] = [
  ['the usual spelling is the canonical one', 'Bearer abc'],
  ['a scheme in lower case (S2)', 'bearer abc'],
  ['a scheme in upper case (S2)', 'BEARER abc'],
  ['many spaces', 'Bearer    abc'],
];

for (const [sentence, authorization] of SPELLINGS) {
  test(`keyspaceOf, lookupIn: one record for one token: ${sentence}`, (t) =>
    t.is(canonical(changed('Bearer abc', authorization), 'abc'), LOOKUP));
}

/** As a record's lookup is spelt. */
function canonical(sent: Lookup, token: string): Lookup {
  return lookupIn(keyspaceOf(sent), token);
}

test('keyspaceOf, lookupIn: do not change the lines before the credential (S58)', (t) => {
  t.is<string, string>(canonical(lookup('\n\n\n\n\nbearer x'), 'x'), '\n\n\n\n\nBearer x');
  t.is<string, string>(
    canonical(lookup('API:443\n/Introspect\nbearer x'), 'x'),
    'API:443\n/Introspect\nBearer x',
  );
});

test('credentialOf: finds the credential of a canonical lookup', (t) => {
  t.is(
    credentialOf(canonical(lookup('api:443\n/introspect\nbearer   abc'), 'abc')),
    `${CANONICAL_SCHEME}abc`,
  );
});

const ENDPOINT = '443 192.0.2.1 api.example.com\n/introspect';

const ENDPOINTS: [sentence: string, text: string, endpoint: string][] = [
  ['server and endpoint, one per line', LOOKUP, ENDPOINT],
  ['the same without a credential', LOOKUP.replace('Bearer abc', ''), ENDPOINT],
  ['empty lines are lines', '\n\n\n\n\nBearer abc', '\n'],
  ['empty when nginx joined nothing', '', ''],
];

for (const [sentence, text, endpoint] of ENDPOINTS) {
  test(`endpointOf: ${sentence}`, (t) => t.is<string, string>(endpointOf(lookup(text)), endpoint));
}

const WITHIN_ENDPOINT: [sentence: string, from: string, to: string][] = [
  ['another token', 'abc', 'abd'],
  ['another client', '\nclient\n', '\nother\n'],
  ['another form', 'resource=a', 'resource=b'],
  ['another member', '\njwt\n', '\ntoken\n'],
];

for (const [sentence, from, to] of WITHIN_ENDPOINT) {
  test(`endpointOf: is the same for ${sentence}: the endpoint fails for all of them (S61, S69)`, (t) =>
    t.is<string, string>(endpointOf(changed(from, to)), ENDPOINT));
}

const OTHER_ENDPOINTS: [sentence: string, from: string, to: string][] = [
  ['another endpoint', '/introspect', '/other'],
  ['another server name', 'api.example.com', 'web.example.com'],
  ['another port', '443', '8443'],
];

for (const [sentence, from, to] of OTHER_ENDPOINTS) {
  test(`endpointOf: differs for ${sentence} (S58)`, (t) =>
    t.not<string, string>(endpointOf(changed(from, to)), ENDPOINT));
}

const SERVERS: [sentence: string, server: string, isBound: boolean][] = [
  ['a server without a name is identified by its address', '443 @192.0.2.1', true],
  ['every digit of a port', '10080 @192.0.2.1', true],
  ['an address of IPv6', '443 @2001:db8::1', true],
  ['a socket, which has no port', ' @unix:/run/nginx.sock', true],
  ['a server with a name', '443 api.example.com', false],
  ['a partition', 'tenant', false],
  ['a partition with an @', 'a@b', false],
  ['a partition with an @ behind a space', 'a @b', false],
  ['a partition with an @ in its middle', '443 a @b', false],
  ['a partition of an @ alone', '@', false],
  ['no server', '', false],
];

for (const [sentence, server, isBound] of SERVERS) {
  test(`isAddressBound: ${isBound}: ${sentence}: "${server}", so that a purge there reaches ${isBound ? 'not ' : ''}all records (S62)`, (t) => {
    t.is(isAddressBound(`${server}\n/introspect` as EndpointName), isBound);
    t.is(isAddressBound(`${server}\n443 @x` as EndpointName), isBound);
  });
}

test('keyspaceOf: the whole lookup except the token, so that a purge can make the key of any token from it (S62)', (t) => {
  t.is<string, string>(`${keyspaceOf(LOOKUP)}abc`, LOOKUP);
  t.is(keyspaceOf(changed('Bearer abc', 'bearer   xyz')), keyspaceOf(LOOKUP));
});

const WITHIN_REACH: [sentence: string, from: string, to: string][] = [
  ['another port of the server', '443 ', '80 '],
  ['another client id', '\nclient\n', '\n\n'],
  ['other form fields', 'resource=a', 'resource=b'],
  ['another JWT field', '\njwt\n', '\ntoken\n'],
  ['another longest JWT', '\n8000\n', '\n\n'],
  ['another Cache-Control setting', '\nobey\n', '\nignore\n'],
];

for (const [sentence, from, to] of WITHIN_REACH) {
  test(`purgeKey: a purged token is refused under ${sentence} as well (S62)`, (t) => {
    t.not(changed(from, to), LOOKUP);
    t.is(markOf(changed(from, to)), markOf(LOOKUP));
  });
}

const BEYOND_REACH: [sentence: string, from: string, to: string][] = [
  ['another server', 'api.example.com', 'web.example.com'],
  ['another endpoint', '/introspect', '/other'],
  ['a partition that is spelt like the server', '443 192', '= 192'],
];

for (const [sentence, from, to] of BEYOND_REACH) {
  test(`purgeKey: a purge does not reach ${sentence}`, (t) => {
    t.not(changed(from, to), LOOKUP);
    t.not(markOf(changed(from, to)), markOf(LOOKUP));
  });
}

test('reachOf: a partition is the same for every server that sets it', (t) => {
  t.is<string, string>(reachOf('=api v2\n/introspect' as EndpointName), '=api v2\n/introspect');
});

test('purgeKey: another token has another mark, and no mark has the key of a record', (t) => {
  t.not(markOf(LOOKUP, 'abd'), markOf(LOOKUP));
  t.not(markOf(LOOKUP), cacheKey(LOOKUP));
});

function markOf(sent: Lookup, token = 'abc'): CacheKey {
  return purgeKey(reachOf(endpointOf(sent)), token);
}

test('askedOf: the endpoint that the location names, without the server', (t) =>
  t.is(askedOf(endpointOf(LOOKUP)), '/introspect'));
