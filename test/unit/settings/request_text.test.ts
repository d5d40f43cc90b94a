import test from 'ava';
import { findLookup } from '../../../src/core/settings/location_texts.js';
import {
  findPolicy,
  isOn,
  isOnWithoutPolicy,
  isPolicyOf,
  lookupAfter,
  NoPolicy,
  type PolicyText,
  type RequestText,
} from '../../../src/core/settings/request_text.js';
import { joinedLinesOf, policyWith, requestWith, type Values } from '../../support/joined_texts.js';

/** Of every record: it was stored under the lookup of a text with sixteen lines. */
const STORED_LINES = 10;
const POLICY_LINES = 5;

const [, ...BELOW_THE_FIRST_LINE] = joinedLinesOf('_phantom_request').map((line) => line.slice(1));
const POLICY_VARIABLES = BELOW_THE_FIRST_LINE.slice(0, POLICY_LINES);
const LOOKUP_VARIABLES = BELOW_THE_FIRST_LINE.slice(POLICY_LINES);

/** What selects a record, beside the token. */
const LOOKUP_VALUES: Values = {
  _phantom_part: '443 api.example.com',
  phantom_token_introspection_endpoint: '/introspect',
  phantom_token_jwt_field: 'jwt',
  phantom_token_max_jwt_length: '8000',
  phantom_token_introspection_parameters: 'resource=a',
  phantom_token_cache_control: 'ignore',
  phantom_token_introspection_accept: 'application/json',
  phantom_token_client_id: 'client',
  _phantom_credential: 'Bearer abc',
};
/** It says nothing of signatures: an empty line. */
const LOOKUP =
  '443 api.example.com\n/introspect\njwt\n8000\nresource=a\nignore\napplication/json\n\nclient\nBearer abc';
const STRICT: Values = {
  phantom_token_required_scopes: 'read write',
  phantom_token_audience: 'api',
  phantom_token_issuer: 'https://as',
  phantom_token_clock_skew: '5',
  phantom_token_cache_ttl: '10',
};
const STRICT_POLICY = 'read write\napi\nhttps://as\n5\n10';

/** Of a protected location that asks nothing of a cached token, but for these changes. */
function textWith(changes: Values): RequestText {
  return requestWith({ ...LOOKUP_VALUES, ...changes });
}

test('NoPolicy: is what nginx joins of five empty settings, so that a text compares equal with it', (t) =>
  t.is<string, string>(NoPolicy.text, policyWith({})));

test('isOn: true for on, false for another spelling, which takes the longer way', (t) => {
  t.true(isOn(textWith({})));
  t.true(isOn(textWith(STRICT)));
  t.false(isOn(textWith({ phantom_token: 'ON' })));
  t.false(isOn(textWith({ phantom_token: 'off' })));
});

const OPENNESS: [sentence: string, changes: Values, isOpen: boolean][] = [
  ['nothing is asked of a token', {}, true],
  [
    'all that is asked is part of the lookup',
    {
      phantom_token_client_id: '',
      phantom_token_introspection_parameters: '',
      phantom_token_jwt_field: '',
    },
    true,
  ],
  ['no token was sent', { _phantom_credential: '' }, true],
  ['everything is asked', STRICT, false],
  ['a scope is required', { phantom_token_required_scopes: 'read' }, false],
  ['a space stands for the scopes', { phantom_token_required_scopes: ' ' }, false],
  ['an audience is asked for', { phantom_token_audience: 'api' }, false],
  ['an issuer is asked for', { phantom_token_issuer: 'https://as' }, false],
  ['a clock skew is set', { phantom_token_clock_skew: '5' }, false],
  ['a clock skew of 0 is set, which is not the default', { phantom_token_clock_skew: '0' }, false],
  ['a TTL is set', { phantom_token_cache_ttl: '10' }, false],
  ['a TTL of 0 is set, which is not the default', { phantom_token_cache_ttl: '0' }, false],
  [
    'defaults are written out: the longer way, with the same end',
    { phantom_token_clock_skew: '60', phantom_token_cache_ttl: '300' },
    false,
  ],
];

for (const [sentence, changes, isOpen] of OPENNESS) {
  test(`isOnWithoutPolicy: ${isOpen}: ${sentence} (S57)`, (t) =>
    t.is(isOnWithoutPolicy(textWith(changes)), isOpen));
}

