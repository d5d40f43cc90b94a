import test from 'ava';
import { findLookup } from '../../../src/core/settings/location_texts.js';
import { parsePolicy } from '../../../src/core/settings/policy_text.js';
import {
  findPolicy,
  isPolicyOf,
  lookupAfter,
  type PolicyText,
  type RequestText,
} from '../../../src/core/settings/request_text.js';
import { type Policy, parseSettings } from '../../../src/core/settings/settings.js';
import {
  joinedLinesOf,
  policyWith,
  requestWith,
  textsWith,
  type Values,
} from '../../support/joined_texts.js';

const VARIABLES = joinedLinesOf('_phantom_policy').map((line) => line.slice(1));
/** Of every record: it was stored under the lookup of a text with fourteen lines. */
const STORED_LINES = 8;
const DEFAULTS: Policy = { requiredScopes: [], audience: '', issuer: '', clockSkewSec: 60, cacheTtlSec: 300 };

function parse(values: Values): Policy | undefined {
  return parsePolicy(policyWith(values) as PolicyText);
}

/** What parseSettings makes of them; undefined for what it refuses. */
function policyOfSettings(values: Values): Policy | undefined {
  const settings = parseSettings(textsWith(values));
  if (settings.kind === 'misconfiguration') return undefined;
  const { requiredScopes, audience, issuer, clockSkewSec, cacheTtlSec } = settings;
  return { requiredScopes, audience, issuer, clockSkewSec, cacheTtlSec };
}

test('parsePolicy: empty lines are the defaults', (t) => {
  t.deepEqual(parse({}), DEFAULTS);
});

test('parsePolicy: every line is a value of its own', (t) => {
  t.deepEqual(parsePolicy('read write\napi\nhttps://as\n5\n10' as PolicyText), {
    requiredScopes: ['read', 'write'],
    audience: 'api',
    issuer: 'https://as',
    clockSkewSec: 5,
    cacheTtlSec: 10,
  });
});

const SECONDS: [value: string, sec: number][] = [
  ['0', 0],
  ['1', 1],
  ['10', 10],
  ['007', 7],
  ['31536000', 31536000],
];

const NO_SECONDS = [
  '31536001',
  '999999999',
  '-1',
  '+1',
  '1.5',
  '1e3',
  '0x10',
  '60s',
  ' ',
  ' 5',
  '5 ',
  'Infinity',
  'NaN',
  'off',
  '٣',
];

for (const [variable, field] of [
  ['phantom_token_clock_skew', 'clockSkewSec'],
  ['phantom_token_cache_ttl', 'cacheTtlSec'],
] as const) {
  for (const [value, sec] of SECONDS) {
    test(`parsePolicy: $${variable} "${value}" is ${sec}, as parseSettings reads it (S57)`, (t) => {
      t.deepEqual(parse({ [variable]: value }), { ...DEFAULTS, [field]: sec });
      t.deepEqual(policyOfSettings({ [variable]: value }), { ...DEFAULTS, [field]: sec });
    });
  }

  for (const value of NO_SECONDS) {
    test(`parsePolicy: undefined for $${variable} ${JSON.stringify(value)}: parseSettings then says what is wrong (S101)`, (t) => {
      t.is(parse({ [variable]: value }), undefined);
      t.is(policyOfSettings({ [variable]: value }), undefined);
    });
  }
}

const TEXTS: [variable: string, value: string][] = [
  ['phantom_token_required_scopes', 'read'],
  ['phantom_token_required_scopes', ' read  write '],
  ['phantom_token_required_scopes', ' '],
  ['phantom_token_required_scopes', 'a"b'],
  ['phantom_token_audience', 'https://api/ "é"'],
  ['phantom_token_audience', ' '],
  ['phantom_token_audience', 'a\tb'],
  ['phantom_token_issuer', 'https://as/ \\'],
  ['phantom_token_issuer', 'a\u007f'],
];

for (const [variable, value] of TEXTS) {
  test(`parsePolicy: $${variable} ${JSON.stringify(value)} is what parseSettings reads (S57)`, (t) =>
    t.deepEqual(parse({ [variable]: value }), policyOfSettings({ [variable]: value })));
}

test('parsePolicy: undefined for fewer or more lines, after which each value would be read as that of another setting (S57)', (t) => {
  for (const text of ['', '\n\n\n', '\n\n\n\n\n', 'read\n\n\n\n\napi\n\n\n', 'read']) {
    t.is(parsePolicy(text as PolicyText), undefined, JSON.stringify(text));
  }
  t.is(parsePolicy(findPolicy('' as RequestText)), undefined);
});

test('parsePolicy: undefined for a policy whose line breaks push the audience out of it, with the right lookup (S57)', (t) => {
  const changes = { phantom_token_required_scopes: 'read\n\n\n\n', phantom_token_audience: 'api' };
  const text = requestWith(changes);
  const live = policyWith(changes);
  if (!isPolicyOf(text, live)) return t.fail();
  t.is(lookupAfter(text, live), findLookup(requestWith({})));
  return t.is(parsePolicy(live), undefined);
});

/** As edge/request_text.ts chooses: nginx's own policy where it fits, for it spares a search. */
function policyOfHit(text: RequestText, live: string): PolicyText {
  return isPolicyOf(text, live) ? live : findPolicy(text);
}

test('parsePolicy, lookupAfter: no hit has a policy that is read and a lookup that is stored, when a setting of its policy holds a line break (S57)', (t) => {
  const lineBreaks = ['a\nb', '\na', 'a\n', '\n', '\n\n\n\n', '\n\n\n\n\n', 'read\n\n\n\n', '5\n', '\n10'];
  const strict = { ...Object.fromEntries(VARIABLES.map((variable) => [variable, '7'])) };
  for (const variable of VARIABLES) {
    for (const value of lineBreaks) {
      const others = [
        {},
        strict,
        { phantom_token_required_scopes: 'read' },
        { phantom_token_cache_ttl: '10' },
      ];
      for (const other of others) {
        const changes = { ...other, [variable]: value };
        const text = requestWith(changes);
        const policy = policyOfHit(text, policyWith(changes));
        const isStored = lookupAfter(text, policy).split('\n').length === STORED_LINES;
        t.false(
          isStored && policy.split('\n').length === VARIABLES.length,
          `${variable} ${JSON.stringify(value)}`,
        );
        t.false(isStored && parsePolicy(policy) !== undefined, `${variable} ${JSON.stringify(value)}`);
      }
    }
  }
});
