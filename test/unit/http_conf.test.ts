import { readFileSync } from 'node:fs';
import test from 'ava';
import { Lines } from '../../src/core/settings/lines.js';
import { findLookup, type RestText, takeApart } from '../../src/core/settings/location_texts.js';
import { findPolicy, isPolicyOf, type RequestText } from '../../src/core/settings/request_text.js';
import { SETTINGS } from '../../src/core/settings/table.js';
import { HTTP_CONF, joinedLinesOf, mapBodyOf } from '../support/joined_texts.js';

const AUTH_REQUEST_CONF = readFileSync(
  new URL('../../nginx/auth_request/protect.conf', import.meta.url),
  'utf8',
);
/** What the script writes for nginx.conf and its logs. */
const RESULTS = [
  'phantom_token_authorization',
  'phantom_token_reason',
  'phantom_token_introspection_time',
  'phantom_token_hash',
];
/** Results that cost a call, and what they call. */
const CALCULATED = [
  '$phantom_jwt phantom_token.jwt nocache',
  '$phantom_token_subject phantom_token.subject nocache',
  '$phantom_token_client phantom_token.client nocache',
];
/** What the snippets and the script tell each other. */
const INTERNAL = [
  '_phantom_state',
  '_phantom_before',
  '_phantom_introspection',
  'phantom_introspection_limit',
  '_phantom_form',
  '_phantom_accept',
  '_phantom_client_authorization',
  '_phantom_used_proof',
  '_phantom_server',
  '_phantom_kept_request',
  '_phantom_kept_rest',
  '_phantom_kept_certificate',
  '_phantom_status',
  '_phantom_challenge',
  '_phantom_dpop_nonce',
  '_phantom_retry_after',
  '_phantom_body',
];

interface Declaration {
  readonly variable: string;
  /** What follows the name before the semicolon; '' for nothing. */
  readonly value: string;
  readonly comment: string;
}

/** The js_var lines of a file, in order; those in comments are none. */
function jsVarsOf(conf: string): Declaration[] {
  return Array.from(conf.matchAll(/^[ \t]*js_var\s+\$(\w+)\s*([^;]*);[ \t]*#?[ \t]*(.*)$/gm), (match) => ({
    variable: match[1] as string,
    value: match[2] as string,
    comment: match[3] as string,
  }));
}

