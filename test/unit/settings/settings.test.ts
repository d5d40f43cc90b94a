import test from 'ava';
import { checkTimeout } from '../../../src/core/settings/checks.js';
import { readSwitch } from '../../../src/core/settings/request_text.js';
import {
  DEFAULT_CACHE_TTL_SEC,
  DEFAULT_CLOCK_SKEW_SEC,
  isAbsoluteUrl,
  misconfiguration,
  parseCacheTtlSec,
  parseClockSkewSec,
  parseLines,
  parsePurgeSettings,
  parseSettings,
  type Setting,
  type Settings,
  settingsTable,
} from '../../../src/core/settings/settings.js';

/** As nginx joins them: a line for each row of the table, empty where nothing is set. */
function joinedWith(values: Record<string, string>): string {
  const all: Record<string, string> = {
    phantom_token: 'on',
    phantom_token_introspection_endpoint: '/introspect',
    ...values,
  };
  return settingsTable()
    .map(({ variable }) => all[variable] ?? '')
    .join('\n');
}

/** Of a location that includes protect.conf. */
function problemOf(joined: string): string | undefined {
  const settings = parseSettings(true, joined);
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
  obeysCacheControl: true,
  negativeCacheTtlSec: 5,
  staleIfErrorSec: 0,
  introspectionTimeoutSec: 10,
  breakerFailures: 5,
  breakerDelaySec: 2,
  maxWaiting: 500,
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
    { obeysCacheControl: true },
  ],
  [
    'Cache-Control of the answer may be ignored: many servers send no-store with every answer (S56)',
    { phantom_token_cache_control: 'ignore' },
    { obeysCacheControl: false },
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
      obeysCacheControl: false,
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
    t.deepEqual(parseSettings(true, joinedWith(values)), { ...DEFAULTS, ...expected }));
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
    'must be a number of characters from 1 to 1048576',
  ],
  ['phantom_token_max_waiting', '1', '100000', '100001', 'must be a number of requests from 1 to 100000'],
];

