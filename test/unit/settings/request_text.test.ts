import test from 'ava';
import {
  findPolicy,
  hasNoPolicy,
  isConfiguredHere,
  isOn,
  isPolicyOf,
  isWholePolicy,
  lookupOf,
  PolicyText,
  readSwitch,
  type Switch,
  takeApart,
} from '../../../src/core/settings/request_text.js';

/** The last eight lines, which {@link lookupOf} finds by length. */
function lookupByLines(text: string): string {
  return text.split('\n').slice(6).join('\n');
}

/** What nginx joins, in its order. */
interface Values {
  readonly here: string;
  readonly token: string;
  readonly requiredScopes: string;
  readonly audience: string;
  readonly issuer: string;
  readonly clockSkew: string;
  readonly cacheTtl: string;
  readonly part: string;
  readonly endpoint: string;
  readonly clientId: string;
  readonly parameters: string;
  readonly jwtField: string;
  readonly maxJwtLength: string;
  readonly cacheControl: string;
  readonly credential: string;
}

/** A protected location that asks nothing of a cached token. */
const OPEN: Values = {
  here: 'here',
  token: 'on',
  requiredScopes: '',
  audience: '',
  issuer: '',
  clockSkew: '',
  cacheTtl: '',
  part: '443 api.example.com',
  endpoint: '/introspect',
  clientId: 'client',
  parameters: 'resource=a',
  jwtField: 'jwt',
  maxJwtLength: '8000',
  cacheControl: 'ignore',
  credential: 'Bearer abc',
};
const LOOKUP = '443 api.example.com\n/introspect\nclient\nresource=a\njwt\n8000\nignore\nBearer abc';
const STRICT: Partial<Values> = {
  requiredScopes: 'read write',
  audience: 'api',
  issuer: 'https://as',
  clockSkew: '5',
  cacheTtl: '10',
};
const STRICT_POLICY = 'read write\napi\nhttps://as\n5\n10';

const POLICY_NAMES = ['requiredScopes', 'audience', 'issuer', 'clockSkew', 'cacheTtl'] as const;
const LOOKUP_NAMES = [
  'part',
  'endpoint',
  'clientId',
  'parameters',
  'jwtField',
  'maxJwtLength',
  'cacheControl',
  'credential',
] as const;

function policyWith(changes: Partial<Values>): string {
  const values = { ...OPEN, ...changes };
  return POLICY_NAMES.map((name) => values[name]).join('\n');
}

function textWith(changes: Partial<Values>): string {
  const values = { ...OPEN, ...changes };
  const lookup = LOOKUP_NAMES.map((name) => values[name]);
  return [`${values.here} ${values.token}`, policyWith(changes), ...lookup].join('\n');
}

test('PolicyText.none: is what nginx joins of five empty settings, so that a text compares equal with it', (t) =>
  t.is<string, string>(PolicyText.none, policyWith({})));

type Heads = [sentence: string, text: string, isHere: boolean, state: Switch, isProtected: boolean];

const HEADS: Heads[] = [
  ['on', textWith({}), true, 'on', true],
  ['on, with a policy', textWith(STRICT), true, 'on', true],
  ['ON: on, but not at once: readSwitch takes it', textWith({ token: 'ON' }), true, 'on', false],
  ['On: on, but not at once: readSwitch takes it', textWith({ token: 'On' }), true, 'on', false],
  ['off', textWith({ token: 'off' }), true, 'off', false],
  ['off in any case', textWith({ token: 'oFF' }), true, 'off', false],
  ['no switch: the location was not configured', textWith({ token: '' }), true, 'invalid', false],
  ['another word', textWith({ token: 'yes' }), true, 'invalid', false],
  ['a word that starts with on', textWith({ token: 'once' }), true, 'invalid', false],
  ['a word that starts with off', textWith({ token: 'offline' }), true, 'invalid', false],
  ['a word that ends with off', textWith({ token: 'xoff' }), true, 'invalid', false],
  ['a space before on', textWith({ token: ' on' }), true, 'invalid', false],
  ['a space behind on', textWith({ token: 'on ' }), true, 'invalid', false],
  ['a space before off', textWith({ token: ' off' }), true, 'invalid', false],
  ['a space behind off', textWith({ token: 'off ' }), true, 'invalid', false],
  ['a line break before on', textWith({ token: '\non' }), true, 'invalid', false],
  ['a line break before off', textWith({ token: '\noff' }), true, 'invalid', false],
  ['on without protect.conf (S84)', textWith({ here: '' }), false, 'invalid', false],
  ['off without protect.conf (S84)', textWith({ here: '', token: 'off' }), false, 'invalid', false],
  ['neither, as in a location that purges', textWith({ here: '', token: '' }), false, 'invalid', false],
  ['another word than here', textWith({ here: 'there' }), false, 'invalid', false],
  ['another case of here', textWith({ here: 'Here' }), false, 'invalid', false],
  ['a word that only starts with here', textWith({ here: 'hereafter' }), false, 'invalid', false],
  ['a space before here', ` ${textWith({})}`, false, 'invalid', false],
  ['a line before here', `\n${textWith({})}`, false, 'invalid', false],
  ['nothing at all, as when it was used up', '', false, 'invalid', false],
];

