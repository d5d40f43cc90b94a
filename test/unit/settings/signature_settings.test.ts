import test from 'ava';
import { parseSettings, type Settings } from '../../../src/core/settings/settings.js';
import {
  parseSignatureSettings,
  type SignatureSettings,
} from '../../../src/core/settings/signature_settings.js';
import { SIGNATURE_SETTINGS } from '../../../src/core/settings/table.js';
import { textsWith, type Values } from '../../support/joined_texts.js';

function parse(values: Values): SignatureSettings | string {
  const texts = textsWith(values);
  const settings = parseSettings(texts);
  if (settings.kind === 'misconfiguration') throw new Error(settings.problem);
  const signatures = parseSignatureSettings(texts, settings as Settings);
  return signatures.kind === 'misconfiguration' ? signatures.problem : signatures;
}

const DEFAULTS: SignatureSettings = {
  kind: 'signature_settings',
  jwks: '',
  acceptJwt: 'off',
  mint: 'off',
  mintKeyFile: '',
  mintIssuer: '',
  mintAudience: '',
  mintClaims: '',
  mintTtlSec: 600,
};
const MINT: Values = {
  phantom_token_mint: 'missing',
  phantom_token_mint_key_file: '/key',
  phantom_token_mint_issuer: 'https://gateway',
};
const ACCEPT_JWT: Values = {
  phantom_token_accept_jwt: 'on',
  phantom_token_jwks: '/jwks',
  phantom_token_issuer: 'https://as',
  phantom_token_audience: 'api',
};
const RESPONSE: Values = {
  phantom_token_introspection_accept: 'application/token-introspection+jwt',
  phantom_token_jwks: '/jwks',
  phantom_token_issuer: 'https://as',
  phantom_token_client_id: 'gateway',
};
const MINTED = { mint: 'missing', mintKeyFile: '/key', mintIssuer: 'https://gateway' } as const;

const PARSED: [sentence: string, values: Values, expected: Partial<SignatureSettings>][] = [
  ['an empty variable means its default', {}, {}],
  ['off, written out, is the default', { phantom_token_mint: 'off', phantom_token_accept_jwt: 'off' }, {}],
  [
    'keys may be set alone: then what the server signs is verified',
    { phantom_token_jwks: '/jwks' },
    { jwks: '/jwks' },
  ],
  ['keys may be at a URL', { phantom_token_jwks: 'https://as/jwks' }, { jwks: 'https://as/jwks' }],
  ['minting needs key file and issuer', MINT, MINTED],
  [
    'minting may be for every answer',
    { ...MINT, phantom_token_mint: 'always' },
    { ...MINTED, mint: 'always' },
  ],
  ['JWTs of clients need keys, issuer and audience', ACCEPT_JWT, { jwks: '/jwks', acceptJwt: 'on' }],
  ['an RFC 9701 response needs keys, issuer and client id', RESPONSE, { jwks: '/jwks' }],
  [
    'all of them together',
    { ...MINT, ...ACCEPT_JWT, ...RESPONSE },
    { ...MINTED, jwks: '/jwks', acceptJwt: 'on' },
  ],
  ['another Accept header needs nothing', { phantom_token_introspection_accept: 'application/json' }, {}],
  [
    'every variable goes to its own setting',
    {
      ...ACCEPT_JWT,
      phantom_token_mint: 'always',
      phantom_token_mint_key_file: '/k',
      phantom_token_mint_issuer: 'iss',
      phantom_token_mint_audience: 'a b',
      phantom_token_mint_claims: 'email name',
      phantom_token_mint_ttl: '61',
    },
    {
      jwks: '/jwks',
      acceptJwt: 'on',
      mint: 'always',
      mintKeyFile: '/k',
      mintIssuer: 'iss',
      mintAudience: 'a b',
      mintClaims: 'email name',
      mintTtlSec: 61,
    },
  ],
  [
    'what is signed may be set without minting: a server may set it for some of its locations',
    { ...MINT, phantom_token_mint: 'off' },
    { mintKeyFile: '/key', mintIssuer: 'https://gateway' },
  ],
];

for (const [sentence, values, expected] of PARSED) {
  test(`parseSignatureSettings: ${sentence}`, (t) =>
    t.deepEqual(parse(values), { ...DEFAULTS, ...expected }));
}

const RESPONSE_NEEDS =
  'is not set: an RFC 9701 response, which $phantom_token_introspection_accept asks for, cannot be verified without it';

