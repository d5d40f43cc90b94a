import test from 'ava';
import { markTtlSecOf } from '../../../src/core/cache/purge_mark.js';
import { isOff } from '../../../src/core/settings/location_texts.js';
import {
  isAbsoluteUrl,
  misconfiguration,
  parseOwnSettings,
  parseSettings,
  type Settings,
} from '../../../src/core/settings/settings.js';
import { LOCATION_SETTINGS } from '../../../src/core/settings/table.js';
import { requestWith, textsWith, type Values } from '../../support/joined_texts.js';

/** Of a location that includes protect.conf. */
function problemOf(values: Values): string | undefined {
  const settings = parseSettings(textsWith(values));
  return settings.kind === 'misconfiguration' ? settings.problem : undefined;
}

const DEFAULTS: Settings = {
  kind: 'settings',
  requiredScopes: [],
  audience: '',
  issuer: '',
  clockSkewSec: 60,
  introspectionEndpoint: '/introspect',
  realm: 'api',
  scopes: [],
  cacheTtlSec: 300,
  preflight: 'answer',
  jwtField: '',
  maxJwtLength: 65536,
  introspectionParameters: '',
  cacheControl: 'obey',
  introspectionAccept: 'application/jwt',
  negativeCacheTtlSec: 5,
  staleIfErrorSec: 0,
  introspectionTimeoutSec: 10,
  breakerFailures: 5,
  breakerDelaySec: 2,
  maxWaiting: 500,
  sender: undefined,
  resourceMetadata: '',
};

const URL_ENDPOINT = { phantom_token_introspection_endpoint: 'https://as.example.com/introspect' };

