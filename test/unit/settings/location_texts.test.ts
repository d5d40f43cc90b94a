import test from 'ava';
import { Lines } from '../../../src/core/settings/lines.js';
import {
  BROKEN_TEXTS,
  clientTextOf,
  findLookup,
  hasClientSettings,
  isConfiguredHere,
  isOff,
  type RestText,
  signatureLineOf,
  takeApart,
} from '../../../src/core/settings/location_texts.js';
import {
  isOn,
  isOnWithoutPolicy,
  lookupAfter,
  NoPolicy,
  type RequestText,
} from '../../../src/core/settings/request_text.js';
import {
  joinedLinesOf,
  requestWith,
  restWith,
  SIGNATURE_LINE,
  textsWith,
  type Values,
} from '../../support/joined_texts.js';

const SIGNATURE_VARIABLES = SIGNATURE_LINE.split('\t').map((value) => value.slice(1));
const BELOW_THE_FIRST_LINE = joinedLinesOf('_phantom_request')
  .slice(1)
  .map((line) => line.slice(1))
  .flatMap((variable) => (variable === '_phantom_signatures' ? SIGNATURE_VARIABLES : [variable]));
const REST_VARIABLES = joinedLinesOf('_phantom_rest').map((line) => line.slice(1));
const STRICT: Values = {
  phantom_token_required_scopes: 'read write',
  phantom_token_audience: 'api',
  phantom_token_issuer: 'https://as',
  phantom_token_clock_skew: '5',
  phantom_token_cache_ttl: '10',
};

/** Without it nginx reads no other setting on signatures. */
const SIGNED: Values = { phantom_token_mint: 'missing' };

type Way = 'on' | 'off' | 'neither';
type Heads = [sentence: string, text: string, isHere: boolean, way: Way];

const HEADS: Heads[] = [
  ['on', requestWith({}), true, 'on'],
  ['on, with a policy', requestWith(STRICT), true, 'on'],
  ['ON: on, but not at once: parseSettings takes it', requestWith({ phantom_token: 'ON' }), true, 'neither'],
  ['On: on, but not at once: parseSettings takes it', requestWith({ phantom_token: 'On' }), true, 'neither'],
  ['off', requestWith({ phantom_token: 'off' }), true, 'off'],
  ['off in any case', requestWith({ phantom_token: 'oFF' }), true, 'off'],
  ['no switch: the location was not configured', requestWith({ phantom_token: '' }), true, 'neither'],
  ['another word', requestWith({ phantom_token: 'yes' }), true, 'neither'],
  ['a word that starts with on', requestWith({ phantom_token: 'once' }), true, 'neither'],
  ['a word that starts with off', requestWith({ phantom_token: 'offline' }), true, 'neither'],
  ['a word that ends with off', requestWith({ phantom_token: 'xoff' }), true, 'neither'],
  ['a space before on', requestWith({ phantom_token: ' on' }), true, 'neither'],
  ['a space behind on', requestWith({ phantom_token: 'on ' }), true, 'neither'],
  ['a space before off', requestWith({ phantom_token: ' off' }), true, 'neither'],
  ['a space behind off', requestWith({ phantom_token: 'off ' }), true, 'neither'],
  ['a line break before on', requestWith({ phantom_token: '\non' }), true, 'neither'],
  ['a line break before off', requestWith({ phantom_token: '\noff' }), true, 'neither'],
  ['on without protect.conf (S84)', requestWith({ _phantom_state: '' }), false, 'neither'],
  [
    'off without protect.conf (S84)',
    requestWith({ _phantom_state: '', phantom_token: 'off' }),
    false,
    'neither',
  ],
  [
    'neither, as in a location that purges',
    requestWith({ _phantom_state: '', phantom_token: '' }),
    false,
    'neither',
  ],
  ['another word than here', requestWith({ _phantom_state: 'there' }), false, 'neither'],
  ['another case of here', requestWith({ _phantom_state: 'Here' }), false, 'neither'],
  ['a word that only starts with here', requestWith({ _phantom_state: 'hereafter' }), false, 'neither'],
  ['a space before here', ` ${requestWith({})}`, false, 'neither'],
  ['a line before here', `\n${requestWith({})}`, false, 'neither'],
  ['nothing at all, as when it was used up', '', false, 'neither'],
];