const COMPANIONS: [of: string, values: Values, missing: string, problem: string][] = [
  [
    'minting',
    MINT,
    'phantom_token_mint_key_file',
    '$phantom_token_mint_key_file is not set: $phantom_token_mint needs the key that signs',
  ],
  [
    'minting',
    MINT,
    'phantom_token_mint_issuer',
    '$phantom_token_mint_issuer is not set: $phantom_token_mint needs the issuer of what the gateway signs',
  ],
  [
    'JWTs of clients (RFC 8725 §3.1)',
    ACCEPT_JWT,
    'phantom_token_jwks',
    '$phantom_token_jwks is not set: $phantom_token_accept_jwt needs the keys that verify',
  ],
  [
    'JWTs of clients (RFC 8725 §3.8)',
    ACCEPT_JWT,
    'phantom_token_issuer',
    '$phantom_token_issuer is not set: $phantom_token_accept_jwt needs it',
  ],
  [
    'JWTs of clients (RFC 8725 §3.9)',
    ACCEPT_JWT,
    'phantom_token_audience',
    '$phantom_token_audience is not set: $phantom_token_accept_jwt needs it',
  ],
  ['RFC 9701 responses', RESPONSE, 'phantom_token_jwks', `$phantom_token_jwks ${RESPONSE_NEEDS}`],
  ['RFC 9701 responses', RESPONSE, 'phantom_token_issuer', `$phantom_token_issuer ${RESPONSE_NEEDS}`],
  ['RFC 9701 responses', RESPONSE, 'phantom_token_client_id', `$phantom_token_client_id ${RESPONSE_NEEDS}`],
];

for (const [of, values, missing, problem] of COMPANIONS) {
  test(`parseSignatureSettings: ${of} without $${missing}: the line names it (S101)`, (t) => {
    t.is(parse({ ...values, [missing]: '' }), problem);
  });
}

test('parseSignatureSettings: minting for every answer needs the same as for those without a JWT (S101)', (t) => {
  const values = { ...MINT, phantom_token_mint: 'always', phantom_token_mint_issuer: '' };
  t.regex(parse(values) as string, /^\$phantom_token_mint_issuer is not set/);
});

for (const accept of [
  'Application/Token-Introspection+JWT',
  'application/json, application/token-introspection+jwt;q=0.5',
]) {
  test(`parseSignatureSettings: the Accept header asks for RFC 9701 in any case and beside others: ${accept}`, (t) => {
    const values = { ...RESPONSE, phantom_token_introspection_accept: accept };
    t.deepEqual(parse(values), { ...DEFAULTS, jwks: '/jwks' });
    t.is(parse({ ...values, phantom_token_jwks: '' }), `$phantom_token_jwks ${RESPONSE_NEEDS}`);
  });
}

const TEXT = 'must not hold control characters';

const BAD: [variable: string, value: string, problem: string][] = [
  ['phantom_token_accept_jwt', 'secret', 'must be one of off, on'],
  ['phantom_token_accept_jwt', 'On', 'must be one of off, on'],
  ['phantom_token_mint', 'secret', 'must be one of off, missing, always'],
  ['phantom_token_mint', 'on', 'must be one of off, missing, always'],
  ['phantom_token_mint_key_file', 'secret.pem', 'must be an absolute path'],
  ['phantom_token_mint_key_file', '/secret\u0001', TEXT],
  ['phantom_token_mint_issuer', 'secret\u0001', TEXT],
  ...['secret\u0001', '   ', 'secret \uFFFD'].map((value): [string, string, string] => [
    'phantom_token_mint_audience',
    value,
    'must be audiences separated by spaces, without control characters',
  ]),
  [
    'phantom_token_mint_claims',
    'secret"',
    'must be names of members separated by spaces: printable ASCII without quotes, commas and backslashes',
  ],
  [
    'phantom_token_mint_claims',
    'email sub',
    'must not name sub: the gateway sets that claim itself, or it says nothing of the user',
  ],
  ...['59', '86401', '0', '-1', '600s', '10m', 'secret'].map((value): [string, string, string] => [
    'phantom_token_mint_ttl',
    value,
    'must be a whole number of seconds from 60 to 86400, without a unit',
  ]),
];

for (const [variable, value, problem] of BAD) {
  test(`parseSignatureSettings: $${variable} ${JSON.stringify(value)} is named with what it must be, and its value is not repeated (S101, S108)`, (t) => {
    t.is(parse({ ...MINT, [variable]: value }), `$${variable} ${problem}`);
    t.false(problem.includes('secret'));
  });
}

test('parseSignatureSettings: a signed JWT lives for a minute at least, half of which a cached one may be used (S101)', (t) => {
  for (const [value, ttl] of [
    ['60', 60],
    ['86400', 86400],
  ] as const) {
    t.like(parse({ ...MINT, phantom_token_mint_ttl: value }), { mintTtlSec: ttl });
  }
});

test('parseSignatureSettings: a bad value is named before one that is missing', (t) => {
  t.regex(
    parse({ phantom_token_mint: 'missing', phantom_token_mint_ttl: '0' }) as string,
    /^\$phantom_token_mint_ttl /,
  );
});

test('parseSignatureSettings: a tab in any value, which would shift the values behind it, is refused (S57, S59)', (t) => {
  for (const variable of SIGNATURE_SETTINGS.map((row) => row.variable)) {
    for (const value of ['a\tb', '\t', '/etc/key\thttps://evil.example']) {
      t.regex(parse({ ...MINT, [variable]: value }) as string, /holds a tab/, variable);
    }
  }
});