const PARSED: [sentence: string, values: Record<string, string>, expected: Partial<Settings>][] = [
  ['an empty variable means its default', {}, {}],
  [
    'required scopes are a list',
    { phantom_token_required_scopes: 'read write' },
    { requiredScopes: ['read', 'write'] },
  ],
  [
    'more than one space between required scopes is tolerated',
    { phantom_token_required_scopes: ' a   b ' },
    { requiredScopes: ['a', 'b'] },
  ],
  [
    'the audience is taken as it is',
    { phantom_token_audience: 'https://api/ "é"' },
    { audience: 'https://api/ "é"' },
  ],
  ['the issuer is taken as it is', { phantom_token_issuer: 'https://as/ \\' }, { issuer: 'https://as/ \\' }],
  ['the clock skew is a number', { phantom_token_clock_skew: '5' }, { clockSkewSec: 5 }],
  ['a clock skew of 0 means 0, not the default', { phantom_token_clock_skew: '0' }, { clockSkewSec: 0 }],
  [
    'the endpoint is taken as it is',
    { phantom_token_introspection_endpoint: '/as/1' },
    { introspectionEndpoint: '/as/1' },
  ],
  ['the realm is taken as it is', { phantom_token_realm: 'My API, v2' }, { realm: 'My API, v2' }],
  [
    'the scopes of the challenge are a list',
    { phantom_token_scopes: 'openid  profile' },
    { scopes: ['openid', 'profile'] },
  ],
  ['the cache TTL is a number', { phantom_token_cache_ttl: '10' }, { cacheTtlSec: 10 }],
  ['a cache TTL of 0 means 0, not the default', { phantom_token_cache_ttl: '0' }, { cacheTtlSec: 0 }],
  ['a preflight may be answered', { phantom_token_preflight: 'answer' }, { preflight: 'answer' }],
  ['a preflight may be passed on', { phantom_token_preflight: 'pass' }, { preflight: 'pass' }],
  [
    'a preflight may be authenticated as any request',
    { phantom_token_preflight: 'authenticate' },
    { preflight: 'authenticate' },
  ],
  ['the member of the JWT is taken as it is', { phantom_token_jwt_field: 'my jwt' }, { jwtField: 'my jwt' }],
  ['the longest JWT is a number', { phantom_token_max_jwt_length: '100' }, { maxJwtLength: 100 }],
  [
    'further form fields are taken as they are, for they are encoded',
    { phantom_token_introspection_parameters: 'a=b+c&d=%20' },
    { introspectionParameters: 'a=b+c&d=%20' },
  ],
  [
    'Cache-Control of the answer is obeyed (RFC 9111 §5.2.2, S56)',
    { phantom_token_cache_control: 'obey' },
    { cacheControl: 'obey' },
  ],
  [
    'Cache-Control of the answer may be ignored: many servers send no-store with every answer (S56)',
    { phantom_token_cache_control: 'ignore' },
    { cacheControl: 'ignore' },
  ],
  [
    'the Accept header is taken as it is',
    { phantom_token_introspection_accept: 'application/json' },
    { introspectionAccept: 'application/json' },
  ],
  [
    'the life of a rejection is a number (S66)',
    { phantom_token_negative_cache_ttl: '9' },
    { negativeCacheTtlSec: 9 },
  ],
  [
    'a life of 0 means that no rejection is kept, not the default',
    { phantom_token_negative_cache_ttl: '0' },
    { negativeCacheTtlSec: 0 },
  ],
  [
    'stale records are served for this number of seconds (RFC 5861 §4)',
    { phantom_token_stale_if_error: '600' },
    { staleIfErrorSec: 600 },
  ],
  ['stale records are not served (S65)', { phantom_token_stale_if_error: '0' }, { staleIfErrorSec: 0 }],
  [
    'the time of an introspection is a number (S72)',
    { phantom_token_introspection_timeout: '30' },
    { introspectionTimeoutSec: 30 },
  ],
  [
    'the failures that suspend are a number (S69)',
    { phantom_token_breaker_failures: '3' },
    { breakerFailures: 3 },
  ],
  ['0 failures mean never, not the default', { phantom_token_breaker_failures: '0' }, { breakerFailures: 0 }],
  ['the suspension is a number', { phantom_token_breaker_delay: '30' }, { breakerDelaySec: 30 }],
  [
    'a suspension of 0 means 0, not the default',
    { phantom_token_breaker_delay: '0' },
    { breakerDelaySec: 0 },
  ],
  ['those who wait are a number', { phantom_token_max_waiting: '7' }, { maxWaiting: 7 }],
  ['an endpoint may be a URL', URL_ENDPOINT, { introspectionEndpoint: 'https://as.example.com/introspect' }],
  ['the switch may be off: then the rest is still checked', { phantom_token: 'off' }, {}],
  [
    'every variable goes to its own setting',
    {
      phantom_token_required_scopes: 'rs',
      phantom_token_audience: 'aud',
      phantom_token_issuer: 'iss',
      phantom_token_clock_skew: '1',
      phantom_token_introspection_endpoint: '/e',
      phantom_token_realm: 'realm',
      phantom_token_scopes: 's',
      phantom_token_cache_ttl: '2',
      phantom_token_preflight: 'pass',
      phantom_token_jwt_field: 'field',
      phantom_token_max_jwt_length: '3',
      phantom_token_introspection_parameters: 'p=q',
      phantom_token_cache_control: 'ignore',
      phantom_token_introspection_accept: 'a/b',
      phantom_token_negative_cache_ttl: '4',
      phantom_token_stale_if_error: '6',
      phantom_token_introspection_timeout: '7',
      phantom_token_breaker_failures: '8',
      phantom_token_breaker_delay: '9',
      phantom_token_max_waiting: '10',
    },
    {
      requiredScopes: ['rs'],
      audience: 'aud',
      issuer: 'iss',
      clockSkewSec: 1,
      introspectionEndpoint: '/e',
      realm: 'realm',
      scopes: ['s'],
      cacheTtlSec: 2,
      preflight: 'pass',
      jwtField: 'field',
      maxJwtLength: 3,
      introspectionParameters: 'p=q',
      cacheControl: 'ignore',
      introspectionAccept: 'a/b',
      negativeCacheTtlSec: 4,
      staleIfErrorSec: 6,
      introspectionTimeoutSec: 7,
      breakerFailures: 8,
      breakerDelaySec: 9,
      maxWaiting: 10,
    },
  ],
];

for (const [sentence, values, expected] of PARSED) {
  test(`parseSettings: ${sentence}`, (t) =>
    t.deepEqual(parseSettings(textsWith(values)), { ...DEFAULTS, ...expected }));
}