/** The directives of a block, in order, without the white space around them. */
function directivesOf(body: string): string[] {
  return body
    .split(';')
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

function declarationOf(variable: string): Declaration | undefined {
  return jsVarsOf(HTTP_CONF).find((declaration) => declaration.variable === variable);
}

for (const { variable, value } of SETTINGS) {
  const { defaultValue } = value;

  test(`http.conf: declares $${variable} once and without a value: empty means the default of the table`, (t) => {
    const declarations = jsVarsOf(HTTP_CONF).filter((declaration) => declaration.variable === variable);
    t.deepEqual(
      declarations.map((declaration) => declaration.value),
      [''],
    );
  });

  if (defaultValue !== '') {
    test(`http.conf: the comment of $${variable} starts with its default, ${defaultValue}`, (t) => {
      t.is(declarationOf(variable)?.comment.split(/[\s;]/)[0], defaultValue);
    });
  }
}

test('http.conf: declares settings, results and internal variables, and nothing else, so that none is without a reader', (t) => {
  const declared = jsVarsOf(HTTP_CONF).map(({ variable }) => variable);
  const known = [...SETTINGS.map(({ variable }) => variable), ...RESULTS, ...INTERNAL];
  t.deepEqual(declared.toSorted(), known.toSorted());
});

for (const variable of [...RESULTS, ...INTERNAL]) {
  test(`http.conf: $${variable} has no value before a location or the script gives it one (S84, S93)`, (t) =>
    t.is(declarationOf(variable)?.value, ''));
}

test('http.conf: what costs a call is a js_set, made anew at each use (S93)', (t) => {
  const sets = Array.from(HTTP_CONF.matchAll(/^js_set (.*?);/gm), ([, set]) =>
    (set as string).replace(/\s+/g, ' '),
  );
  t.deepEqual(sets, CALCULATED);
});

function settingsIn(text: string): string[] {
  return SETTINGS.filter((row) => row.text === text).map(({ variable }) => `$${variable}`);
}

test('http.conf: the two texts have each setting that the script reads once, in the order of the table (takeApart)', (t) => {
  const texts = takeApart(
    joinedLinesOf('_phantom_request').join('\n') as RequestText,
    joinedLinesOf('_phantom_rest').join('\n') as RestText,
  );
  const joined = [...(texts?.request ?? []), ...(texts?.rest ?? [])].map((line) => line.split(' ').at(-1));
  const inOrder = ['head', 'policy', 'lookup', 'rest'].flatMap(settingsIn);
  t.deepEqual(
    joined.filter((line) => line?.startsWith('$phantom_')),
    inOrder,
  );
  t.is(texts?.request[Lines.clientId], '$phantom_token_client_id');
  t.is(texts?.request[Lines.signatureLine], '$_phantom_signatures');
  t.is(Lines.signatures, settingsIn('signatures').length + SELECTING.length);
  t.is(texts?.rest[Lines.restOfLocation], '$phantom_token_client_auth');
});

/** What decides on a hit; a default that is written out counts as set, too. */
const POLICY_LINES = [
  '$phantom_token_required_scopes',
  '$phantom_token_audience',
  '$phantom_token_issuer',
  '$phantom_token_clock_skew',
  '$phantom_token_cache_ttl',
];

/** Where signatures are verified, issuer and audience decide on what is stored, and not only on what is granted. */
const SELECTING = ['$phantom_token_issuer', '$phantom_token_audience'];

/** What is verified, and what is signed. */
const SIGNATURES = [
  '$phantom_token_jwks',
  '$phantom_token_accept_jwt',
  '$phantom_token_mint',
  '$phantom_token_mint_key_file',
  '$phantom_token_mint_issuer',
  '$phantom_token_mint_audience',
  '$phantom_token_mint_claims',
  '$phantom_token_mint_ttl',
  '$phantom_token_sender_constraint',
  '$phantom_token_dpop_origin',
  '$phantom_token_dpop_max_age',
  '$phantom_token_dpop_nonce',
  ...SELECTING,
];

/** Server, endpoint and what else forms the answer; the credential last, for a header holds no line break. */
const LOOKUP_LINES = [
  '$_phantom_part',
  '$phantom_token_introspection_endpoint',
  '$phantom_token_jwt_field',
  '$phantom_token_max_jwt_length',
  '$phantom_token_introspection_parameters',
  '$phantom_token_cache_control',
  '$phantom_token_introspection_accept',
  '$_phantom_signatures',
  '$phantom_token_client_id',
  '$_phantom_credential',
];

test('http.conf: the policy is what decides on a cached token, and nothing else (S57)', (t) => {
  t.deepEqual(joinedLinesOf('_phantom_policy'), POLICY_LINES);
  t.is(Lines.policy, POLICY_LINES.length);
});

test('http.conf: a request is a first line that only protect.conf starts, the policy and the lookup (S57, S58, S59, S84)', (t) => {
  t.deepEqual(joinedLinesOf('_phantom_request'), [
    '$_phantom_state $phantom_token',
    ...POLICY_LINES,
    ...LOOKUP_LINES,
  ]);
});

test('http.conf: what request_text.ts finds in a request is what nginx joined: policy and lookup (S57, S58)', (t) => {
  const joined = joinedLinesOf('_phantom_request').join('\n');
  const live = joined.replace('$_phantom_state $phantom_token', 'here on') as RequestText;
  const policy = joinedLinesOf('_phantom_policy').join('\n');
  t.is<string, string>(findPolicy(live), policy);
  t.true(isPolicyOf(live, policy));
  t.is<string, string>(findLookup(live), LOOKUP_LINES.join('\n'));
});

test('http.conf: where a location says nothing of signatures, or of bound tokens, their line is empty: a hit reads four variables for all (S58)', (t) => {
  t.deepEqual(
    directivesOf(
      mapBodyOf(
        HTTP_CONF,
        '"$phantom_token_jwks$phantom_token_accept_jwt$phantom_token_mint$phantom_token_sender_constraint"',
        '_phantom_signatures',
      ),
    ),
    ['volatile', '"" ""', `default "${SIGNATURES.join('\\t')}"`],
  );
});

test('http.conf: the first line of the lookup is this server alone, unless servers set one that is equal, and none is like a server (S58)', (t) => {
  t.deepEqual(directivesOf(mapBodyOf(HTTP_CONF, '$phantom_token_partition', '_phantom_part')), [
    'volatile',
    '"" $_phantom_server_key',
    'default "=$phantom_token_partition"',
  ]);
});

test('http.conf: a server is known by port and name, and one without a name by port and address (S58)', (t) => {
  t.deepEqual(directivesOf(mapBodyOf(HTTP_CONF, '$server_name', '_phantom_server_key')), [
    '"" "$server_port @$server_addr"',
    '_ "$server_port @$server_addr"',
    'default "$server_port $server_name"',
  ]);
});

test('http.conf: the cache status is what came of the request, also when another location begins to look at it (S93)', (t) => {
  t.deepEqual(directivesOf(mapBodyOf(HTTP_CONF, '$_phantom_state', 'phantom_token_cache_status')), [
    'volatile',
    'here $_phantom_before',
    'default $_phantom_state',
  ]);
});

test('http.conf: the credential is the Authorization header, or the token that another variable holds', (t) => {
  t.deepEqual(directivesOf(mapBodyOf(HTTP_CONF, '$phantom_token_input', '_phantom_credential')), [
    'volatile',
    '"" $http_authorization',
    'default "Bearer $phantom_token_input"',
  ]);
});

for (const target of ['_phantom_request', '_phantom_policy', '_phantom_rest']) {
  test(`http.conf: $${target} is made anew after an internal redirect, and depends on no value (S93, S96)`, (t) => {
    const names = directivesOf(mapBodyOf(HTTP_CONF, '""', target)).map(
      (directive) => directive.split(/\s/)[0],
    );
    t.deepEqual(names, ['volatile', 'default']);
  });
}

test('auth_request/protect.conf: keeps the texts of its location after it said that it is here, before anything else (S84)', (t) => {
  const withoutComments = AUTH_REQUEST_CONF.replace(/^[ \t]*#.*$/gm, '');
  t.deepEqual(directivesOf(withoutComments).slice(0, 6), [
    'set $_phantom_before $phantom_token_cache_status',
    'set $_phantom_state here',
    'set $_phantom_kept_request $_phantom_request',
    'set $_phantom_kept_rest $_phantom_rest',
    'set $_phantom_kept_certificate $phantom_token_caller_certificate',
    'auth_request /_phantom_token_authorize',
  ]);
});

test('auth_request/protect.conf: every set comes before the question, and only what http.conf declares is set', (t) => {
  const names = Array.from(AUTH_REQUEST_CONF.matchAll(/^set \$(\w+) /gm), ([, name]) => name as string);
  t.deepEqual(
    names.filter((name) => !INTERNAL.includes(name)),
    [],
  );
  t.is(AUTH_REQUEST_CONF.split('\nauth_request ')[1]?.match(/^set /m), null);
});

test('jsVarsOf: reads declarations, their values and comments, and skips what is a comment itself', (t) => {
  const conf = '# js_var $a;\njs_var $b;   # 60 (seconds)\n  js_var $c "x y";\njs_set $d e.f;\n';
  t.deepEqual(jsVarsOf(conf), [
    { variable: 'b', value: '', comment: '60 (seconds)' },
    { variable: 'c', value: '"x y"', comment: '' },
  ]);
});

test('mapBodyOf: reads the map of these two variables and no other, and no comments', (t) => {
  const conf =
    '#map $a $b { x; }\nmap $a $c { y; }\nmap $a $b {\n  # old;\n  default "z # z";\n}\nmap "$a$c" $d { v; }\n';
  t.is(mapBodyOf(conf, '$a', 'b').trim(), 'default "z # z";');
  t.is(mapBodyOf(conf, '$a', 'c').trim(), 'y;');
  t.is(mapBodyOf(conf, '"$a$c"', 'd').trim(), 'v;');
  t.is(mapBodyOf(conf, '$a', 'd'), '');
});

test('directivesOf: reads every directive, in order', (t) => {
  t.deepEqual(directivesOf('\n  volatile;\n  "" none;\n default  some;\n'), [
    'volatile',
    '"" none',
    'default  some',
  ]);
});
