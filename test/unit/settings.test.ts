import test from 'ava';
import {
  hasNoPolicy,
  isAbsoluteUrl,
  misconfiguration,
  parseLines,
  parseSettings,
  readSwitch,
  type Setting,
  type Settings,
  type Switch,
  settingsTable,
} from '../../src/core/settings.js';

const UTF16_CODE_UNITS = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));

/** What nginx writes above the settings of a location that includes protect.conf. */
type Policy = 'none' | 'some';

/** As nginx joins them: the first line, and a line for each row of the table, empty where nothing is set. */
function joinedWith(values: Record<string, string>, policy: Policy = 'some'): string {
  const all: Record<string, string> = {
    phantom_token: 'on',
    phantom_token_introspection_endpoint: '/introspect',
    ...values,
  };
  const lines = settingsTable().map(({ variable }) => all[variable] ?? '');
  return [`here ${policy}`, ...lines].join('\n');
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
  preflight: 'answer',
  jwtField: '',
  maxJwtLength: 65536,
  introspectionParameters: '',
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

test('parseSettings: settings under a first line of their own are all empty: the switch is not set', (t) => {
  t.true(problemOf('here none\n')?.startsWith('$phantom_token is not set'));
});

const NOT_HERE: [sentence: string, joined: string][] = [
  ['nothing at all, as where http.conf is missing', ''],
  ['a first line without the word', joinedWith({}).slice('here'.length)],
  ['another word', joinedWith({}).replace('here', 'there')],
  ['another case of the word', joinedWith({}).replace('here', 'Here')],
  ['a word that only starts so', joinedWith({}).replace('here', 'hereafter')],
  ['the word without what follows it', 'here'],
  ['the word at the end of the line', joinedWith({}).replace('here some', 'here')],
  ['a line before it', `\n${joinedWith({})}`],
  ['a space before it', ` ${joinedWith({})}`],
  ['the settings alone', joinedWith({}).slice('here some\n'.length)],
  ['the word in a setting', joinedWith({ phantom_token_realm: 'here ' }).replace('here some', ' some')],
];

for (const [sentence, joined] of NOT_HERE) {
  test(`parseSettings: ${sentence} is a location without protect.conf, which inherited js_access but no settings (S84)`, (t) => {
    t.regex(problemOf(joined) as string, /does not include protect\.conf itself/);
    t.is(readSwitch(joined), 'invalid');
    t.false(hasNoPolicy(joined));
  });
}

for (const policy of ['none', 'some'] as const) {
  test(`parseSettings: "${policy}" in the first line is for hasNoPolicy alone, and no value`, (t) =>
    t.deepEqual(parseSettings(joinedWith({}, policy)), DEFAULTS));
}

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
  ['every character of a path (RFC 3986 §3.3)', "/a-._~%20!$&'()*+,;=:@/b", true],
  ['an https URL', 'https://as.example.com/introspect', true],
  ['an http URL', 'http://as.example.com/introspect', true],
  ['a URL without a path', 'https://as.example.com', true],
  ['a URL with the root as path', 'https://as.example.com/', true],
  ['a URL with a port (RFC 3986 §3.2.3)', 'https://as.example.com:8443/introspect', true],
  ['a URL of an IPv4 address (RFC 3986 §3.2.2)', 'http://127.0.0.1:8080/introspect', true],
  ['a URL of an IPv6 address (RFC 3986 §3.2.2)', 'http://[::1]:8080/introspect', true],
  ['a URL of a name with _ and -', 'http://my_as-1/introspect', true],
  ['a URL with an @ in its path', 'https://as.example.com/@realm', true],
  ['a URL with arguments, which end in logs (S17)', 'https://as.example.com/introspect?a=b', false],
  ['a URL whose host is followed by arguments (S17)', 'https://as.example.com?a=b', false],
  ['a URL with a fragment', 'https://as.example.com/introspect#a', false],
  ['a URL with user and password, which is no client authentication', 'https://a:b@as.example.com/', false],
  ['a URL with a user', 'https://a@as.example.com/', false],
  [
    'a URL with a variable in its host: one server, not one that a request chooses (S21)',
    'https://$a/',
    false,
  ],
  ['a URL with a percent-encoded host', 'https://as%2eexample.com/', false],
  ['a URL without a host', 'https:///introspect', false],
  ['a scheme alone', 'https://', false],
  ['a URL with one slash', 'https:/as.example.com/', false],
  ['a URL of another scheme', 'ftp://as.example.com/', false],
  ['a URL of a longer scheme', 'httpss://as.example.com/', false],
  ['a URL behind other text', 'xhttps://as.example.com/', false],
  ['a scheme in upper case: one spelling only', 'HTTPS://as.example.com/', false],
  ['a URL without a scheme', 'as.example.com/introspect', false],
  ['a URL with a backslash', 'https://as.example.com\\introspect', false],
  ['a URL with a space in its host', 'https://as example.com/', false],
  ['a URL with a space behind it', 'https://as.example.com/ ', false],
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
  ['phantom_token_introspection_endpoint', 'https://a/', isPathCharacter, 'RFC 3986 §3.3'],
  ['phantom_token_realm', 'a', isScopeCharacter, 'RFC 9110 §5.6.4 without a backslash, S104'],
  ['phantom_token_jwt_field', 'a', isTextCharacter, 'one line of the settings'],
];