type Bounds = [variable: string, least: string, largest: string, above: string, problem: string];

const SECONDS = 'must be a whole number of seconds from 0 to';
const NUMBERS: Bounds[] = [
  ['phantom_token_clock_skew', '0', '31536000', '31536001', `${SECONDS} 31536000, without a unit`],
  ['phantom_token_cache_ttl', '0', '31536000', '31536001', `${SECONDS} 31536000, without a unit`],
  ['phantom_token_stale_if_error', '0', '31536000', '31536001', `${SECONDS} 31536000, without a unit`],
  ['phantom_token_negative_cache_ttl', '0', '60', '61', `${SECONDS} 60, without a unit`],
  ['phantom_token_breaker_delay', '0', '3600', '3601', `${SECONDS} 3600, without a unit`],
  [
    'phantom_token_breaker_failures',
    '0',
    '1000',
    '1001',
    'must be a whole number of failures from 0 to 1000, without a unit',
  ],
  [
    'phantom_token_max_jwt_length',
    '1',
    '1048576',
    '1048577',
    'must be a whole number of characters from 1 to 1048576, without a unit',
  ],
  [
    'phantom_token_introspection_timeout',
    '1',
    '60',
    '61',
    'must be a whole number of seconds from 1 to 60, without a unit',
  ],
  [
    'phantom_token_max_waiting',
    '1',
    '100000',
    '100001',
    'must be a whole number of requests from 1 to 100000, without a unit',
  ],
];

for (const [variable, least, largest, above, problem] of NUMBERS) {
  test(`parseSettings: $${variable} takes ${least} to ${largest}, and no word and no unit`, (t) => {
    for (const value of [least, largest]) {
      t.is(problemOf({ [variable]: value }), undefined, value);
    }
    for (const value of [above, '-1', '5s', 'off', '1.5']) {
      t.is(problemOf({ [variable]: value }), `$${variable} ${problem}`, value);
    }
  });
}

const SWITCHES: [value: string, isValid: boolean][] = [
  ['on', true],
  ['ON', true],
  ['On', true],
  ['off', true],
  ['Off', true],
  ['OFF', true],
  ['', false],
  ['of', false],
  ['offf', false],
  ['o', false],
  ['onn', false],
  [' on', false],
  ['on ', false],
  ['0', false],
  ['1', false],
  ['true', false],
  ['yes', false],
  ['onoff', false],
];

for (const [value, isValid] of SWITCHES) {
  test(`parseSettings: $phantom_token "${value}" is ${isValid ? 'valid' : 'refused: anything but on and off answers 500'}`, (t) => {
    const problem = problemOf({ phantom_token: value });
    t.is(problem === undefined, isValid);
    t.true(isValid || problem?.startsWith('$phantom_token '));
  });
}

test('parseSettings: $phantom_token_introspection_timeout 0 is refused: a lock without time would not lock (S72)', (t) => {
  t.is(
    problemOf({ phantom_token_introspection_timeout: '0' }),
    '$phantom_token_introspection_timeout must be a whole number of seconds from 1 to 60, without a unit',
  );
});

test('parseSettings: an empty switch is told apart from a wrong one: the location was not configured', (t) => {
  t.regex(problemOf({ phantom_token: '' }) as string, /is not set in this location/);
  t.regex(problemOf({ phantom_token: 'yes' }) as string, /must be on or off/);
});

const NOT_HERE: [sentence: string, values: Values][] = [
  ['settings that are right', {}],
  ['a switch that is off', { phantom_token: 'off' }],
  ['a mistake: the missing protect.conf is reported first', { phantom_token: 'yes' }],
  ['a value that looks like the mark of protect.conf', { phantom_token: 'here on' }],
  ['no settings', { phantom_token: '', phantom_token_introspection_endpoint: '' }],
];

for (const [sentence, values] of NOT_HERE) {
  test(`parseSettings: a location without protect.conf, which inherited js_access but no settings, is refused with ${sentence} (S84)`, (t) =>
    t.regex(problemOf({ ...values, _phantom_state: '' }) ?? '', /does not include protect\.conf itself/));
}