function linesOf(text: string): number {
  return text.split('\n').length;
}

test('lookupAfter: of a policy whose line breaks push the audience out of it gives the right lookup, and the policy is not whole (S57)', (t) => {
  const changes = { phantom_token_required_scopes: 'read\n\n\n\n', phantom_token_audience: 'api' };
  const text = textWith(changes);
  const live = policyWith(changes);
  if (!isPolicyOf(text, live)) return t.fail();
  t.is<string, string>(lookupAfter(text, live), LOOKUP);
  return t.true(linesOf(live) > POLICY_LINES);
});

// A value can make nginx's text start as an open location's does; what it cannot make is a key that has a record.
const IMITATIONS: [sentence: string, changes: Values][] = [
  [
    'a switch that brings its own policy',
    { phantom_token: 'on\n\n\n\n\n', phantom_token_required_scopes: 'admin' },
  ],
  [
    'scopes of line breaks before an audience',
    { phantom_token_required_scopes: '\n\n\n\n', phantom_token_audience: 'api' },
  ],
  ['an issuer of line breaks before a TTL', { phantom_token_issuer: '\n\n', phantom_token_cache_ttl: '1' }],
  ['a TTL behind a line break', { phantom_token_cache_ttl: '\n1' }],
];

for (const [sentence, changes] of IMITATIONS) {
  test(`isOnWithoutPolicy: true for ${sentence}, and the lookup is one that nothing is stored under (S57)`, (t) => {
    const text = textWith(changes);
    t.true(isOnWithoutPolicy(text));
    t.is(lookupAfter(text, NoPolicy.text), findLookup(text));
    t.true(linesOf(lookupAfter(text, NoPolicy.text)) > STORED_LINES);
  });
}

const POLICIES: [sentence: string, changes: Values, policy: string, lookup: string][] = [
  ['a location that asks nothing', {}, '\n\n\n\n', LOOKUP],
  ['a location that asks everything', STRICT, STRICT_POLICY, LOOKUP],
  ['scopes alone', { phantom_token_required_scopes: 'a  b ' }, 'a  b \n\n\n\n', LOOKUP],
  ['an audience alone', { phantom_token_audience: 'api' }, '\napi\n\n\n', LOOKUP],
  ['an issuer alone', { phantom_token_issuer: 'https://as' }, '\n\nhttps://as\n\n', LOOKUP],
  ['a clock skew alone', { phantom_token_clock_skew: '0' }, '\n\n\n0\n', LOOKUP],
  ['a TTL alone', { phantom_token_cache_ttl: '0' }, '\n\n\n\n0', LOOKUP],
  ['text outside ASCII', { phantom_token_audience: 'é😀' }, '\né😀\n\n\n', LOOKUP],
  [
    'a lookup of empty lines',
    Object.fromEntries(LOOKUP_VARIABLES.map((variable) => [variable, ''])),
    '\n\n\n\n',
    '\n'.repeat(STORED_LINES - 1),
  ],
  [
    'a credential that looks like a text',
    { _phantom_credential: 'here on' },
    '\n\n\n\n',
    LOOKUP.replace('Bearer abc', 'here on'),
  ],
  [
    'a credential in the spelling of the client',
    { _phantom_credential: 'bEaReR  x' },
    '\n\n\n\n',
    LOOKUP.replace('Bearer abc', 'bEaReR  x'),
  ],
];

for (const [sentence, changes, policy, lookup] of POLICIES) {
  test(`findPolicy: the policy of ${sentence}`, (t) => {
    t.is<string, string>(findPolicy(textWith(changes)), policy);
    t.is(linesOf(policy), POLICY_LINES);
  });

  test(`lookupAfter: finds by length what lines say: ${sentence}`, (t) => {
    const text = textWith(changes);
    t.is<string, string>(lookupAfter(text, policy as PolicyText), lookup);
    t.is<string, string>(findLookup(text), lookup);
    t.is(linesOf(lookup), STORED_LINES);
  });

  test(`isPolicyOf: knows the policy again that findPolicy finds: ${sentence}`, (t) =>
    t.true(isPolicyOf(textWith(changes), policy)));
}