for (const [variable, least, largest, above, problem] of NUMBERS) {
  test(`parseSettings: $${variable} takes ${least} to ${largest}, and no word and no unit`, (t) => {
    for (const value of [least, largest]) {
      t.is(problemOf(joinedWith({ [variable]: value })), undefined, value);
    }
    for (const value of [above, '-1', '5s', 'off', '1.5']) {
      t.is(problemOf(joinedWith({ [variable]: value })), `$${variable} ${problem}`, value);
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
    const problem = problemOf(joinedWith({ phantom_token: value }));
    t.is(problem === undefined, isValid);
    t.true(isValid || problem?.startsWith('$phantom_token '));
  });
}

for (const value of ['0', '1', '60', '61', '-1', '5s', 'off', '1.5']) {
  test(`parseSettings: $phantom_token_introspection_timeout "${value}" is what checkTimeout makes of it: a lock without time would not lock (S72)`, (t) => {
    const problem = checkTimeout(value);
    t.is(problem === undefined, value === '1' || value === '60');
    t.is(
      problemOf(joinedWith({ phantom_token_introspection_timeout: value })),
      problem === undefined ? undefined : `$phantom_token_introspection_timeout ${problem}`,
    );
  });
}

test('parseSettings: an empty switch is told apart from a wrong one: the location was not configured', (t) => {
  t.regex(problemOf(joinedWith({ phantom_token: '' })) as string, /is not set in this location/);
  t.regex(problemOf(joinedWith({ phantom_token: 'yes' })) as string, /must be on or off/);
});

test('parseSettings: no text at all, as for settings with a line break, is refused', (t) => {
  t.is(problemOf(''), NOT_FITTING);
});

const NOT_HERE: [sentence: string, joined: string][] = [
  ['settings that are right', joinedWith({})],
  ['a switch that is off', joinedWith({ phantom_token: 'off' })],
  ['a mistake: the missing protect.conf is reported first', joinedWith({ phantom_token: 'yes' })],
  ['a value that looks like the mark of protect.conf', joinedWith({ phantom_token: 'here on' })],
  ['no settings', ''],
];

for (const [sentence, joined] of NOT_HERE) {
  test(`parseSettings: a location without protect.conf, which inherited js_access but no settings, is refused with ${sentence} (S84)`, (t) => {
    const settings = parseSettings(false, joined);
    t.is(settings.kind, 'misconfiguration');
    t.regex(
      settings.kind === 'misconfiguration' ? settings.problem : '',
      /does not include protect\.conf itself/,
    );
  });
}

test('parseSettings: an empty endpoint is refused, since it must not let everybody in', (t) => {
  t.true(
    problemOf(joinedWith({ phantom_token_introspection_endpoint: '' }))?.startsWith(
      '$phantom_token_introspection_endpoint is not set',
    ),
  );
});

test('parseSettings: a line break in any setting is refused, for it would shift the others', (t) => {
  for (const { variable } of settingsTable()) {
    t.is(parseSettings(true, joinedWith({ [variable]: '/a\nb' })).kind, 'misconfiguration', variable);
  }
});

test('parseSettings: fewer or more lines than rows are refused: http.conf does not fit the script', (t) => {
  const joined = joinedWith({});
  t.is(problemOf(joined), undefined);
  const problem = problemOf(`${joined}\n`);
  t.regex(problem as string, /line break/);
  t.is(problemOf(joined.slice(0, joined.lastIndexOf('\n'))), problem);
  t.is(problemOf(`here on\n${joined}`), problem);
  t.is(problemOf('on'), problem);
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
  phantom_token_max_jwt_length: ['secret', 'must be a number of characters from 1 to 1048576'],
  phantom_token_introspection_parameters: ['secret', 'must be form fields, encoded: name=value&name=value'],
  phantom_token_cache_control: ['secret', 'must be one of obey, ignore'],
  phantom_token_negative_cache_ttl: ['secret', `${SECONDS} 60, without a unit`],
  phantom_token_stale_if_error: ['secret', `${SECONDS} 31536000, without a unit`],
  phantom_token_introspection_timeout: ['secret', checkTimeout('secret') ?? ''],
  phantom_token_breaker_failures: [
    'secret',
    'must be a whole number of failures from 0 to 1000, without a unit',
  ],
  phantom_token_breaker_delay: ['secret', `${SECONDS} 3600, without a unit`],
  phantom_token_max_waiting: ['secret', 'must be a number of requests from 1 to 100000'],
};

for (const { variable } of settingsTable()) {
  test(`parseSettings: a bad $${variable} is named with what it must be, and its value is not repeated (S101, S108)`, (t) => {
    const [value, problem] = BAD_VALUES[variable] ?? ['', ''];
    t.is(problemOf(joinedWith({ [variable]: value })), `$${variable} ${problem}`);
    t.false(problem.includes('secret'));
  });
}

test('parseSettings: of two bad values the first of the table is named', (t) => {
  const bad = Object.fromEntries(Object.entries(BAD_VALUES).map(([variable, [value]]) => [variable, value]));
  t.true(problemOf(joinedWith(bad))?.startsWith('$phantom_token '));
  t.true(
    problemOf(joinedWith({ ...bad, phantom_token: 'on' }))?.startsWith('$phantom_token_required_scopes '),
  );
});

test('settingsTable: its own check accepts every default, except for settings that must be set', (t) => {
  const mustBeSet = settingsTable()
    .filter(({ defaultValue, check }) => check(defaultValue) !== undefined)
    .map(({ variable }) => variable);
  t.deepEqual(mustBeSet, ['phantom_token', 'phantom_token_introspection_endpoint']);
});

test('settingsTable: no variable stands twice, and all share the prefix', (t) => {
  const variables = settingsTable().map(({ variable }) => variable);
  t.is(new Set(variables).size, variables.length);
  t.deepEqual(
    variables.filter((variable) => !/^phantom_token(_[a-z]+)*$/.test(variable)),
    [],
  );
});

test('parseSettings: accepts the same switches as readSwitch, so that no request is missed by both', (t) => {
  for (const [value] of SWITCHES) {
    const isInvalid = readSwitch(`here ${value}\n`) === 'invalid';
    t.is(isInvalid, problemOf(joinedWith({ phantom_token: value })) !== undefined, `"${value}"`);
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
      t.is(problemOf(joinedWith({ [variable]: value })), undefined));
  }
  for (const value of others) {
    test(`parseSettings: $${variable} "${value}" is refused: a misspelt word has no effect of its own (S98, S101)`, (t) =>
      t.is(problemOf(joinedWith({ [variable]: value })), `$${variable} must be one of ${words.join(', ')}`));
  }
}

test('DEFAULT_CLOCK_SKEW_SEC, DEFAULT_CACHE_TTL_SEC: are the defaults of the settings, for hits that do not read the settings (S48, S62)', (t) => {
  const settings = parseSettings(true, joinedWith({}));
  t.like(settings, { clockSkewSec: DEFAULT_CLOCK_SKEW_SEC, cacheTtlSec: DEFAULT_CACHE_TTL_SEC });
  t.is(DEFAULT_CLOCK_SKEW_SEC, 60);
  t.is(DEFAULT_CACHE_TTL_SEC, 300);
});

/** The settings that a hit reads on its own, and how parseSettings reads them. */
const TIMES_OF_HITS = [
  {
    name: 'parseClockSkewSec',
    parse: parseClockSkewSec,
    variable: 'phantom_token_clock_skew',
    member: 'clockSkewSec',
  },
  {
    name: 'parseCacheTtlSec',
    parse: parseCacheTtlSec,
    variable: 'phantom_token_cache_ttl',
    member: 'cacheTtlSec',
  },
] as const;

const SECONDS_OF_HITS: [value: string, sec: number][] = [
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
  '5\n',
  'Infinity',
  'NaN',
  'off',
  '٣',
];

for (const { name, parse, variable, member } of TIMES_OF_HITS) {
  test(`${name}: an empty value is the default, as parseSettings reads it (S57)`, (t) => {
    t.is(parse(''), DEFAULTS[member]);
  });

  for (const [value, sec] of SECONDS_OF_HITS) {
    test(`${name}: "${value}" is ${sec}, as parseSettings reads it (S57)`, (t) => {
      t.is(parse(value), sec);
      t.like(parseSettings(true, joinedWith({ [variable]: value })), { [member]: sec });
    });
  }

  for (const value of NO_SECONDS) {
    test(`${name}: undefined for ${JSON.stringify(value)}: parseSettings then says what is wrong (S101)`, (t) => {
      t.is(parse(value), undefined);
      t.is(parseSettings(true, joinedWith({ [variable]: value })).kind, 'misconfiguration');
    });
  }
}

/** What a location that purges knows: its own settings, but no switch and no protect.conf. */
function purgeWith(values: Record<string, string>): string {
  return joinedWith({ phantom_token: '', ...values });
}

const PURGES: [sentence: string, joined: string, markTtlSec: number][] = [
  ['a location without protect.conf and switch', purgeWith({}), 300],
  [
    'the mark lasts as long as a record of its location could',
    purgeWith({ phantom_token_cache_ttl: '3600' }),
    3600,
  ],
  [
    'the mark lasts no shorter than an introspection under way may take, and its successor',
    purgeWith({ phantom_token_cache_ttl: '7' }),
    20,
  ],
  [
    'a TTL of 0: an introspection may be under way elsewhere',
    purgeWith({ phantom_token_cache_ttl: '0' }),
    20,
  ],
  [
    'the longest introspection',
    purgeWith({ phantom_token_cache_ttl: '119', phantom_token_introspection_timeout: '60' }),
    120,
  ],
  [
    'a TTL above the longest introspection',
    purgeWith({ phantom_token_cache_ttl: '121', phantom_token_introspection_timeout: '60' }),
    121,
  ],
  ['a switch of the server is not asked for: on', purgeWith({ phantom_token: 'on' }), 300],
  ['a switch of the server is not asked for: off', purgeWith({ phantom_token: 'off' }), 300],
  ['a switch of the server is not asked for: another word', purgeWith({ phantom_token: 'x' }), 300],
];

for (const [sentence, joined, markTtlSec] of PURGES) {
  test(`parsePurgeSettings: ${sentence} (S62)`, (t) =>
    t.deepEqual(parsePurgeSettings(joined), { kind: 'purge_settings', markTtlSec }));
}

const NO_PURGES: [sentence: string, joined: string, problem: RegExp][] = [
  [
    'no endpoint, which is part of the key under which a token is kept (S58)',
    purgeWith({ phantom_token_introspection_endpoint: '' }),
    /^\$phantom_token_introspection_endpoint is not set/,
  ],
  ['a bad TTL', purgeWith({ phantom_token_cache_ttl: '5m' }), /^\$phantom_token_cache_ttl must /],
  ['another bad setting', purgeWith({ phantom_token_realm: '"' }), /^\$phantom_token_realm must /],
  ['a line too many', `${purgeWith({})}\n`, /does not fit the script/],
  ['a line too few', purgeWith({}).slice(0, -1), /does not fit the script/],
  ['nothing at all, as where http.conf is missing', '', /does not fit the script/],
];

for (const [sentence, joined, problem] of NO_PURGES) {
  test(`parsePurgeSettings: misconfigured: ${sentence} (S101)`, (t) => {
    const settings = parsePurgeSettings(joined);
    t.is(settings.kind, 'misconfiguration');
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
    t.is(problemOf(joinedWith({ phantom_token_introspection_endpoint: endpoint })), undefined);
    t.is(isAbsoluteUrl(endpoint), isUrl);
  });
}

const TWO_ROWS: Setting[] = [
  { variable: 'a', defaultValue: 'x', check: (value) => (value === 'bad' ? 'is bad' : undefined) },
  { variable: 'b', defaultValue: '', check: (value) => (value === 'worse' ? 'is worse' : undefined) },
];
const NOT_FITTING = 'a setting holds a line break, or http.conf does not fit the script';

const LINES: [sentence: string, joined: string, values: Record<string, string>][] = [
  ['each line is the value of its row', '1\n2', { a: '1', b: '2' }],
  ['an empty line is the default', '\n', { a: 'x', b: '' }],
  ['empty lines are empty settings', '\n', { a: 'x', b: '' }],
  ['0 is a value, not an empty one', '0\n0', { a: '0', b: '0' }],
  ['spaces are part of a value', ' 1 \n ', { a: ' 1 ', b: ' ' }],
];

for (const [sentence, joined, values] of LINES) {
  test(`parseLines: ${sentence}`, (t) =>
    t.deepEqual(parseLines(TWO_ROWS, joined), { kind: 'values', values }));
}

const NO_LINES: [sentence: string, joined: string, problem: string][] = [
  ['a line too few', '1', NOT_FITTING],
  ['no text at all', '', NOT_FITTING],
  ['a line too many', '1\n2\n3', NOT_FITTING],
  ['an empty line too many', '1\n2\n', NOT_FITTING],
  ['a value that its check refuses is named with its variable', 'bad\n2', '$a is bad'],
  ['the check of each row is its own', 'worse\nworse', '$b is worse'],
  ['of two bad values the first is named', 'bad\nworse', '$a is bad'],
];

for (const [sentence, joined, problem] of NO_LINES) {
  test(`parseLines: misconfigured: ${sentence}`, (t) =>
    t.deepEqual(parseLines(TWO_ROWS, joined), { kind: 'misconfiguration', problem }));
}

test('parseLines: a default is checked, too: what must be set has one that its check refuses', (t) => {
  const table: Setting[] = [
    { variable: 'a', defaultValue: '', check: (value) => (value === '' ? 'is not set' : undefined) },
  ];
  t.deepEqual(parseLines(table, ''), misconfiguration('$a is not set'));
});

test('misconfiguration: is a value of its own kind, with the problem', (t) => {
  t.deepEqual(misconfiguration('$a is bad'), { kind: 'misconfiguration', problem: '$a is bad' });
});