test('parseSettings: an empty endpoint is refused, since it must not let everybody in', (t) => {
  t.true(
    problemOf({ phantom_token_introspection_endpoint: '' })?.startsWith(
      '$phantom_token_introspection_endpoint is not set',
    ),
  );
});

const SCOPES = 'must be scopes separated by spaces (RFC 6749 §3.3)';
const TEXT = 'must not hold control characters';

const BAD_VALUES: Record<string, [value: string, problem: string]> = {
  phantom_token: ['secret', 'must be on or off'],
  phantom_token_required_scopes: ['secret"', SCOPES],
  phantom_token_audience: ['secret\u0001', TEXT],
  phantom_token_issuer: ['secret\u0001', TEXT],
  phantom_token_clock_skew: ['secret', `${SECONDS} 31536000, without a unit`],
  phantom_token_introspection_endpoint: [
    'secret',
    'must be the path of an internal location, such as /introspect, or an http or https URL; neither with a query',
  ],
  phantom_token_realm: ['secret"', 'must be printable ASCII without quotes and backslashes'],
  phantom_token_scopes: ['secret"', SCOPES],
  phantom_token_cache_ttl: ['secret', `${SECONDS} 31536000, without a unit`],
  phantom_token_preflight: ['secret', 'must be one of answer, pass, authenticate'],
  phantom_token_jwt_field: ['secret\u0001', TEXT],
  phantom_token_max_jwt_length: [
    'secret',
    'must be a whole number of characters from 1 to 1048576, without a unit',
  ],
  phantom_token_introspection_parameters: ['secret', 'must be form fields, encoded: name=value&name=value'],
  phantom_token_cache_control: ['secret', 'must be one of obey, ignore'],
  phantom_token_introspection_accept: ['secret', 'must be media types, such as application/json'],
  phantom_token_negative_cache_ttl: ['secret', `${SECONDS} 60, without a unit`],
  phantom_token_stale_if_error: ['secret', `${SECONDS} 31536000, without a unit`],
  phantom_token_introspection_timeout: [
    'secret',
    'must be a whole number of seconds from 1 to 60, without a unit',
  ],
  phantom_token_breaker_failures: [
    'secret',
    'must be a whole number of failures from 0 to 1000, without a unit',
  ],
  phantom_token_breaker_delay: ['secret', `${SECONDS} 3600, without a unit`],
  phantom_token_max_waiting: [
    'secret',
    'must be a whole number of requests from 1 to 100000, without a unit',
  ],
  phantom_token_resource_metadata: ['secret', 'must be an http or https URL'],
};

for (const { variable } of LOCATION_SETTINGS.filter(({ text }) => text !== 'nginx')) {
  test(`parseSettings: a bad $${variable} is named with what it must be, and its value is not repeated (S101, S108)`, (t) => {
    const [value, problem] = BAD_VALUES[variable] ?? ['', ''];
    t.is(problemOf({ [variable]: value }), `$${variable} ${problem}`);
    t.false(problem.includes('secret'));
  });
}

test('parseSettings: of two bad values the first of the table is named', (t) => {
  const bad = Object.fromEntries(Object.entries(BAD_VALUES).map(([variable, [value]]) => [variable, value]));
  t.true(problemOf(bad)?.startsWith('$phantom_token '));
  t.true(problemOf({ ...bad, phantom_token: 'on' })?.startsWith('$phantom_token_introspection_endpoint '));
});

test('parseSettings: a switch is either off or checked here, so that no request is missed by both', (t) => {
  for (const [value, isValid] of SWITCHES) {
    const values = { phantom_token: value };
    t.is(isOff(requestWith(values)), /^off$/i.test(value), `"${value}"`);
    t.is(problemOf(values) === undefined, isValid, `"${value}"`);
  }
});

const WORDS: [variable: string, words: string[], others: string[]][] = [
  [
    'phantom_token_preflight',
    ['answer', 'pass', 'authenticate'],
    ['Answer', 'answer ', 'answers', 'on', 'off', '204', 'answer,pass'],
  ],
  ['phantom_token_cache_control', ['obey', 'ignore'], ['Obey', 'obey ', 'ignored', 'on', 'off', '0']],
];