for (const [sentence, text, isHere, way] of HEADS) {
  const request = text as RequestText;
  test(`isConfiguredHere: ${isHere}: ${sentence}`, (t) => t.is(isConfiguredHere(request), isHere));
  test(`isOff: ${way === 'off'}: ${sentence}`, (t) => t.is(isOff(request), way === 'off'));
  test(`isOn: ${way === 'on'}: ${sentence}`, (t) => t.is(isOn(request), way === 'on'));
  test(`isOnWithoutPolicy: false for all that is not on at once: ${sentence}`, (t) =>
    t.true(way === 'on' || !isOnWithoutPolicy(request)));
}

/** Values that look like the head of a text, or what is left of one. */
const FORGERIES = [
  'here on',
  'here on\n',
  'here on\n\n\n\n\n\n',
  '\nhere on\n\n\n\n\n\n',
  'on\n\n\n\n\n\n',
  'here off',
  'off\n',
  '\n\n\n\n\n',
  '\n',
];
const FIRST_LINES: [sentence: string, values: Values][] = [
  ['off', { phantom_token: 'off' }],
  ['not set', { phantom_token: '' }],
  ['another word', { phantom_token: 'o' }],
];

for (const forgery of FORGERIES) {
  test(`isConfiguredHere: no value stands before the word of protect.conf: ${JSON.stringify(forgery)} (S84)`, (t) => {
    for (const variable of ['phantom_token', ...BELOW_THE_FIRST_LINE]) {
      const text = requestWith({ _phantom_state: '', [variable]: forgery });
      t.false(isConfiguredHere(text), variable);
      t.false(isOn(text), variable);
      t.false(isOnWithoutPolicy(text), variable);
      t.false(isOff(text), variable);
    }
  });

  for (const [sentence, values] of FIRST_LINES) {
    test(`isOn: where the switch is ${sentence}, no other value turns it on or off: ${JSON.stringify(forgery)} (S84)`, (t) => {
      for (const variable of BELOW_THE_FIRST_LINE) {
        const text = requestWith({ ...values, [variable]: forgery });
        t.false(isOn(text), variable);
        t.false(isOnWithoutPolicy(text), variable);
        t.is(isOff(text), isOff(requestWith(values)), variable);
      }
    });
  }
}

test('takeApart: gives both texts line by line, as nginx joined them', (t) => {
  const request =
    'here on\nread\napi\nhttps://as\n1\n2\npart\n/introspect\njwt\n8000\na=b\nobey\na/b\n1\t2\nid\nBearer abc';
  const rest = Array.from({ length: Lines.rest }, (_, i) => `r${i}`).join('\n');
  t.deepEqual(takeApart(request as RequestText, rest as RestText), {
    request: request.split('\n'),
    rest: rest.split('\n'),
  });
});

const LINE_BREAKS = ['a\nb', '\na', 'a\n', '\n', '\n\n\n\n', '\n\n\n\n\n'];

test('takeApart: nothing for a text with a line break in any value, so that nothing is stored from it (S57, S59)', (t) => {
  for (const variable of [...BELOW_THE_FIRST_LINE, ...REST_VARIABLES]) {
    for (const value of LINE_BREAKS) {
      for (const others of [{}, STRICT]) {
        const values = { ...others, ...SIGNED, [variable]: value };
        t.is(
          takeApart(requestWith(values), restWith(values)),
          undefined,
          `${variable} ${JSON.stringify(value)}`,
        );
      }
    }
  }
});

test('takeApart: nothing for a switch with a line break (S57, S59)', (t) => {
  for (const token of ['on\n', 'on\n\n', 'on\n\n\n\n\n', 'on\na', '\non', 'off\n']) {
    t.is(takeApart(requestWith({ ...STRICT, phantom_token: token }), restWith({})), undefined, token);
  }
});

test('takeApart: nothing when http.conf is of another version, with fewer lines or more', (t) => {
  const request = requestWith({});
  const rest = restWith({});
  for (const other of ['', '\n'.repeat(Lines.rest - 2), '\n'.repeat(Lines.rest), `${rest}\n`]) {
    t.is(takeApart(request, other as RestText), undefined, JSON.stringify(other));
  }
  for (const other of ['', 'here on', `${request}\n`, request.replace('\n', '')]) {
    t.is(takeApart(other as RequestText, rest), undefined, JSON.stringify(other));
  }
});

