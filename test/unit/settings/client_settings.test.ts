import test from 'ava';
import { type ClientSettings, parseClientSettings } from '../../../src/core/settings/client_settings.js';
import { CLIENT_SETTINGS } from '../../../src/core/settings/client_table.js';
import type { LocationTexts } from '../../../src/core/settings/location_texts.js';
import { textsWith } from '../../support/joined_texts.js';

const UTF16_CODE_UNITS = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));

/** The variables without their common prefix, phantom_token_client_. */
type Values = Record<string, string>;

const PREFIX = 'phantom_token_client_';

/** As nginx joins them, empty where nothing is set. */
function textsOf(values: Values): LocationTexts {
  return textsWith(Object.fromEntries(Object.entries(values).map(([name, value]) => [PREFIX + name, value])));
}

function problemOf(values: Values, isUrl = false): string | undefined {
  const client = parseClientSettings(textsOf(values), isUrl);
  return client.kind === 'misconfiguration' ? client.problem : undefined;
}

const DEFAULTS: ClientSettings = {
  kind: 'client_settings',
  authMethod: 'none',
  id: '',
  secret: '',
  secretFile: '',
  keyFile: '',
  keyAlgorithm: 'RS256',
  keyId: '',
  assertionAudience: '',
  assertionTtlSec: 60,
};

const BASIC: Values = { id: 'gateway', secret: 's' };
const POST: Values = { ...BASIC, auth: 'client_secret_post' };
const BY_KEY: Values = {
  id: 'gateway',
  auth: 'private_key_jwt',
  key_file: '/key.pem',
  assertion_audience: 'https://as',
};

const PARSED: [sentence: string, values: Values, isUrl: boolean, expected: Partial<ClientSettings>][] = [
  ['without any setting the location itself authenticates', {}, false, {}],
  [
    'an id and a secret are client_secret_basic (RFC 6749 §2.3.1: MUST support)',
    BASIC,
    false,
    { authMethod: 'client_secret_basic', id: 'gateway', secret: 's' },
  ],
  [
    'an id and a secret are client_secret_basic for a URL, too',
    BASIC,
    true,
    { authMethod: 'client_secret_basic', id: 'gateway', secret: 's' },
  ],
  [
    'client_secret_basic may be named',
    { ...BASIC, auth: 'client_secret_basic' },
    false,
    { authMethod: 'client_secret_basic', id: 'gateway', secret: 's' },
  ],
  [
    'client_secret_post is chosen by name (RFC 7591 §2)',
    POST,
    false,
    { authMethod: 'client_secret_post', id: 'gateway', secret: 's' },
  ],
  [
    'the secret may be in a file',
    { id: 'gateway', secret_file: '/run/secret' },
    false,
    { authMethod: 'client_secret_basic', id: 'gateway', secretFile: '/run/secret' },
  ],
  [
    'the secret of client_secret_post may be in a file, too',
    { id: 'gateway', secret_file: '/run/secret', auth: 'client_secret_post' },
    false,
    { authMethod: 'client_secret_post', id: 'gateway', secretFile: '/run/secret' },
  ],
  [
    'private_key_jwt needs id, key file and audience, and no secret (RFC 7523 §3)',
    BY_KEY,
    true,
    { authMethod: 'private_key_jwt', id: 'gateway', keyFile: '/key.pem', assertionAudience: 'https://as' },
  ],
  [
    'none may be set for a URL, too: then the gateway does not authenticate, and the server decides',
    { auth: 'none' },
    true,
    {},
  ],
  [
    'none may be named beside an id (RFC 8705 §2)',
    { id: 'gateway', auth: 'none' },
    false,
    { authMethod: 'none', id: 'gateway' },
  ],
  [
    'settings that only describe a key are allowed: a server may set them for some of its locations',
    { ...BASIC, key_id: 'kid', assertion_audience: 'https://as' },
    false,
    {
      authMethod: 'client_secret_basic',
      id: 'gateway',
      secret: 's',
      keyId: 'kid',
      assertionAudience: 'https://as',
    },
  ],
  [
    'a reuse of 0 is 0, not the default: each assertion is used once',
    { assertion_ttl: '0' },
    false,
    { assertionTtlSec: 0 },
  ],
  ['the algorithm may be PS256', { key_algorithm: 'PS256' }, false, { keyAlgorithm: 'PS256' }],
  ['the algorithm may be ES256', { key_algorithm: 'ES256' }, false, { keyAlgorithm: 'ES256' }],
  ['the algorithm may be RS256', { key_algorithm: 'RS256' }, false, { keyAlgorithm: 'RS256' }],
  [
    'text outside ASCII is taken as it is',
    { id: 'é ', secret: ' € "\\' },
    false,
    { authMethod: 'client_secret_basic', id: 'é ', secret: ' € "\\' },
  ],
  [
    'every variable of private_key_jwt goes to its own setting',
    {
      id: 'id',
      auth: 'private_key_jwt',
      key_file: '/key',
      key_algorithm: 'ES256',
      key_id: 'kid',
      assertion_audience: 'aud',
      assertion_ttl: '7',
    },
    false,
    {
      authMethod: 'private_key_jwt',
      id: 'id',
      keyFile: '/key',
      keyAlgorithm: 'ES256',
      keyId: 'kid',
      assertionAudience: 'aud',
      assertionTtlSec: 7,
    },
  ],
  [
    'the file of a secret goes to a setting of its own',
    { id: 'id', secret_file: '/secret' },
    false,
    { authMethod: 'client_secret_basic', id: 'id', secretFile: '/secret' },
  ],
];