for (const [sentence, text, isHere, state, isProtected] of HEADS) {
  test(`isConfiguredHere: ${isHere}: ${sentence}`, (t) => t.is(isConfiguredHere(text), isHere));
  test(`readSwitch: ${state}: ${sentence}`, (t) => t.is(readSwitch(text), state));
  test(`isOn: ${isProtected}: ${sentence}`, (t) => t.is(isOn(text), isProtected));
  test(`hasNoPolicy: false for all that is not on at once: ${sentence}`, (t) =>
    t.true(isProtected || !hasNoPolicy(text)));
}

const OPENNESS: [sentence: string, changes: Partial<Values>, isOpen: boolean][] = [
  ['nothing is asked of a token', {}, true],
  ['all that is asked is part of the lookup', { clientId: '', parameters: '', jwtField: '' }, true],
  ['no token was sent', { credential: '' }, true],
  ['everything is asked', STRICT, false],
  ['a scope is required', { requiredScopes: 'read' }, false],
  ['a space stands for the scopes', { requiredScopes: ' ' }, false],
  ['an audience is asked for', { audience: 'api' }, false],
  ['an issuer is asked for', { issuer: 'https://as' }, false],
  ['a clock skew is set', { clockSkew: '5' }, false],
  ['a clock skew of 0 is set, which is not the default', { clockSkew: '0' }, false],
  ['a TTL is set', { cacheTtl: '10' }, false],
  ['a TTL of 0 is set, which is not the default', { cacheTtl: '0' }, false],
  [
    'defaults are written out: the longer way, with the same end',
    { clockSkew: '60', cacheTtl: '300' },
    false,
  ],
];

for (const [sentence, changes, isOpen] of OPENNESS) {
  test(`hasNoPolicy: ${isOpen}: ${sentence} (S57)`, (t) => t.is(hasNoPolicy(textWith(changes)), isOpen));
}

/** Values that look like the head of a text, or what is left of one. */
const FORGERIES = [
  'here on',
  'here on\n',
  'here on\n\n\n\n\n\n',
  '\nhere on\n\n\n\n\n\n',
  'on\n\n\n\n\n\n',
  '\n\n\n\n\n',
  '\n',
];
const BELOW_THE_FIRST_LINE = [...POLICY_NAMES, ...LOOKUP_NAMES];
const FIRST_LINES: [sentence: string, values: Partial<Values>][] = [
  ['off', { token: 'off' }],
  ['not set', { token: '' }],
  ['another word', { token: 'o' }],
];

for (const forgery of FORGERIES) {
  test(`isConfiguredHere: no value stands before the word of protect.conf: ${JSON.stringify(forgery)} (S84)`, (t) => {
    for (const name of ['token', ...BELOW_THE_FIRST_LINE]) {
      const text = textWith({ here: '', [name]: forgery });
      t.false(isConfiguredHere(text), name);
      t.false(isOn(text), name);
      t.false(hasNoPolicy(text), name);
      t.is(readSwitch(text), 'invalid', name);
    }
  });

  for (const [sentence, values] of FIRST_LINES) {
    test(`isOn: where the switch is ${sentence}, no other value turns it on: ${JSON.stringify(forgery)} (S84)`, (t) => {
      const state = readSwitch(textWith(values));
      for (const name of BELOW_THE_FIRST_LINE) {
        const text = textWith({ ...values, [name]: forgery });
        t.false(isOn(text), name);
        t.false(hasNoPolicy(text), name);
        t.is(readSwitch(text), state, name);
      }
    });
  }
}

const LINE_BREAKS = ['a\nb', '\na', 'a\n', '\n', '\n\n\n\n', '\n\n\n\n\n'];

/** `$_phantom_rest` of a location that sets nothing else: nine settings and eight of the client. */
const REST = '\n'.repeat(16);
const NO_SETTINGS = { policy: '', lookup: '', settings: '', client: '' };