/** Of two locations that verify or sign, each differs from the first in one line. */
const SIGNED: Values = { phantom_token_jwks: '/jwks', phantom_token_mint: 'missing' };
const OTHER_SIGNATURES: [sentence: string, values: Values][] = [
  ['keys of another place', { phantom_token_jwks: '/jwks2' }],
  ['JWTs of clients', { phantom_token_accept_jwt: 'on' }],
  ['another mode of minting', { phantom_token_mint: 'always' }],
  ['another key file', { phantom_token_mint_key_file: '/key' }],
  ['another issuer to sign', { phantom_token_mint_issuer: 'https://gateway' }],
  ['another audience to sign', { phantom_token_mint_audience: 'api' }],
  ['other claims to copy', { phantom_token_mint_claims: 'email' }],
  ['another life of what is signed', { phantom_token_mint_ttl: '60' }],
  ['another issuer that is verified', { phantom_token_issuer: 'https://as' }],
  ['another audience that is verified', { phantom_token_audience: 'api' }],
  ['another Accept header', { phantom_token_introspection_accept: 'application/jwt' }],
];

for (const [sentence, values] of OTHER_SIGNATURES) {
  test(`findLookup: differs for ${sentence}: what selects the JWT selects the record (S58)`, (t) => {
    const lookup = findLookup(textWith({ ...SIGNED, ...values }));
    t.not(lookup, findLookup(textWith(SIGNED)));
    t.is(linesOf(lookup), STORED_LINES);
  });
}

test('findLookup: no two of these locations share a record (S58)', (t) => {
  const lookups = OTHER_SIGNATURES.map(([, values]) => findLookup(textWith({ ...SIGNED, ...values })));
  t.is(new Set([...lookups, LOOKUP]).size, OTHER_SIGNATURES.length + 1);
});

test('findLookup: is that of a location without signatures, whatever else is set, while none is verified or made (S58)', (t) => {
  const unused = { phantom_token_mint_key_file: '/key', phantom_token_mint_issuer: 'https://gateway' };
  t.is<string, string>(findLookup(textWith({ ...unused, ...STRICT })), LOOKUP);
});

const OTHER_FIRST_LINES: [sentence: string, values: Values][] = [
  ['a location that purges, where neither is set', { _phantom_state: '', phantom_token: '' }],
  ['a location that purges, with the switch of its server', { _phantom_state: '', phantom_token: 'off' }],
  ['another spelling of on', { phantom_token: 'ON' }],
  ['off', { phantom_token: 'off' }],
  ['no switch', { phantom_token: '' }],
  ['a long word', { phantom_token: 'enabled please' }],
];

for (const [sentence, values] of OTHER_FIRST_LINES) {
  test(`findPolicy: does not depend on the first line: ${sentence} (S58)`, (t) => {
    const text = textWith({ ...STRICT, ...values });
    t.is<string, string>(findPolicy(text), STRICT_POLICY);
    t.is<string, string>(findLookup(text), LOOKUP);
  });

  test(`isPolicyOf: false, since only a text that is on can have one: ${sentence}`, (t) =>
    t.false(isPolicyOf(textWith({ ...STRICT, ...values }), STRICT_POLICY)));
}

test('findPolicy: is empty for no text at all', (t) => {
  t.is<string, string>(findPolicy('' as RequestText), '');
});

test('findPolicy: has five lines whatever values hold, so that a policy of nginx with more is not found again', (t) => {
  for (const variable of POLICY_VARIABLES) {
    t.is(linesOf(findPolicy(textWith({ ...STRICT, [variable]: '\n\n\n\n\n\n' }))), POLICY_LINES, variable);
  }
});

const OTHER_POLICIES: [sentence: string, lines: string][] = [
  ['no policy', NoPolicy.text],
  ['one whose last line is shorter', STRICT_POLICY.slice(0, -1)],
  ['one whose last line is longer', `${STRICT_POLICY}0`],
  ['one that lacks the first scope', STRICT_POLICY.slice('read '.length)],
  ['one of another case', STRICT_POLICY.toUpperCase()],
  ['one with another audience', STRICT_POLICY.replace('api', 'web')],
  ['one with another TTL, as the server has it (auth_request mode)', STRICT_POLICY.replace('10', '300')],
];

for (const [sentence, lines] of OTHER_POLICIES) {
  test(`isPolicyOf: false for ${sentence}, so that no location is decided by the policy of another (S57)`, (t) =>
    t.false(isPolicyOf(textWith(STRICT), lines)));
}