for (const [sentence, values, isUrl, expected] of PARSED) {
  test(`parseClientSettings: ${sentence}`, (t) =>
    t.deepEqual(parseClientSettings(textsOf(values), isUrl), { ...DEFAULTS, ...expected }));
}

const NO_ID = '$phantom_token_client_id is not set: ';
const ONE_SECRET = 'set $phantom_token_client_secret or $phantom_token_client_secret_file: ';

const INCOMPLETE: [sentence: string, values: Values, isUrl: boolean, problem: string][] = [
  [
    'a URL without any setting: no location authenticates in our place (RFC 7662 §2.1)',
    {},
    true,
    `${NO_ID}client_secret_basic needs it; with a URL as endpoint set id and secret, or $phantom_token_client_auth none`,
  ],
  [
    'a URL with a secret but no id',
    { secret: 's' },
    true,
    `${NO_ID}client_secret_basic needs it; with a URL as endpoint set id and secret, or $phantom_token_client_auth none`,
  ],
  [
    'a URL and private_key_jwt without an id: a secret would be of no use',
    { ...BY_KEY, id: '' },
    true,
    `${NO_ID}private_key_jwt needs it`,
  ],
  [
    'client_secret_basic without an id',
    { auth: 'client_secret_basic', secret: 's' },
    false,
    `${NO_ID}client_secret_basic needs it`,
  ],
  [
    'client_secret_post without an id',
    { auth: 'client_secret_post', secret: 's' },
    false,
    `${NO_ID}client_secret_post needs it`,
  ],
  ['private_key_jwt without an id', { ...BY_KEY, id: '' }, false, `${NO_ID}private_key_jwt needs it`],
  ['an id without a secret', { id: 'gateway' }, false, `${ONE_SECRET}client_secret_basic needs one of them`],
  [
    'client_secret_post without a secret',
    { ...POST, secret: '' },
    false,
    `${ONE_SECRET}client_secret_post needs one of them`,
  ],
  [
    'a secret file without an id, which would send no credentials without any message',
    { secret_file: '/run/secret' },
    false,
    `${NO_ID}client_secret_basic needs it`,
  ],
  ['a secret without an id', { secret: 's' }, false, `${NO_ID}client_secret_basic needs it`],
  [
    'private_key_jwt without a key',
    { ...BY_KEY, key_file: '' },
    false,
    '$phantom_token_client_key_file is not set: private_key_jwt needs it',
  ],
  [
    'private_key_jwt without an audience (RFC 7523 §3)',
    { ...BY_KEY, assertion_audience: '' },
    false,
    '$phantom_token_client_assertion_audience is not set: private_key_jwt needs the issuer of the authorization server',
  ],
  [
    'private_key_jwt with an id alone: the key is named first',
    { id: 'gateway', auth: 'private_key_jwt' },
    false,
    '$phantom_token_client_key_file is not set: private_key_jwt needs it',
  ],
];

