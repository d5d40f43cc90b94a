import test from 'ava';
import type { IntrospectionReply } from '../../../src/core/introspection/reply.js';
import { type ResponseParties, readSignedResponse } from '../../../src/core/introspection/signed_response.js';
import type { JsonObject } from '../../../src/core/text/json.js';

const REPLY = {
  kind: 'reply',
  status: 200,
  contentType: 'application/token-introspection+jwt',
  bodyBytes: 900,
  failure: '',
} as IntrospectionReply;
const PARTIES: ResponseParties = { issuer: 'https://as', clientId: 'gateway' };
const HEADER = { alg: 'ES256', typ: 'token-introspection+jwt' };
const PAYLOAD = {
  iss: 'https://as',
  aud: 'gateway',
  iat: 1_700_000_000,
  token_introspection: { active: true, sub: 'alice' },
};

function read(payload: JsonObject, header: JsonObject = HEADER, parties = PARTIES) {
  return readSignedResponse({ text: '', header, payload }, parties, REPLY);
}

const GOOD: [sentence: string, payload: JsonObject, header?: JsonObject][] = [
  ['as RFC 9701 has it', PAYLOAD],
  ['aud may be a list of one', { ...PAYLOAD, aud: ['gateway'] }],
  ['aud may be a list with others', { ...PAYLOAD, aud: ['other', 'gateway'] }],
  ['iat may have a fraction', { ...PAYLOAD, iat: 1_700_000_000.5 }],
  ['typ has no case (RFC 7515 §4.1.9)', PAYLOAD, { ...HEADER, typ: 'Token-Introspection+JWT' }],
  [
    'typ may begin with application/ (RFC 7515 §4.1.9)',
    PAYLOAD,
    { ...HEADER, typ: 'application/token-introspection+jwt' },
  ],
  ['other claims do not count', { ...PAYLOAD, jti: 'a', sub: 'eve', exp: 1, active: false }],
];

for (const [sentence, payload, header] of GOOD) {
  test(`readSignedResponse: gives the answer of token_introspection, with the issuer of the response: ${sentence} (RFC 9701 §5)`, (t) => {
    t.deepEqual(read(payload, header), {
      kind: 'verified_answer',
      answer: { iss: 'https://as', active: true, sub: 'alice' },
    });
  });
}

test('readSignedResponse: the issuer of the token itself is not overwritten: the policy compares it (RFC 7662 §2.2, S50)', (t) => {
  t.like(read({ ...PAYLOAD, token_introspection: { active: true, iss: 'https://other' } }), {
    answer: { active: true, iss: 'https://other' },
  });
});

test('readSignedResponse: an issuer that is null is not filled in: it is no issuer', (t) => {
  t.like(read({ ...PAYLOAD, token_introspection: { active: true, iss: null } }), { answer: { iss: null } });
});

test('readSignedResponse: an inactive answer comes through as it is', (t) => {
  t.like(read({ ...PAYLOAD, token_introspection: { active: false } }), { answer: { active: false } });
});

test('readSignedResponse: only what is in token_introspection is an answer: claims beside it grant nothing (RFC 9701 §5)', (t) => {
  const payload = { ...PAYLOAD, active: true, scope: 'admin', token_introspection: {} };
  t.deepEqual(read(payload), { kind: 'verified_answer', answer: { iss: 'https://as' } });
});

const BAD: [member: string, sentence: string, payload: JsonObject, header?: JsonObject][] = [
  ['typ', 'missing', PAYLOAD, { alg: 'ES256' }],
  ['typ', 'that of an access token', PAYLOAD, { ...HEADER, typ: 'at+jwt' }],
  ['typ', 'JWT, as that of any other JWT of the server', PAYLOAD, { ...HEADER, typ: 'JWT' }],
  ['typ', 'of a longer name', PAYLOAD, { ...HEADER, typ: 'token-introspection+jwtx' }],
  ['typ', 'no text', PAYLOAD, { ...HEADER, typ: ['token-introspection+jwt'] }],
  ['iss', 'missing', { ...PAYLOAD, iss: undefined }],
  ['iss', 'that of another server', { ...PAYLOAD, iss: 'https://other' }],
  ['iss', 'longer', { ...PAYLOAD, iss: 'https://as/' }],
  ['iss', 'empty', { ...PAYLOAD, iss: '' }],
  ['iss', 'a list', { ...PAYLOAD, iss: ['https://as'] }],
  ['aud', 'missing', { ...PAYLOAD, aud: undefined }],
  ['aud', 'that of another resource server', { ...PAYLOAD, aud: 'other' }],
  ['aud', 'a list without this gateway', { ...PAYLOAD, aud: ['other', 'gateway2'] }],
  ['aud', 'an empty list', { ...PAYLOAD, aud: [] }],
  ['aud', 'a text that only contains it', { ...PAYLOAD, aud: 'gateway other' }],
  ['aud', 'in another case', { ...PAYLOAD, aud: 'Gateway' }],
  ['aud', 'an object', { ...PAYLOAD, aud: { gateway: true } }],
  ['iat', 'missing', { ...PAYLOAD, iat: undefined }],
  ['iat', 'a text', { ...PAYLOAD, iat: '1700000000' }],
  ['iat', 'null', { ...PAYLOAD, iat: null }],
  ['token_introspection', 'missing', { ...PAYLOAD, token_introspection: undefined }],
  ['token_introspection', 'null', { ...PAYLOAD, token_introspection: null }],
  ['token_introspection', 'a text', { ...PAYLOAD, token_introspection: '{"active":true}' }],
  ['token_introspection', 'a list', { ...PAYLOAD, token_introspection: [{ active: true }] }],
  ['token_introspection', 'true', { ...PAYLOAD, token_introspection: true }],
];

for (const [member, sentence, payload, header] of BAD) {
  test(`readSignedResponse: 502 that names the member when ${member} is ${sentence} (RFC 9701 §5, RFC 8725 §3.8, §3.9, §3.11, S54)`, (t) => {
    t.like(read(payload, header), {
      kind: 'unavailable',
      reason: 'introspection_response_invalid',
      detail: `member=${member} status=200 content_type=application/token-introspection+jwt bytes=900`,
    });
  });
}

test('readSignedResponse: a location without issuer or client id takes no response, not even one without them (RFC 8725 §3.8, §3.9)', (t) => {
  t.like(read({ ...PAYLOAD, iss: '' }, HEADER, { ...PARTIES, issuer: '' }), { kind: 'unavailable' });
  t.like(read({ ...PAYLOAD, iss: undefined }, HEADER, { ...PARTIES, issuer: '' }), { kind: 'unavailable' });
  t.like(read({ ...PAYLOAD, aud: '' }, HEADER, { ...PARTIES, clientId: '' }), { kind: 'unavailable' });
  t.like(read({ ...PAYLOAD, aud: undefined }, HEADER, { ...PARTIES, clientId: '' }), { kind: 'unavailable' });
});

test('readSignedResponse: a member __proto__ of the answer is none of the copy, so that nothing is inherited from it (S30)', (t) => {
  const read30 = read({ ...PAYLOAD, token_introspection: JSON.parse('{"__proto__":{"active":true}}') });
  if (read30.kind !== 'verified_answer') return t.fail(read30.reason);
  t.is(read30.answer.active, undefined);
});
