import test from 'ava';
import {
  ASSERTION_MARGIN_SEC,
  assertionInput,
  assertionProof,
  basicProof,
  locationProof,
  postProof,
} from '../../../src/core/introspection/client_authentication.js';
import type { ClientSettings } from '../../../src/core/settings/client_settings.js';

const NOW_SEC = 1_700_000_000;

function clientWith(changes: Partial<ClientSettings>): ClientSettings {
  return {
    kind: 'client_settings',
    authMethod: 'private_key_jwt',
    id: 'gateway',
    secret: '',
    secretFile: '',
    keyFile: '/etc/key.pem',
    keyAlgorithm: 'RS256',
    keyId: '',
    assertionAudience: 'https://as.example.com',
    assertionTtlSec: 60,
    ...changes,
  };
}

test('locationProof: adds nothing: the location itself authenticates', (t) => {
  t.deepEqual(locationProof(''), { kind: 'proof', method: 'none', authorization: '', formFields: '' });
});

test('locationProof: an id goes into the form, beside a client certificate (RFC 8705 §2)', (t) => {
  t.deepEqual(locationProof('a b&c'), {
    kind: 'proof',
    method: 'none',
    authorization: '',
    formFields: 'client_id=a+b%26c',
  });
});

// Each made with: printf '<encoded id>:<encoded secret>' | base64
const BASIC: [sentence: string, clientId: string, secret: string, authorization: string][] = [
  ['id and secret, a colon between them (RFC 7617 §2)', 'id', 'secret', 'Basic aWQ6c2VjcmV0'],
  [
    'the id is form-encoded first, so that a colon in it does not end it (RFC 6749 §2.3.1)',
    'a:b',
    'c',
    'Basic YSUzQWI6Yw==',
  ],
  ['the secret is form-encoded first (RFC 6749 §2.3.1)', 'id', 'a+b c%', 'Basic aWQ6YSUyQmIrYyUyNQ=='],
  ['text outside ASCII is UTF-8 (RFC 6749 Appendix B)', 'é', '€', 'Basic JUMzJUE5OiVFMiU4MiVBQw=='],
];

for (const [sentence, clientId, secret, authorization] of BASIC) {
  test(`basicProof: ${sentence}, and nothing in the form`, (t) =>
    t.deepEqual(basicProof(clientId, secret), {
      kind: 'proof',
      method: 'client_secret_basic',
      authorization,
      formFields: '',
    }));
}

test('basicProof: the credentials are in the alphabet of base64, with padding (RFC 7617 §2)', (t) => {
  t.is(basicProof('~~~', '???').authorization, 'Basic JTdFJTdFJTdFOiUzRiUzRiUzRg==');
});

const POST: [sentence: string, clientId: string, secret: string, formFields: string][] = [
  ['id and secret as fields (RFC 6749 §2.3.1)', 'id', 'secret', 'client_id=id&client_secret=secret'],
  ['a secret cannot add a field (S16)', 'id', 'a&token=b', 'client_id=id&client_secret=a%26token%3Db'],
  ['an id cannot add a field (S16)', 'a&b=c', 'd', 'client_id=a%26b%3Dc&client_secret=d'],
  [
    'text outside ASCII is UTF-8 (RFC 6749 Appendix B)',
    'é',
    '€ ',
    'client_id=%C3%A9&client_secret=%E2%82%AC+',
  ],
];

for (const [sentence, clientId, secret, formFields] of POST) {
  test(`postProof: ${sentence}, and no header`, (t) =>
    t.deepEqual(postProof(clientId, secret), {
      kind: 'proof',
      method: 'client_secret_post',
      authorization: '',
      formFields,
    }));
}

test('assertionProof: id, type and assertion as fields, and no header (RFC 7523 §2.2)', (t) => {
  t.deepEqual(assertionProof('id', 'e30.e30.c2ln'), {
    kind: 'proof',
    method: 'private_key_jwt',
    authorization: '',
    formFields:
      'client_id=id&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=e30.e30.c2ln',
  });
});