test('takeApart: nothing for a partition that equals what is left of a text whose audience holds line breaks (S57, S59)', (t) => {
  const left = requestWith({
    phantom_token_audience: '\n\n\n',
    phantom_token_issuer: 'https://as',
    _phantom_part: 'own',
  });
  const partition = requestWith({ _phantom_part: 'https://as\n\n\nown' });
  t.true(isOnWithoutPolicy(left));
  t.is(lookupAfter(left, NoPolicy.text), findLookup(partition));
  t.is(takeApart(partition, restWith({})), undefined);
});

test('findLookup: is what lookupAfter finds by length where the switch is on, and the same lines where it is not', (t) => {
  const lookup = lookupAfter(requestWith({}), NoPolicy.text);
  for (const token of ['on', 'ON', 'off', '', 'another word']) {
    for (const state of ['here', '']) {
      t.is(findLookup(requestWith({ ...STRICT, _phantom_state: state, phantom_token: token })), lookup);
    }
  }
});

test('clientTextOf: is empty when no setting of the client but the id is set, whatever else is', (t) => {
  t.is(clientTextOf(textsWith({ phantom_token_client_id: 'id', phantom_token_realm: 'a', ...STRICT })), '');
});

const CLIENT_VARIABLES = REST_VARIABLES.filter((variable) => variable.startsWith('phantom_token_client_'));

test('clientTextOf: differs when any setting of the client but the id differs', (t) => {
  const texts = CLIENT_VARIABLES.flatMap((variable) => [
    clientTextOf(textsWith({ [variable]: 'a' })),
    clientTextOf(textsWith({ [variable]: 'b' })),
  ]);
  t.is(CLIENT_VARIABLES.length, 8);
  t.is(new Set(texts).size, 2 * CLIENT_VARIABLES.length);
  t.false(texts.includes(''));
});

test('clientTextOf: is equal for equal settings of the client, whatever the other settings of the location', (t) => {
  const client = { phantom_token_client_secret: 's', phantom_token_client_auth: 'client_secret_post' };
  const others = REST_VARIABLES.filter((variable) => !CLIENT_VARIABLES.includes(variable));
  for (const variable of others) {
    t.is(clientTextOf(textsWith({ ...client, [variable]: '7' })), clientTextOf(textsWith(client)), variable);
  }
});

const SIGNATURES: [sentence: string, values: Values, isAny: boolean][] = [
  ['nothing is set', {}, false],
  ['a policy is set, which says nothing of signatures', STRICT, false],
  ['keys to verify with', { phantom_token_jwks: '/jwks' }, true],
  ['JWTs of clients', { phantom_token_accept_jwt: 'on' }, true],
  ['JWTs of clients are switched off', { phantom_token_accept_jwt: 'off' }, true],
  ['the gateway signs', { phantom_token_mint: 'missing' }, true],
  ['a bad word: it must be refused', { phantom_token_mint: 'x' }, true],
  [
    'what is signed, but not that it is: a server may set it for some of its locations',
    { phantom_token_mint_key_file: '/key', phantom_token_mint_issuer: 'a', phantom_token_mint_ttl: '60' },
    false,
  ],
];

for (const [sentence, values, isAny] of SIGNATURES) {
  test(`signatureLineOf: ${isAny ? 'says something' : 'empty'}: ${sentence}`, (t) =>
    t.is(signatureLineOf(textsWith(values)) !== '', isAny));
}

for (const [sentence, values, has] of [
  ['nothing', {}, false],
  ['a realm, which is none', { phantom_token_realm: 'a' }, false],
  ['an id', { phantom_token_client_id: 'gateway' }, true],
  ['a file with a secret', { phantom_token_client_secret_file: '/secret' }, true],
  ['both', { phantom_token_client_id: 'gateway', phantom_token_client_secret_file: '/secret' }, true],
] as [string, Values, boolean][]) {
  test(`hasClientSettings: ${has}: the location sets ${sentence}`, (t) => {
    const texts = textsWith(values);
    t.is(hasClientSettings(texts, clientTextOf(texts)), has);
  });
}

test('BROKEN_TEXTS: names both causes, as the script cannot tell which it is', (t) =>
  t.regex(BROKEN_TEXTS, /line break.*http\.conf/));
