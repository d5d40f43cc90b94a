import test from 'ava';
import {
  hasNoPolicy,
  parseSettings,
  readSwitch,
  type Settings,
  type Switch,
  settingsTable,
} from '../../src/core/settings.js';

const UTF16_CODE_UNITS = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));

/** As nginx joins them: a line for each row of the table, empty where the location sets nothing. */
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

function problemOf(joined: string): string | undefined {
  const settings = parseSettings(joined);
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
};

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
    },
  ],
];

for (const [sentence, values, expected] of PARSED) {
  test(`parseSettings: ${sentence}`, (t) =>
    t.deepEqual(parseSettings(joinedWith(values)), { ...DEFAULTS, ...expected }));
}

const VALID_SECONDS: [sentence: string, value: string, sec: number][] = [
  ['the least', '0', 0],
  ['one above the least', '1', 1],
  ['one below the largest', '31535999', 31535999],
  ['the largest, a year', '31536000', 31536000],
  ['leading zeros', '00000060', 60],
];

const INVALID_SECONDS: [sentence: string, value: string][] = [
  ['one above the largest', '31536001'],
  ['eight digits above the largest', '99999999'],
  ['nine digits', '000000060'],
  ['a negative number', '-1'],
  ['a sign', '+1'],
  ['a fraction', '1.5'],
  ['an exponent', '1e3'],
  ['a hexadecimal number', '0x10'],
  ['a unit, as in nginx', '60s'],
  ['a space before it', ' 60'],
  ['a space behind it', '60 '],
  ['a space alone, which Number() takes for 0', ' '],
  ['digits of another script', '\u0661'],
  ['a word', 'off'],
];

