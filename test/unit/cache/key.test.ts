import test from 'ava';
import {
  cacheKey,
  canonicalLookup,
  credentialOf,
  endpointOf,
  isAddressBound,
  keyspaceOf,
  purgeKey,
  reachOf,
} from '../../../src/core/cache/key.js';

/** As nginx joins it: server, endpoint, client id, form fields, JWT field, longest JWT, Cache-Control and credential. */
const LOOKUP = '443 192.0.2.1 api.example.com\n/introspect\nclient\nresource=a\njwt\n8000\nobey\nBearer abc';

// Made with: printf '3\n<lookup>' | openssl dgst -sha256 -binary | basenc --base64url
const KNOWN_KEYS: [sentence: string, lookup: string, key: string][] = [
  ['SHA-256 of format version and lookup (S58, S59)', LOOKUP, 'TkRO9VEumTpcCfEVQDsnpqwsW4bFwmAqcMTKtuMonw4'],
  [
    'text outside ASCII is hashed as UTF-8',
    'api:443\n/introspect\nBearer \uFFFD',
    'foBvXNdNwhw0WM7-huyVQ-QH77IAZtEA2Iu4Fl-ZX74',
  ],
  [
    'an empty lookup has a key of its own, not the empty one (S60)',
    '',
    'ESHPzNWRPwpj_sQKb_1E6mT53BNcZmNLoAHRC89DAqI',
  ],
];

for (const [sentence, lookup, key] of KNOWN_KEYS) {
  test(`cacheKey: ${sentence}`, (t) => t.is(cacheKey(lookup), key));
}

test('cacheKey: 43 characters of base64url, for a token of any length', (t) => {
  t.regex(cacheKey(LOOKUP), /^[A-Za-z0-9_-]{43}$/);
  t.regex(cacheKey(`${LOOKUP}${'a'.repeat(4096)}`), /^[A-Za-z0-9_-]{43}$/);
});

test('cacheKey: holds no part of the token (S61)', (t) => {
  const key = cacheKey('api:443\n/introspect\nBearer opaque-token');
  t.false(key.includes('opaque'));
  t.false(Buffer.from(key, 'base64url').toString('latin1').includes('opaque'));
});

test('cacheKey: is the same for the same lookup, and does not depend on the lookup before (S82)', (t) => {
  const first = cacheKey(LOOKUP);
  cacheKey('other:443\n/introspect\nBearer xyz');
  t.is(cacheKey(LOOKUP), first);
});

const OTHER_QUESTIONS: [sentence: string, from: string, to: string][] = [
  ['another token', 'abc', 'abd'],
  ['another case of the token', 'abc', 'aBc'],
  ['another endpoint, which means another authorization server (S58)', '/introspect', '/other'],
  ['another server name (S58)', 'api.example.com', 'web.example.com'],
  ['another port (S58)', '443', '8443'],
  ['another address (S58)', '192.0.2.1', '192.0.2.2'],
  ['another client, which may see other claims (S58)', '\nclient\n', '\nother\n'],
  ['no client of its own', '\nclient\n', '\n\n'],
  ['other form fields, which may ask for another JWT (S58)', 'resource=a', 'resource=b'],
  ['another member that holds the JWT (S58)', '\njwt\n', '\ntoken\n'],
  ['a smaller limit for the JWT: a JWT that is refused there is not served there', '\n8000\n', '\n100\n'],
  [
    'Cache-Control ignored: a record that obeying it forbids to store is not served',
    '\nobey\n',
    '\nignore\n',
  ],
  ['the same characters with a line break elsewhere (S59)', 'client\nresource', 'clientr\nesource'],
  ['the same values in other lines (S59)', 'client\nresource=a', 'resource=a\nclient'],
  ['the same characters without a line break (S59)', 'obey\nBearer', 'obeyBearer'],
  ['another spelling of the scheme: only the canonical one is stored', 'Bearer', 'bearer'],
];

for (const [sentence, from, to] of OTHER_QUESTIONS) {
  test(`cacheKey: differs for ${sentence}`, (t) => {
    const other = LOOKUP.replace(from, to);
    t.not(other, LOOKUP);
    t.not(cacheKey(other), cacheKey(LOOKUP));
  });
}

const CREDENTIALS: [sentence: string, lookup: string, credential: string][] = [
  ['the last line', LOOKUP, 'Bearer abc'],
  ['empty when the request has no Authorization header', 'api:443\n/introspect\n', ''],
  ['empty when nginx joined nothing', '', ''],
  ['the header unchanged, with its spaces', 'api:443\n/introspect\nbEaReR   abc', 'bEaReR   abc'],
  ['the last line also when the lines before it are empty', '\n\nBearer abc', 'Bearer abc'],
];

