import { createHash } from 'node:crypto';
import test from 'ava';
import { cacheKey, digest } from '../../../src/core/cache/key.js';
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

// Made with: printf '4\n<lookup>' | openssl dgst -sha256 -binary | basenc --base64url
const KNOWN_KEYS: [sentence: string, text: string, key: string][] = [
  ['SHA-256 of format version and lookup (S58, S59)', LOOKUP, '_J3LFVnopVbJmfnS0peH_IWhCm1KxT4wmuJU58J4PIQ'],
  [
    'text outside ASCII is hashed as UTF-8',
    'api:443\n/introspect\nBearer \uFFFD',
    '11N1NwPMF0tXfQR76WXCDa9jsJreeDEA3Y5walWJEyY',
  ],
  [
    'an empty lookup has a key of its own, not the empty one (S60)',
    '',
    'feFVXfDCcAMp6BW5OzLFccPqVNyWe4noGrc7mXK3LR0',
  ],
];

for (const [sentence, text, key] of KNOWN_KEYS) {
  test(`cacheKey: ${sentence}`, (t) => t.is<string, string>(cacheKey(lookup(text)), key));
}

test('cacheKey: 43 characters of base64url, for a token of any length', (t) => {
  t.regex(cacheKey(LOOKUP), /^[A-Za-z0-9_-]{43}$/);
  t.regex(cacheKey(lookup(`${LOOKUP}${'a'.repeat(4096)}`)), /^[A-Za-z0-9_-]{43}$/);
});

test('cacheKey: holds no part of the token (S61)', (t) => {
  const key = cacheKey(lookup('api:443\n/introspect\nBearer opaque-token'));
  t.false(key.includes('opaque'));
  t.false(Buffer.from(key, 'base64url').toString('latin1').includes('opaque'));
});

test('cacheKey: is the same for the same lookup, and does not depend on the lookup before (S82)', (t) => {
  const first = cacheKey(LOOKUP);
  cacheKey(lookup('other:443\n/introspect\nBearer xyz'));
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
  ['the same characters with a line break elsewhere (S59)', 'jwt\n8000', 'jwt8\n000'],
  ['the same values in other lines (S59)', 'jwt\n8000', '8000\njwt'],
  ['the same characters without a line break (S59)', 'client\nBearer', 'clientBearer'],
  ['another spelling of the scheme: only the canonical one is stored', 'Bearer', 'bearer'],
];

for (const [sentence, from, to] of OTHER_QUESTIONS) {
  test(`cacheKey: differs for ${sentence}`, (t) => {
    const other = changed(from, to);
    t.not(other, LOOKUP);
    t.not(cacheKey(other), cacheKey(LOOKUP));
  });
}

test('digest: the same for a text whether it is the first of a process or a later one, which copies its beginning', (t) => {
  const expected = (text: string) => createHash('sha256').update(`4\n${text}`).digest('base64url');
  for (const text of ['a', 'b', 'a', 'c', 'a']) t.is(digest(text), expected(text));
});