for (const [sentence, values, isUrl, problem] of INCOMPLETE) {
  test(`parseClientSettings: misconfigured: ${sentence}`, (t) => t.is(problemOf(values, isUrl), problem));
}

const OF_NONE = 'none: then the introspection location authenticates';
const OF_BASIC = 'client_secret_basic, which does not use it';
const OF_POST = 'client_secret_post, which does not use it';
const OF_KEY = 'private_key_jwt, which does not use it';

const CONTRADICTIONS: [values: Values, unused: string, method: string][] = [
  [{ auth: 'none', secret: 's' }, 'secret', OF_NONE],
  [{ auth: 'none', secret_file: '/s' }, 'secret_file', OF_NONE],
  [{ auth: 'none', key_file: '/k' }, 'key_file', OF_NONE],
  [{ auth: 'none', id: 'gateway', secret_file: '/s' }, 'secret_file', OF_NONE],
  [{ ...BASIC, key_file: '/k' }, 'key_file', OF_BASIC],
  [{ id: 'gateway', secret_file: '/s', key_file: '/k' }, 'key_file', OF_BASIC],
  [{ ...BY_KEY, auth: '' }, 'key_file', OF_BASIC],
  [{ key_file: '/k' }, 'key_file', OF_BASIC],
  [{ ...POST, key_file: '/k' }, 'key_file', OF_POST],
  [{ ...BY_KEY, secret: 's' }, 'secret', OF_KEY],
  [{ ...BY_KEY, secret_file: '/s' }, 'secret_file', OF_KEY],
  [{ ...BY_KEY, key_file: '', secret: 's' }, 'secret', OF_KEY],
];

for (const [values, unused, method] of CONTRADICTIONS) {
  for (const isUrl of [false, true]) {
    test(`parseClientSettings: misconfigured: two ways to authenticate, of which none may be guessed: ${JSON.stringify(values)}${isUrl ? ' for a URL' : ''}`, (t) =>
      t.is(
        problemOf(values, isUrl),
        `$phantom_token_client_${unused} is set, and $phantom_token_client_auth is ${method}. Leave out the credential, or name its method`,
      ));
  }
}

test('parseClientSettings: misconfigured: a secret and a file of it', (t) =>
  t.is(
    problemOf({ ...BASIC, secret_file: '/run/secret' }, false),
    '$phantom_token_client_secret and $phantom_token_client_secret_file are both set: leave out one of them',
  ));

for (const auth of [
  'None',
  'NONE',
  'basic',
  'client_secret_jwt',
  'client_secret_basic ',
  'tls_client_auth',
  'off',
]) {
  test(`parseClientSettings: $phantom_token_client_auth must not be "${auth}" (RFC 7591 §2: names with a case)`, (t) => {
    const problem = problemOf({ ...BASIC, auth }) ?? '';
    t.is(
      problem,
      '$phantom_token_client_auth must be one of client_secret_basic, client_secret_post, private_key_jwt, none',
    );
  });
}

for (const algorithm of [
  'none',
  'HS256',
  'rs256',
  'RS384',
  'RS512',
  'ES384',
  'EdDSA',
  'RS256 ',
  'S256',
  'RS256PS256',
]) {
  test(`parseClientSettings: $phantom_token_client_key_algorithm must not be "${algorithm}" (RFC 8725 §3.1)`, (t) =>
    t.is(
      problemOf({ ...BY_KEY, key_algorithm: algorithm }),
      '$phantom_token_client_key_algorithm must be one of RS256, PS256, ES256',
    ));
}

const PATHS: [value: string, isValid: boolean][] = [
  ['/key.pem', true],
  ['/', true],
  ['/run/secrets/my key é', true],
  ['key.pem', false],
  ['./key.pem', false],
  ['../key.pem', false],
  ['~/key.pem', false],
  [' /key.pem', false],
  ['file:///key.pem', false],
];

for (const [variable, rest] of [
  ['secret_file', { id: 'gateway' }],
  ['key_file', BY_KEY],
] as [string, Values][]) {
  for (const [value, isValid] of PATHS) {
    test(`parseClientSettings: $${PREFIX}${variable} "${value}" is ${isValid ? 'a path' : 'refused: it would depend on a working directory'}`, (t) => {
      const problem = problemOf({ ...rest, [variable]: value });
      t.is(problem, isValid ? undefined : `$${PREFIX}${variable} must be an absolute path`);
    });
  }
}