for (const [variable, key] of [
  ['phantom_token_clock_skew', 'clockSkewSec'],
  ['phantom_token_cache_ttl', 'cacheTtlSec'],
] as const) {
  for (const [sentence, value, sec] of VALID_SECONDS) {
    test(`parseSettings: ${variable} takes ${sentence}: ${value}`, (t) =>
      t.deepEqual(parseSettings(joinedWith({ [variable]: value })), { ...DEFAULTS, [key]: sec }));
  }
  for (const [sentence, value] of INVALID_SECONDS) {
    test(`parseSettings: ${variable} must not be ${sentence}: "${value}"`, (t) =>
      t.true(problemOf(joinedWith({ [variable]: value }))?.startsWith(`$${variable} must `)));
  }
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

test('parseSettings: an empty switch is told apart from a wrong one: the location was not configured', (t) => {
  t.regex(problemOf(joinedWith({ phantom_token: '' })) as string, /is not set in this location/);
  t.regex(problemOf(joinedWith({ phantom_token: 'yes' })) as string, /must be on or off/);
});

test('parseSettings: an empty text, as where http.conf is missing, is a location that was not configured', (t) => {
  t.true(problemOf('')?.startsWith('$phantom_token is not set'));
});

test('parseSettings: an empty endpoint is refused: fail closed, where it would let everybody in', (t) => {
  t.true(
    problemOf(joinedWith({ phantom_token_introspection_endpoint: '' }))?.startsWith(
      '$phantom_token_introspection_endpoint is not set',
    ),
  );
});

const ENDPOINTS: [sentence: string, value: string, isValid: boolean][] = [
  ['a path', '/introspect', true],
  ['the root', '/', true],
  ['a path of two parts', '/as/introspect', true],
  ['a path without its slash', 'introspect', false],
  ['a named location, which no subrequest reaches', '@introspect', false],
  ['a URL', 'https://as.example.com/introspect', false],
  ['a path with arguments, which end in logs (S17)', '/introspect?a=b', false],
  ['a path with a fragment', '/introspect#a', false],
  ['a path with a space before it', ' /introspect', false],
  ['a path with a space behind it', '/introspect ', false],
];

for (const [sentence, value, isValid] of ENDPOINTS) {
  test(`parseSettings: the endpoint ${isValid ? 'may' : 'must not'} be ${sentence}: ${value}`, (t) => {
    const problem = problemOf(joinedWith({ phantom_token_introspection_endpoint: value }));
    t.is(problem === undefined, isValid);
    t.true(isValid || problem?.startsWith('$phantom_token_introspection_endpoint must '));
  });
}

const isScopeCharacter = (code: number) => code >= 0x20 && code <= 0x7e && code !== 0x22 && code !== 0x5c;
const isTextCharacter = (code: number) => code >= 0x20 && code !== 0x7f;
const isPathCharacter = (code: number) => code > 0x20 && code <= 0x7e && code !== 0x23 && code !== 0x3f;

const ALPHABETS: [variable: string, start: string, isAllowed: (code: number) => boolean, source: string][] = [
  ['phantom_token_required_scopes', 'a', isScopeCharacter, 'RFC 6749 §3.3'],
  ['phantom_token_scopes', 'a', isScopeCharacter, 'RFC 6749 §3.3, S104'],
  ['phantom_token_audience', 'a', isTextCharacter, 'one line of a record'],
  ['phantom_token_issuer', 'a', isTextCharacter, 'one line of a record'],
  ['phantom_token_introspection_endpoint', '/', isPathCharacter, 'RFC 3986 §3.3'],
  ['phantom_token_realm', 'a', isScopeCharacter, 'RFC 9110 §5.6.4 without a backslash, S104'],
];

for (const [variable, start, isAllowed, source] of ALPHABETS) {
  test(`parseSettings: of all UTF-16 code units $${variable} takes only its own (${source})`, (t) => {
    for (const end of ['', 'z']) {
      const accepted = UTF16_CODE_UNITS.filter(
        (unit) => problemOf(joinedWith({ [variable]: start + unit + end })) === undefined,
      );
      const allowed = UTF16_CODE_UNITS.filter((unit) => isAllowed(unit.charCodeAt(0)));
      t.deepEqual(accepted, allowed);
    }
  });
}

test('parseSettings: a line break in any setting is refused, for it would shift the others', (t) => {
  for (const { variable } of settingsTable()) {
    t.is(parseSettings(joinedWith({ [variable]: '/a\nb' })).kind, 'misconfiguration', variable);
  }
});

test('parseSettings: fewer or more lines than rows are refused: http.conf does not fit the script', (t) => {
  const joined = joinedWith({});
  t.is(problemOf(joined), undefined);
  const problem = problemOf(`${joined}\n`);
  t.is(typeof problem, 'string');
  t.is(problemOf(joined.slice(0, joined.lastIndexOf('\n'))), problem);
  t.is(problemOf('on'), problem);
});

const BAD_VALUES: Record<string, string> = {
  phantom_token: 'secret',
  phantom_token_required_scopes: 'secret"',
  phantom_token_audience: 'secret\u0001',
  phantom_token_issuer: 'secret\u0001',
  phantom_token_clock_skew: 'secret',
  phantom_token_introspection_endpoint: 'secret',
  phantom_token_realm: 'secret"',
  phantom_token_scopes: 'secret"',
  phantom_token_cache_ttl: 'secret',
};

for (const { variable } of settingsTable()) {
  test(`parseSettings: a bad $${variable} is named, and its value is not repeated (S108)`, (t) => {
    const problem = problemOf(joinedWith({ [variable]: BAD_VALUES[variable] as string })) as string;
    t.true(problem.startsWith(`$${variable} must `), problem);
    t.false(problem.includes('secret'), problem);
  });
}

test('parseSettings: of two bad values the first of the table is named', (t) => {
  t.true(problemOf(joinedWith(BAD_VALUES))?.startsWith('$phantom_token '));
  t.true(
    problemOf(joinedWith({ ...BAD_VALUES, phantom_token: 'on' }))?.startsWith(
      '$phantom_token_required_scopes ',
    ),
  );
});

test('settingsTable: every default is a value that its own check takes, but those that must be set', (t) => {
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

const READ_SWITCHES: [sentence: string, joined: string, state: Switch][] = [
  ['on', 'on\n\n\n\n\n/introspect\n\n\n', 'on'],
  ['on in any case', 'On\n\n\n\n\n/introspect\n\n\n', 'on'],
  ['off', 'off\n\n\n\n\n\n\n\n', 'off'],
  ['off in any case', 'OFF\n\n\n\n\n\n\n\n', 'off'],
  ['an empty switch: the location was not configured', '\n\n\n\n\n/introspect\n\n\n', 'invalid'],
  ['nothing at all', '', 'invalid'],
  ['another word', 'yes\n\n\n\n\n/introspect\n\n\n', 'invalid'],
  ['a word that starts with on', 'once\n\n\n\n\n/introspect\n\n\n', 'invalid'],
  ['a word that starts with off', 'offline\n\n\n\n\n/introspect\n\n\n', 'invalid'],
  ['a word that ends with off', 'xoff\n\n\n\n\n/introspect\n\n\n', 'invalid'],
  ['a space before it', ' off\n\n\n\n\n\n\n\n', 'invalid'],
  ['a space behind it', 'off \n\n\n\n\n\n\n\n', 'invalid'],
  ['a word on another line', '\noff\n\n\n\n\n\n\n', 'invalid'],
];

for (const [sentence, joined, state] of READ_SWITCHES) {
  test(`readSwitch: ${state}: ${sentence}`, (t) => t.is(readSwitch(joined), state));
}

test('readSwitch: agrees with parseSettings on what is valid: no request slips between the two', (t) => {
  for (const [value] of SWITCHES) {
    const joined = joinedWith({ phantom_token: value });
    t.is(readSwitch(joined) === 'invalid', problemOf(joined) !== undefined, `"${value}"`);
  }
});

test('hasNoPolicy: is true when scopes, audience, issuer and skew are empty, whatever the rest says', (t) => {
  t.true(hasNoPolicy('on\n\n\n\n\n/introspect\n\n\n'));
  t.true(hasNoPolicy('on\n\n\n\n\n/introspect\nrealm\nscope\n10'));
});

const POLICIES: [sentence: string, joined: string][] = [
  ['required scopes (S57)', 'on\nread\n\n\n\n/introspect\n\n\n'],
  ['an audience (S57)', 'on\n\napi\n\n\n/introspect\n\n\n'],
  ['an issuer (S57)', 'on\n\n\nhttps://as\n\n/introspect\n\n\n'],
  ['a clock skew (S57)', 'on\n\n\n\n0\n/introspect\n\n\n'],
  ['a switch that is off', 'off\n\n\n\n\n/introspect\n\n\n'],
  ['a switch that is not set', '\n\n\n\n\n/introspect\n\n\n'],
  ['another spelling of on: the long way, which is always right', 'ON\n\n\n\n\n/introspect\n\n\n'],
  ['nothing at all', ''],
];

for (const [sentence, joined] of POLICIES) {
  test(`hasNoPolicy: is false with ${sentence}`, (t) => t.false(hasNoPolicy(joined)));
}

const DECIDING: [variable: string, value: string][] = [
  ['phantom_token_required_scopes', 'a'],
  ['phantom_token_audience', 'a'],
  ['phantom_token_issuer', 'a'],
  ['phantom_token_clock_skew', '0'],
];

test('hasNoPolicy: looks at the very rows that decide on a cached token (S57)', (t) => {
  t.true(hasNoPolicy(joinedWith({})));
  for (const [variable, value] of DECIDING) {
    t.false(hasNoPolicy(joinedWith({ [variable]: value })), variable);
  }
  for (const { variable } of settingsTable().slice(1 + DECIDING.length)) {
    t.true(hasNoPolicy(joinedWith({ [variable]: '1' })), variable);
  }
});