test('takeApart: gives policy and lookup, and puts the settings of both texts in the order of their tables', (t) => {
  const text = textWith({
    token: 'on',
    requiredScopes: 'read',
    audience: 'api',
    issuer: 'https://as',
    clockSkew: '1',
    cacheTtl: '2',
    part: 'part',
    endpoint: '/introspect',
    clientId: 'id',
    parameters: 'a=b',
    jwtField: 'jwt',
    maxJwtLength: '8000',
    cacheControl: 'obey',
    credential: 'Bearer abc',
  });
  const rest = Array.from({ length: 17 }, (_, i) => `r${i}`).join('\n');
  t.deepEqual(takeApart(text, rest), {
    policy: 'read\napi\nhttps://as\n1\n2',
    lookup: 'part\n/introspect\nid\na=b\njwt\n8000\nobey\nBearer abc',
    settings:
      'on\nread\napi\nhttps://as\n1\n2\n/introspect\na=b\njwt\n8000\nobey\nr0\nr1\nr2\nr3\nr4\nr5\nr6\nr7\nr8',
    client: 'id\nr9\nr10\nr11\nr12\nr13\nr14\nr15\nr16',
  });
});

test('takeApart: the switch is the rest of the first line, whether or not protect.conf is here', (t) => {
  for (const here of ['here', '']) {
    for (const token of ['on', 'off', '', 'on off', ' on']) {
      const { settings } = takeApart(textWith({ here, token }), REST);
      t.is(settings.split('\n')[0], token);
    }
  }
});

test('takeApart: nothing for a text with a line break in any value, so that nothing is stored from it (S57, S59)', (t) => {
  for (const name of BELOW_THE_FIRST_LINE) {
    for (const value of LINE_BREAKS) {
      for (const others of [{}, STRICT]) {
        const text = textWith({ ...others, [name]: value });
        t.deepEqual(takeApart(text, REST), NO_SETTINGS, `${name} ${JSON.stringify(value)}`);
        t.true(isWholePolicy(findPolicy(text).split('\n')));
      }
    }
  }
});

test('takeApart: nothing for a switch with a line break (S57, S59)', (t) => {
  for (const token of ['on\n', 'on\n\n', 'on\n\n\n\n\n', 'on\na', '\non', 'off\n']) {
    t.deepEqual(takeApart(textWith({ ...STRICT, token }), REST), NO_SETTINGS, token);
  }
});

test('takeApart: nothing when one of the other settings holds a line break, or http.conf is of another version', (t) => {
  for (const rest of ['', '\n'.repeat(15), '\n'.repeat(17), `${REST}a\n`]) {
    t.deepEqual(takeApart(textWith({}), rest), NO_SETTINGS, JSON.stringify(rest));
  }
  for (const text of ['', 'here on', `${textWith({})}\n`, textWith({}).replace('\n', '')]) {
    t.deepEqual(takeApart(text, REST), NO_SETTINGS, JSON.stringify(text));
  }
});

/** Of every record: it was stored under the lookup of a text with fourteen lines. */
const STORED_LINES = 8;

function linesOf(text: string): number {
  return text.split('\n').length;
}

/** As edge/request.ts chooses: nginx's own policy where it fits, for it spares a search. */
function policyOfHit(text: string, live: string): string {
  return isPolicyOf(text, live) ? live : findPolicy(text);
}

test('isWholePolicy, lookupOf: no hit has a whole policy and a lookup that is stored, when a setting of its policy holds a line break (S57)', (t) => {
  for (const name of POLICY_NAMES) {
    for (const value of [...LINE_BREAKS, 'read\n\n\n\n', '5\n', '\n10']) {
      for (const others of [{}, STRICT, { requiredScopes: 'read' }, { cacheTtl: '10' }]) {
        const changes = { ...others, [name]: value };
        const text = textWith(changes);
        const policy = policyOfHit(text, policyWith(changes));
        const isWhole = isWholePolicy(policy.split('\n')) && linesOf(lookupOf(text, policy)) === STORED_LINES;
        t.false(isWhole, `${name} ${JSON.stringify(value)}`);
      }
    }
  }
});

test('isWholePolicy: false for a policy whose line breaks push the audience out of it, with the right lookup (S57)', (t) => {
  const changes = { requiredScopes: 'read\n\n\n\n', audience: 'api' };
  const live = policyWith(changes);
  t.true(isPolicyOf(textWith(changes), live));
  t.is(lookupOf(textWith(changes), live), LOOKUP);
  t.false(isWholePolicy(live.split('\n')));
});

test('takeApart: nothing for a partition that equals what is left of a text whose audience holds line breaks (S57, S59)', (t) => {
  const rest = textWith({ audience: '\n\n\n', issuer: 'https://as', part: 'own' });
  const partition = textWith({ part: 'https://as\n\n\nown' });
  t.true(hasNoPolicy(rest));
  t.is(lookupOf(rest, PolicyText.none), lookupByLines(partition));
  t.deepEqual(takeApart(partition, REST), NO_SETTINGS);
});