test('parseSettings: of all UTF-16 code units a host takes only letters, digits and . - _ : [ ] (RFC 3986 §3.2.2)', (t) => {
  const accepted = UTF16_CODE_UNITS.filter(
    (unit) =>
      problemOf(joinedWith({ phantom_token_introspection_endpoint: `http://a${unit}b` })) === undefined,
  );
  // A slash ends the host.
  t.is(accepted.join(''), '-./0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz');
});

for (const [variable, start, isAllowed, source] of ALPHABETS) {
  test(`parseSettings: of all UTF-16 code units $${variable} takes behind ${start} only its own (${source})`, (t) => {
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
  t.regex(problem as string, /line break/);
  t.is(problemOf(joined.slice(0, joined.lastIndexOf('\n'))), problem);
  t.is(problemOf('here some\non'), problem);
  t.is(problemOf('here some'), problem);
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
  phantom_token_preflight: 'secret',
  phantom_token_jwt_field: 'secret\u0001',
  phantom_token_max_jwt_length: 'secret',
  phantom_token_introspection_parameters: 'secret',
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

const READ_SWITCHES: [sentence: string, value: string, state: Switch][] = [
  ['on', 'on', 'on'],
  ['on in any case', 'On', 'on'],
  ['off', 'off', 'off'],
  ['off in any case', 'OFF', 'off'],
  ['an empty switch: the location was not configured', '', 'invalid'],
  ['another word', 'yes', 'invalid'],
  ['a word that starts with on', 'once', 'invalid'],
  ['a word that starts with off', 'offline', 'invalid'],
  ['a word that ends with off', 'xoff', 'invalid'],
  ['a space before it', ' off', 'invalid'],
  ['a space behind it', 'off ', 'invalid'],
];

for (const [sentence, value, state] of READ_SWITCHES) {
  for (const policy of ['none', 'some'] as const) {
    test(`readSwitch: ${state}: ${sentence}, with a policy of ${policy}`, (t) =>
      t.is(readSwitch(joinedWith({ phantom_token: value }, policy)), state));
  }
}

const NO_SWITCHES: [sentence: string, joined: string][] = [
  ['a first line alone', 'here none'],
  ['a first line and nothing below it', 'here none\n'],
  ['a word in the first line', 'here off\n\n'],
  ['a word on a line further down', 'here none\n\noff\n'],
];

for (const [sentence, joined] of NO_SWITCHES) {
  test(`readSwitch: invalid: ${sentence}`, (t) => t.is(readSwitch(joined), 'invalid'));
}

test('readSwitch: agrees with parseSettings on what is valid: no request slips between the two', (t) => {
  for (const [value] of SWITCHES) {
    const joined = joinedWith({ phantom_token: value });
    t.is(readSwitch(joined) === 'invalid', problemOf(joined) !== undefined, `"${value}"`);
  }
});

test('hasNoPolicy: is true where nginx says none and the switch is on, whatever the rest says', (t) => {
  t.true(hasNoPolicy(joinedWith({}, 'none')));
  for (const { variable } of settingsTable().slice(1)) {
    t.true(hasNoPolicy(joinedWith({ [variable]: 'some' }, 'none')), variable);
  }
});

const POLICIES: [sentence: string, joined: string][] = [
  ['what decides on a hit: nginx says some (S57)', joinedWith({}, 'some')],
  ['a switch that is off', joinedWith({ phantom_token: 'off' }, 'none')],
  ['a switch that is not set', joinedWith({ phantom_token: '' }, 'none')],
  ['a switch that only starts with on', joinedWith({ phantom_token: 'on ' }, 'none')],
  [
    'another spelling of on: the long way, which is always right',
    joinedWith({ phantom_token: 'ON' }, 'none'),
  ],
  ['a location that does not include protect.conf (S84)', joinedWith({}, 'none').slice('here'.length)],
  ['another word than none', joinedWith({}, 'none').replace('none', 'nonesuch')],
  ['no word in the first line', joinedWith({}, 'none').replace('none', '')],
  [
    'a switch that imitates the first line: nginx writes that one itself (S57)',
    joinedWith({ phantom_token: 'here none\non\n' }, 'some'),
  ],
  ['a first line behind another one', `\n${joinedWith({}, 'none')}`],
];

for (const [sentence, joined] of POLICIES) {
  test(`hasNoPolicy: is false with ${sentence}`, (t) => t.false(hasNoPolicy(joined)));
}

const PREFLIGHTS: [value: string, isValid: boolean][] = [
  ['answer', true],
  ['pass', true],
  ['authenticate', true],
  ['Answer', false],
  ['answer ', false],
  ['answers', false],
  ['on', false],
  ['off', false],
  ['204', false],
  ['answer,pass', false],
];

for (const [value, isValid] of PREFLIGHTS) {
  test(`parseSettings: $phantom_token_preflight "${value}" is ${isValid ? 'valid' : 'refused: nobody is let through by a misspelt word (S98, S101)'}`, (t) => {
    const problem = problemOf(joinedWith({ phantom_token_preflight: value }));
    t.is(problem, isValid ? undefined : '$phantom_token_preflight must be answer, pass or authenticate');
  });
}

const JWT_LENGTHS: [sentence: string, value: string, length: number | undefined][] = [
  ['the least', '1', 1],
  ['one above the least', '2', 2],
  ['one below the largest', '1048575', 1048575],
  ['the largest, 1 MiB', '1048576', 1048576],
  ['one above the largest', '1048577', undefined],
  ['seven digits above the largest', '9999999', undefined],
  ['eight digits', '10485760', undefined],
  ['0, which would refuse every JWT', '0', undefined],
  ['a leading zero', '0100', undefined],
  ['a negative number', '-1', undefined],
  ['a sign', '+1', undefined],
  ['a fraction', '1.5', undefined],
  ['an exponent', '1e3', undefined],
  ['a hexadecimal number', '0x10', undefined],
  ['a unit, as in nginx', '64k', undefined],
  ['a space before it', ' 100', undefined],
  ['a space behind it', '100 ', undefined],
  ['a word', 'unlimited', undefined],
];

for (const [sentence, value, length] of JWT_LENGTHS) {
  test(`parseSettings: the longest JWT ${length === undefined ? 'must not' : 'may'} be ${sentence}: "${value}" (S38)`, (t) => {
    const joined = joinedWith({ phantom_token_max_jwt_length: value });
    if (length === undefined) {
      t.is(
        problemOf(joined),
        '$phantom_token_max_jwt_length must be a number of characters from 1 to 1048576',
      );
    } else {
      t.deepEqual(parseSettings(joined), { ...DEFAULTS, maxJwtLength: length });
    }
  });
}

const FORM_FIELDS: [sentence: string, value: string, isValid: boolean][] = [
  ['one field', 'resource=api', true],
  ['many fields', 'a=b&c=d&e=f', true],
  ['an empty value', 'a=', true],
  ['empty values of many fields', 'a=&b=', true],
  ['percent-encoded characters in a value', 'resource=https%3A%2F%2Fapi%2F%26%3D', true],
  ['a + in a value, which is a space', 'a=b+c', true],
  ['every character that needs no encoding', 'aZ09-._~*+=aZ09-._~*+', true],
  ['a name that only starts with token', 'token_type=a', true],
  ['a name that only ends with token', 'access_token=a', true],
  ['token in another case: names have one', 'Token=a', true],
  ['token as a value', 'a=token', true],
  ['a name alone', 'a', false],
  ['a name alone behind a field', 'a=b&c', false],
  ['a value alone', '=b', false],
  ['an & before the fields', '&a=b', false],
  ['an & behind the fields', 'a=b&', false],
  ['two & between the fields', 'a=b&&c=d', false],
  ['two = in a field', 'a=b=c', false],
  ['a ; between the fields', 'a=b;c=d', false],
  ['a space, which is not encoded', 'a=b c', false],
  ['a quote, which is not encoded', 'a="b"', false],
  ['a slash, which is not encoded', 'a=b/c', false],
  ['a percent-encoded name: no spelling of token gets past the check (S16)', 't%6Fken=a', false],
  ['text outside ASCII', 'a=é', false],
];

for (const [sentence, value, isValid] of FORM_FIELDS) {
  test(`parseSettings: further form fields ${isValid ? 'may' : 'must not'} be ${sentence}: ${value}`, (t) => {
    const problem = problemOf(joinedWith({ phantom_token_introspection_parameters: value }));
    const refused =
      '$phantom_token_introspection_parameters must be form fields, encoded: name=value&name=value';
    t.is(problem, isValid ? undefined : refused);
  });
}

for (const value of ['token=a', 'token=', 'a=b&token=c', 'a=b&token=c&d=e']) {
  test(`parseSettings: further form fields must not name the token that is asked about (RFC 7662 §2.1): ${value}`, (t) =>
    t.is(
      problemOf(joinedWith({ phantom_token_introspection_parameters: value })),
      '$phantom_token_introspection_parameters must not name the field token',
    ));
}

test('parseSettings: further form fields of many thousand characters are checked at once', (t) => {
  const fields = 'a=b&'.repeat(10_000);
  t.is(problemOf(joinedWith({ phantom_token_introspection_parameters: `${fields}c=d` })), undefined);
  t.not(problemOf(joinedWith({ phantom_token_introspection_parameters: `${fields}c` })), undefined);
});

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
  ['an empty text stands for empty lines: nginx joined nothing', '', { a: 'x', b: '' }],
  ['0 is a value, not an empty one', '0\n0', { a: '0', b: '0' }],
  ['spaces are part of a value', ' 1 \n ', { a: ' 1 ', b: ' ' }],
];

for (const [sentence, joined, values] of LINES) {
  test(`parseLines: ${sentence}`, (t) =>
    t.deepEqual(parseLines(TWO_ROWS, joined), { kind: 'values', values }));
}

const NO_LINES: [sentence: string, joined: string, problem: string][] = [
  ['a line too few', '1', NOT_FITTING],
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