const SECONDS: [value: string, isValid: boolean][] = [
  ['0', true],
  ['1', true],
  ['31536000', true],
  ['31536001', false],
  ['-1', false],
  ['1.5', false],
  ['60s', false],
  [' 60', false],
  ['off', false],
];

for (const [value, isValid] of SECONDS) {
  test(`parseClientSettings: $phantom_token_client_assertion_ttl "${value}" is ${isValid ? 'whole seconds' : 'refused'}`, (t) => {
    const client = parseClientSettings(textsOf({ ...BY_KEY, assertion_ttl: value }), false);
    if (isValid) {
      t.like(client, { kind: 'client_settings', assertionTtlSec: Number(value) });
    } else {
      t.regex(
        client.kind === 'misconfiguration' ? client.problem : '',
        /^\$phantom_token_client_assertion_ttl must be a whole number of seconds/,
      );
    }
  });
}

const TEXTS: [variable: string, start: string, rest: Values][] = [
  ['id', 'a', { secret: 's' }],
  ['secret', 'a', { id: 'gateway' }],
  ['secret_file', '/', { id: 'gateway' }],
  ['key_file', '/', BY_KEY],
  ['key_id', 'a', BY_KEY],
  ['assertion_audience', 'a', BY_KEY],
];

for (const [variable, start, rest] of TEXTS) {
  test(`parseClientSettings: $${PREFIX}${variable} takes all UTF-16 code units but control characters (S103)`, (t) => {
    const refused = UTF16_CODE_UNITS.filter(
      // A text with a line break is not even taken apart.
      (unit) => unit === '\n' || problemOf({ ...rest, [variable]: `${start}${unit}z` }) !== undefined,
    ).map((unit) => unit.charCodeAt(0));
    t.deepEqual(refused, [...Array.from({ length: 0x20 }, (_, code) => code), 0x7f]);
  });

  test(`parseClientSettings: $${PREFIX}${variable} is named when it holds a control character, and not repeated (S108)`, (t) =>
    t.is(
      problemOf({ ...rest, [variable]: `${start}\u0001` }),
      `$${PREFIX}${variable} must not hold control characters`,
    ));
}

const SECRET_VALUES: Values = {
  id: 'gateway',
  secret: 'my-secret',
  secret_file: '/my-secret',
  key_id: 'my-secret',
};

test('parseClientSettings: no problem repeats a value: a secret in the wrong variable stays out of the log (S108)', (t) => {
  for (const values of [
    SECRET_VALUES,
    { ...SECRET_VALUES, auth: 'my-secret' },
    { ...SECRET_VALUES, key_file: 'my-secret' },
    { ...SECRET_VALUES, key_algorithm: 'my-secret' },
    { ...SECRET_VALUES, assertion_ttl: 'my-secret' },
    { ...SECRET_VALUES, auth: 'private_key_jwt' },
  ]) {
    const problem = problemOf(values);
    t.is(typeof problem, 'string');
    t.false(problem?.includes('my-secret'), problem);
  }
});

/** As none may be, and each holds the word "hidden". */
const BAD_VALUES: Values = {
  id: 'hidden\u0001',
  auth: 'hidden',
  secret: 'hidden\u0001',
  secret_file: 'hidden',
  key_file: 'hidden',
  key_algorithm: 'hidden',
  key_id: 'hidden\u0001',
  assertion_audience: 'hidden\u0001',
  assertion_ttl: 'hidden',
};

for (const { variable } of CLIENT_SETTINGS) {
  test(`parseClientSettings: a bad $${variable} is named, and its value is not repeated (S101, S108)`, (t) => {
    const name = variable.slice(PREFIX.length);
    const problem = problemOf({ [name]: BAD_VALUES[name] ?? '' }) ?? '';
    t.true(problem.startsWith(`$${variable} must `), problem);
    t.false(problem.includes('hidden'), problem);
  });
}

test('parseClientSettings: of two bad values the first of the table is named', (t) => {
  t.true(problemOf(BAD_VALUES)?.startsWith('$phantom_token_client_id '));
});