// A value can make nginx's text start as an open location's does; what it cannot make is a key that has a record.
const IMITATIONS: [sentence: string, changes: Partial<Values>][] = [
  ['a switch that brings its own policy', { token: 'on\n\n\n\n\n', requiredScopes: 'admin' }],
  ['scopes of line breaks before an audience', { requiredScopes: '\n\n\n\n', audience: 'api' }],
  ['an issuer of line breaks before a TTL', { issuer: '\n\n', cacheTtl: '1' }],
  ['a TTL behind a line break', { cacheTtl: '\n1' }],
];

for (const [sentence, changes] of IMITATIONS) {
  test(`hasNoPolicy: true for ${sentence}, and the lookup is one that nothing is stored under (S57)`, (t) => {
    const text = textWith(changes);
    t.true(hasNoPolicy(text));
    t.is(lookupOf(text, PolicyText.none), lookupByLines(text));
    t.true(linesOf(lookupOf(text, PolicyText.none)) > STORED_LINES);
  });
}

const POLICIES: [sentence: string, changes: Partial<Values>, policy: string, lookup: string][] = [
  ['a location that asks nothing', {}, '\n\n\n\n', LOOKUP],
  ['a location that asks everything', STRICT, STRICT_POLICY, LOOKUP],
  ['scopes alone', { requiredScopes: 'a  b ' }, 'a  b \n\n\n\n', LOOKUP],
  ['an audience alone', { audience: 'api' }, '\napi\n\n\n', LOOKUP],
  ['an issuer alone', { issuer: 'https://as' }, '\n\nhttps://as\n\n', LOOKUP],
  ['a clock skew alone', { clockSkew: '0' }, '\n\n\n0\n', LOOKUP],
  ['a TTL alone', { cacheTtl: '0' }, '\n\n\n\n0', LOOKUP],
  ['text outside ASCII', { audience: 'é😀' }, '\né😀\n\n\n', LOOKUP],
  [
    'a lookup of empty lines',
    Object.fromEntries(LOOKUP_NAMES.map((name) => [name, ''])),
    '\n\n\n\n',
    '\n\n\n\n\n\n\n',
  ],
  [
    'a credential that looks like a text',
    { credential: 'here on' },
    '\n\n\n\n',
    LOOKUP.replace('Bearer abc', 'here on'),
  ],
  [
    'a credential in the spelling of the client',
    { credential: 'bEaReR  x' },
    '\n\n\n\n',
    LOOKUP.replace('Bearer abc', 'bEaReR  x'),
  ],
];

for (const [sentence, changes, policy, lookup] of POLICIES) {
  test(`findPolicy: the policy of ${sentence}`, (t) => {
    t.is(findPolicy(textWith(changes)), policy);
    t.is(lookupByLines(textWith(changes)), lookup);
    t.true(isWholePolicy(policy.split('\n')));
    t.is(linesOf(lookup), STORED_LINES);
  });

  test(`lookupOf: finds by length what lines say: ${sentence}`, (t) =>
    t.is(lookupOf(textWith(changes), policy), lookup));

  test(`isPolicyOf: knows the policy again that findPolicy finds: ${sentence}`, (t) =>
    t.true(isPolicyOf(textWith(changes), policy)));
}

const OTHER_FIRST_LINES: [sentence: string, values: Partial<Values>][] = [
  ['a location that purges, where neither is set', { here: '', token: '' }],
  ['a location that purges, with the switch of its server', { here: '', token: 'off' }],
  ['another spelling of on', { token: 'ON' }],
  ['off', { token: 'off' }],
  ['no switch', { token: '' }],
  ['a long word', { token: 'enabled please' }],
];

for (const [sentence, values] of OTHER_FIRST_LINES) {
  test(`findPolicy: does not depend on the first line: ${sentence} (S58)`, (t) => {
    const text = textWith({ ...STRICT, ...values });
    t.is(findPolicy(text), STRICT_POLICY);
    t.is(lookupByLines(text), LOOKUP);
  });

  test(`isPolicyOf: false, since only a text that is on can have one: ${sentence}`, (t) =>
    t.false(isPolicyOf(textWith({ ...STRICT, ...values }), STRICT_POLICY)));
}

test('findPolicy: is empty for no text at all', (t) => {
  t.is(findPolicy(''), '');
  t.false(isWholePolicy(findPolicy('').split('\n')));
});

const OTHER_POLICIES: [sentence: string, lines: string][] = [
  ['no policy', PolicyText.none],
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