for (const [sentence, lookup, credential] of CREDENTIALS) {
  test(`credentialOf: ${sentence}`, (t) => t.is(credentialOf(lookup), credential));
}

const SPELLINGS: [sentence: string, authorization: string][] = [
  ['the usual spelling is the canonical one', 'Bearer abc'],
  ['a scheme in lower case (S2)', 'bearer abc'],
  ['a scheme in upper case (S2)', 'BEARER abc'],
  ['many spaces', 'Bearer    abc'],
];

for (const [sentence, authorization] of SPELLINGS) {
  test(`canonicalLookup: one record for one token: ${sentence}`, (t) =>
    t.is(canonicalLookup(LOOKUP.replace('Bearer abc', authorization), 'abc'), LOOKUP));
}

test('canonicalLookup: does not change the lines before the credential (S58)', (t) => {
  t.is(canonicalLookup('\n\n\n\n\nbearer x', 'x'), '\n\n\n\n\nBearer x');
  t.is(canonicalLookup('API:443\n/Introspect\nbearer x', 'x'), 'API:443\n/Introspect\nBearer x');
});

test('canonicalLookup: credentialOf finds the credential that it wrote', (t) => {
  t.is(credentialOf(canonicalLookup('api:443\n/introspect\nbearer   abc', 'abc')), 'Bearer abc');
});

const ENDPOINT = '443 192.0.2.1 api.example.com\n/introspect';

const ENDPOINTS: [sentence: string, lookup: string, endpoint: string][] = [
  ['server and endpoint, one per line', LOOKUP, ENDPOINT],
  ['the same without a credential', LOOKUP.replace('Bearer abc', ''), ENDPOINT],
  ['empty lines are lines', '\n\n\n\n\nBearer abc', '\n'],
  ['empty when nginx joined nothing', '', ''],
];

for (const [sentence, lookup, endpoint] of ENDPOINTS) {
  test(`endpointOf: ${sentence}`, (t) => t.is(endpointOf(lookup), endpoint));
}

test('endpointOf: is the same for another token, client, form or member: the endpoint fails for all of them (S61, S69)', (t) => {
  for (const [sentence, from, to] of [...OTHER_QUESTIONS.slice(0, 2), ...OTHER_QUESTIONS.slice(6, 12)]) {
    t.is(endpointOf(LOOKUP.replace(from, to)), ENDPOINT, sentence);
  }
});

test('endpointOf: another server or endpoint is another endpoint (S58)', (t) => {
  for (const [sentence, from, to] of OTHER_QUESTIONS.slice(2, 6)) {
    t.not(endpointOf(LOOKUP.replace(from, to)), ENDPOINT, sentence);
  }
});

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
    t.is(isAddressBound(`${server}\n/introspect\n\n\n\nBearer abc`), isBound);
    t.is(isAddressBound(`${server}\n443 @x\n\n\n\n443 @x`), isBound);
  });
}

test('keyspaceOf: the whole lookup except the token, so that a purge can make the key of any token from it (S62)', (t) => {
  t.is(`${keyspaceOf(LOOKUP)}abc`, LOOKUP);
  t.is(keyspaceOf(LOOKUP.replace('Bearer abc', 'bearer   xyz')), keyspaceOf(LOOKUP));
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
    const other = LOOKUP.replace(from, to);
    t.not(other, LOOKUP);
    t.is(reachOf(other), reachOf(LOOKUP));
    t.is(purgeKey(other), purgeKey(LOOKUP));
  });
}

const BEYOND_REACH: [sentence: string, from: string, to: string][] = [
  ['another server', 'api.example.com', 'web.example.com'],
  ['another endpoint', '/introspect', '/other'],
  ['a partition that is spelt like the server', '443 192', '= 192'],
];

for (const [sentence, from, to] of BEYOND_REACH) {
  test(`purgeKey: a purge does not reach ${sentence}`, (t) => {
    const other = LOOKUP.replace(from, to);
    t.not(reachOf(other), reachOf(LOOKUP));
    t.not(purgeKey(other), purgeKey(LOOKUP));
  });
}

test('reachOf: a partition is the same for every server that sets it', (t) => {
  t.is(reachOf('=api v2\n/introspect\n\n\n\n\n\nBearer abc'), '=api v2\n/introspect');
});

test('purgeKey: another token has another mark, and no mark has the key of a record', (t) => {
  t.not(purgeKey(LOOKUP.replace('abc', 'abd')), purgeKey(LOOKUP));
  t.not(purgeKey(LOOKUP), cacheKey(LOOKUP));
});