test('assertionProof: an id cannot add a field (S16)', (t) => {
  t.true(assertionProof('a&b=c', 'x').formFields.startsWith('client_id=a%26b%3Dc&client_assertion_type='));
});

/** Header and claims of what is to be signed. */
function partsOf(input: string): [header: unknown, claims: unknown] {
  const parts = input.split('.').map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  return [parts[0], parts[1]];
}

test('assertionInput: header and claims in base64url, a dot between them (RFC 7515 §5.1, RFC 7523 §3)', (t) => {
  const input = assertionInput(clientWith({}), 'jti-1', NOW_SEC);
  t.regex(input, /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
  t.deepEqual(partsOf(input), [
    { alg: 'RS256', typ: 'JWT' },
    {
      iss: 'gateway',
      sub: 'gateway',
      aud: 'https://as.example.com',
      jti: 'jti-1',
      iat: NOW_SEC,
      exp: NOW_SEC + 65,
    },
  ]);
});

test('assertionInput: base64url and not base64: a "?" in UTF-8 makes a "_" (RFC 7515 §2)', (t) => {
  const input = assertionInput(clientWith({ id: 'ÿ?>~ÿ?>~' }), 'ÿÿÿ', NOW_SEC);
  t.regex(input, /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
  t.regex(input, /[_-]/);
  t.like(partsOf(input)[1], { iss: 'ÿ?>~ÿ?>~', sub: 'ÿ?>~ÿ?>~', jti: 'ÿÿÿ' });
});

for (const keyAlgorithm of ['RS256', 'PS256', 'ES256'] as const) {
  test(`assertionInput: alg is that of the settings, ${keyAlgorithm} (RFC 7515 §4.1.1)`, (t) => {
    const [header] = partsOf(assertionInput(clientWith({ keyAlgorithm }), 'j', NOW_SEC));
    t.deepEqual(header, { alg: keyAlgorithm, typ: 'JWT' });
  });
}

test('assertionInput: kid is in the header only when it is set (RFC 7515 §4.1.4)', (t) => {
  const [header] = partsOf(assertionInput(clientWith({ keyId: 'k1' }), 'j', NOW_SEC));
  t.deepEqual(header, { alg: 'RS256', typ: 'JWT', kid: 'k1' });
});

test('assertionInput: a quote in a setting does not end a text: the claims are JSON (RFC 7519 §3)', (t) => {
  const client = clientWith({ id: 'a","sub":"admin', assertionAudience: '"', keyId: '"' });
  const [header, claims] = partsOf(assertionInput(client, '"', NOW_SEC));
  t.like(header, { kid: '"' });
  t.like(claims, { iss: 'a","sub":"admin', sub: 'a","sub":"admin', aud: '"', jti: '"' });
});

test('ASSERTION_MARGIN_SEC: is 5, longer than the request takes to arrive', (t) => {
  t.is(ASSERTION_MARGIN_SEC, 5);
});

const LIVES: [sentence: string, assertionTtlSec: number, lifeSec: number][] = [
  ['an assertion that is used once is valid for a minute (RFC 7523 §3: exp)', 0, 60],
  ['the shortest reuse and the margin', 1, 1 + 5],
  ['the default reuse and the margin, so that none ends before it arrives', 60, 60 + 5],
  ['the longest reuse and the margin', 31536000, 31536000 + 5],
];

for (const [sentence, assertionTtlSec, lifeSec] of LIVES) {
  test(`assertionInput: life: ${sentence}`, (t) => {
    const [, claims] = partsOf(assertionInput(clientWith({ assertionTtlSec }), 'j', NOW_SEC));
    t.like(claims, { iat: NOW_SEC, exp: NOW_SEC + lifeSec });
  });
}

test('assertionInput: is the same for the same arguments: the edge passes the time and random values', (t) => {
  const first = assertionInput(clientWith({}), 'j', NOW_SEC);
  t.is(assertionInput(clientWith({}), 'j', NOW_SEC), first);
  t.not(assertionInput(clientWith({}), 'k', NOW_SEC), first);
  t.not(assertionInput(clientWith({}), 'j', NOW_SEC + 1), first);
});