for (const [variable, words, others] of WORDS) {
  for (const value of words) {
    test(`parseSettings: $${variable} takes "${value}"`, (t) =>
      t.is(problemOf({ [variable]: value }), undefined));
  }
  for (const value of others) {
    test(`parseSettings: $${variable} "${value}" is refused: a misspelt word has no effect of its own (S98, S101)`, (t) =>
      t.is(problemOf({ [variable]: value }), `$${variable} must be one of ${words.join(', ')}`));
  }
}

/** What a location that purges knows: its own settings, but no switch and no protect.conf. */
const PURGE: Values = { _phantom_state: '', phantom_token: '', _phantom_credential: '' };

const PURGES: [sentence: string, values: Values, markTtlSec: number][] = [
  ['a location without protect.conf and switch', {}, 300],
  ['the mark lasts as long as a record of its location could', { phantom_token_cache_ttl: '3600' }, 3600],
  [
    'the mark lasts longer where a record may stand in while the server fails',
    { phantom_token_stale_if_error: '600' },
    900,
  ],
  [
    'the mark lasts no shorter than an introspection under way may take, and its successor',
    { phantom_token_cache_ttl: '7' },
    20,
  ],
  ['a TTL of 0: an introspection may be under way elsewhere', { phantom_token_cache_ttl: '0' }, 20],
  [
    'the longest introspection',
    { phantom_token_cache_ttl: '119', phantom_token_introspection_timeout: '60' },
    120,
  ],
  [
    'a TTL above the longest introspection',
    { phantom_token_cache_ttl: '121', phantom_token_introspection_timeout: '60' },
    121,
  ],
  ['a switch of the server is not asked for: on', { phantom_token: 'on' }, 300],
  ['a switch of the server is not asked for: off', { phantom_token: 'off' }, 300],
  ['a switch of the server is not asked for: another word', { phantom_token: 'x' }, 300],
];

for (const [sentence, values, markTtlSec] of PURGES) {
  test(`parseOwnSettings: ${sentence} (S62)`, (t) => {
    const settings = parseOwnSettings(textsWith({ ...PURGE, ...values }));
    t.is(settings.kind === 'settings' ? markTtlSecOf(settings) : settings.problem, markTtlSec);
  });
}

const NO_PURGES: [sentence: string, values: Values, problem: RegExp][] = [
  [
    'no endpoint, which is part of the key under which a token is kept (S58)',
    { phantom_token_introspection_endpoint: '' },
    /^\$phantom_token_introspection_endpoint is not set/,
  ],
  ['a bad TTL', { phantom_token_cache_ttl: '5m' }, /^\$phantom_token_cache_ttl must /],
  ['another bad setting', { phantom_token_realm: '"' }, /^\$phantom_token_realm must /],
];

for (const [sentence, values, problem] of NO_PURGES) {
  test(`parseOwnSettings: misconfigured: ${sentence} (S101)`, (t) => {
    const settings = parseOwnSettings(textsWith({ ...PURGE, ...values }));
    t.regex(settings.kind === 'misconfiguration' ? settings.problem : '', problem);
  });
}

const ENDPOINT_KINDS: [endpoint: string, isUrl: boolean][] = [
  ['/introspect', false],
  ['/', false],
  ['/http://as.example.com/', false],
  ['//as.example.com/introspect', false],
  ['http://as.example.com/introspect', true],
  ['https://as.example.com', true],
];

for (const [endpoint, isUrl] of ENDPOINT_KINDS) {
  test(`isAbsoluteUrl: ${endpoint} is ${isUrl ? 'a URL' : 'an internal location'}`, (t) => {
    t.is(problemOf({ phantom_token_introspection_endpoint: endpoint }), undefined);
    t.is(isAbsoluteUrl(endpoint), isUrl);
  });
}

test('misconfiguration: is a value of its own kind, with the problem', (t) => {
  t.deepEqual(misconfiguration('$a is bad'), { kind: 'misconfiguration', problem: '$a is bad' });
});
