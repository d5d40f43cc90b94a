// A variable that is missing or malformed stops the container, and no value becomes configuration.
import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { docker, gatewayVariables, IMAGE, inTurn, LABEL_OPTIONS, withPrefix } from '../support/container.js';

const GOOD: Record<string, string> = {
  ...gatewayVariables('https://login.example.com', 'http://127.0.0.1:8082'),
  CLIENT_SECRET_FILE: '/etc/hostname', // any existing file
};

/** What it takes to sign JWTs. */
const MINTING = { MINT: 'missing', MINT_KEY_FILE: '/etc/hostname', MINT_ISSUER: 'https://gateway.test' };

/** What it takes to verify tokens that are bound to a key. */
const BOUND = {
  SENDER_CONSTRAINT: 'verify',
  DPOP_ORIGIN: 'https://api.test',
  CALLER_CERTIFICATE_HEADER: 'Client-Cert',
  TRUSTED_PROXIES: '10.0.0.0',
};

/** Options for `docker run`. */
function variableOptions(env: Record<string, string>): string[] {
  return Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
}

/** Runs the image with these variables, adding the prefix, until it stops by itself. */
async function refusal(
  t: ExecutionContext,
  env: Record<string, string>,
  ...options: string[]
): Promise<string> {
  const variables = variableOptions(withPrefix(env));
  const run = ['run', '--rm', '--network', 'none', '--read-only', '--tmpfs', '/tmp', ...LABEL_OPTIONS];
  const { ok, output } = await inTurn(() => docker(...run, ...variables, ...options, IMAGE));
  t.false(ok, output);
  t.notRegex(output, /start worker process/);
  return output;
}

/** The variables that the output reports, without their prefix. */
function named(output: string): string[] {
  return [...output.matchAll(/^ {2}PHANTOM_TOKEN_([A-Z_]+) /gm)].map(([, name]) => name as string).sort();
}

/** The configuration that the image writes with these variables, given by their full names. */
async function configuration(t: ExecutionContext, env: Record<string, string>): Promise<string> {
  const run = ['run', '--rm', '--read-only', '--tmpfs', '/tmp', ...LABEL_OPTIONS, ...variableOptions(env)];
  const { ok, output } = await inTurn(() => docker(...run, IMAGE, 'nginx', '-T'));
  t.true(ok, output);
  return output;
}

test('all variables that are missing are named at once', async (t) => {
  const output = await refusal(t, {});
  t.deepEqual(named(output), ['CLIENT_ID', 'CLIENT_SECRET_FILE', 'INTROSPECTION_URL', 'UPSTREAM_URL']);
  t.regex(output, /docs\/docker\.md/);
});

test('an empty variable counts as not set', async (t) => {
  t.deepEqual(named(await refusal(t, { ...GOOD, CLIENT_ID: '', AUDIENCE: '' })), ['CLIENT_ID']);
});

test('all variables that are malformed are named at once', async (t) => {
  const output = await refusal(t, { ...GOOD, CLIENT_ID: 'a b', LISTEN_PORT: 'x', UPSTREAM_URL: 'api' });
  t.deepEqual(named(output), ['CLIENT_ID', 'LISTEN_PORT', 'UPSTREAM_URL']);
});

const URLS = [
  'login.example.com/introspect',
  'ftp://login.example.com/',
  'https://',
  'https:///introspect',
  'https://user:password@login.example.com/',
  'https://login.example.com:0/',
  'https://login.example.com:65536/',
  'https://login.example.com:80:80/',
  'https://login.example.com:/',
  'https://-login/',
  'https://a..b/',
  'https://[::1/',
  'http://unix:8080/',
  'https://[::g]/',
  'https://[::1]x/',
  'https://login.example.com/#x',
];

/** Texts that nginx would read as more than a value. */
const INJECTIONS = [
  '"',
  "'",
  ';',
  '$host',
  '\\',
  '{',
  '}',
  ' ',
  '\n',
  '\r',
  '\t',
  'é',
  '`',
  '\u0001',
  '<',
  '|',
];
/** Variables that hold words separated by spaces. */
const LISTS = [
  'REQUIRED_SCOPES',
  'MINT_AUDIENCE',
  'MINT_CLAIMS',
  'PUBLIC_PATHS',
  'TRUSTED_PROXIES',
  'PURGE_ALLOW',
];
const VALID: Record<string, string> = {
  ...GOOD,
  REQUIRED_SCOPES: 'read',
  AUDIENCE: 'a',
  ISSUER: 'a',
  INTROSPECTION_CA_FILE: '/etc/hostname',
  UPSTREAM_CA_FILE: '/etc/hostname',
  LISTEN_PORT: '8080',
  MANAGEMENT_PORT: '8090',
  WORKER_PROCESSES: '1',
  MAX_BODY_SIZE: '10m',
  CACHE_TTL: '30',
  STALE_IF_ERROR: '30',
  JWT_FIELD: 'token',
  INTROSPECTION_PARAMETERS: 'a=b',
  INTROSPECTION_ACCEPT: 'application/json',
  JWKS_URL: 'http://127.0.0.1:8081/jwks',
  ACCEPT_JWT: 'on',
  MINT: 'missing',
  MINT_KEY_FILE: '/etc/hostname',
  MINT_ISSUER: 'a',
  MINT_AUDIENCE: 'a',
  MINT_CLAIMS: 'a',
  MINT_TTL: '60',
  ...BOUND,
  DPOP_MAX_AGE: '30',
  DPOP_NONCE: 'on',
  RESOURCE_METADATA: 'https://api.test/.well-known/oauth-protected-resource',
  CLOCK_SKEW: '30',
  CACHE_CONTROL: 'ignore',
  WEBSOCKET: 'on',
  INTROSPECTION_TIMEOUT: '30',
  UPSTREAM_READ_TIMEOUT: '30',
  PUBLIC_PATHS: '/health',
  PURGE_ALLOW: '10.0.0.0',
};
const ALL = Object.keys(VALID);

for (const injection of INJECTIONS) {
  const refusing = ALL.filter((name) => injection !== ' ' || !LISTS.includes(name));
  for (const [where, put] of [
    ['at the end', (value: string) => value + injection],
    ['inside', (value: string) => `${value.slice(0, -1)}${injection}${value.slice(-1)}`],
  ] as const) {
    test(`no variable takes ${JSON.stringify(injection)} ${where}`, async (t) => {
      const env = Object.fromEntries(refusing.map((name) => [name, put(VALID[name] as string)]));
      t.deepEqual(named(await refusal(t, { ...VALID, ...env })), refusing.toSorted());
    });
  }
}

const MALFORMED: [variable: string, value: string][] = [
  ...URLS.map((url): [string, string] => ['INTROSPECTION_URL', url]),
  ['UPSTREAM_URL', 'http://api:8082/v1'],
  ['UPSTREAM_URL', 'http://api:8082?a'],
  ['REQUIRED_SCOPES', '  '],
  ['CLIENT_SECRET_FILE', 'secret'],
  ['CLIENT_SECRET_FILE', '/not/there'],
  ['CLIENT_SECRET_FILE', '/tmp'],
  ['INTROSPECTION_CA_FILE', '/not/there'],
  ['UPSTREAM_CA_FILE', 'ca.pem'],
  ['LISTEN_PORT', '0'],
  ['LISTEN_PORT', '08080'],
  ['LISTEN_PORT', '65536'],
  ['LISTEN_PORT', '127.0.0.1:8080'],
  ['MANAGEMENT_PORT', '8080'], // LISTEN_PORT's default
  ['WORKER_PROCESSES', '0'],
  ['WORKER_PROCESSES', 'many'],
  ['MAX_BODY_SIZE', '1t'],
  ['MAX_BODY_SIZE', '01m'],
  ['MAX_BODY_SIZE', '1.5m'],
  ['MAX_BODY_SIZE', 'm'],
  ['CACHE_TTL', '5m'],
  ['CACHE_TTL', '-1'],
  ['STALE_IF_ERROR', '31536001'],
  ['CLOCK_SKEW', '010'],
  ['UPSTREAM_READ_TIMEOUT', '0'],
  ['INTROSPECTION_TIMEOUT', '4'],
  ['INTROSPECTION_TIMEOUT', '61'],
  ['INTROSPECTION_TIMEOUT', '20s'],
  ['WEBSOCKET', 'h2c'],
  ['INTROSPECTION_PARAMETERS', 'a'],
  ['INTROSPECTION_PARAMETERS', '=b'],
  ['INTROSPECTION_PARAMETERS', 'a=b&'],
  ['INTROSPECTION_PARAMETERS', 'a=b&&c=d'],
  ['INTROSPECTION_PARAMETERS', 'a=b=c'],
  ['INTROSPECTION_PARAMETERS', 'a=%4'],
  ['INTROSPECTION_PARAMETERS', 'a=%g0'],
  ['INTROSPECTION_PARAMETERS', 'a%20b=c'],
  ['INTROSPECTION_PARAMETERS', 'a=b&client_id=other'],
  ['INTROSPECTION_PARAMETERS', 'token=x'],
  ['PUBLIC_PATHS', '/'],
  ['PUBLIC_PATHS', '/health /'],
  ['PUBLIC_PATHS', 'health'],
  ['PUBLIC_PATHS', '/a//b'],
  ['PUBLIC_PATHS', '/a/../b'],
  ['PUBLIC_PATHS', '/a/.'],
  ['PUBLIC_PATHS', '/a%20b'],
  ['PUBLIC_PATHS', '/a*'],
  ['TRUSTED_PROXIES', 'all'],
  ['TRUSTED_PROXIES', '10.0.0'],
  ['TRUSTED_PROXIES', '10.0.0.0.0'],
  ['TRUSTED_PROXIES', '10.0.0.0.'],
  ['TRUSTED_PROXIES', '10.0.0.256'],
  ['TRUSTED_PROXIES', '10.0.0.0/33'],
  ['TRUSTED_PROXIES', '10.0.0.0/'],
  ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
  ['PURGE_ALLOW', '::1/129'],
  ['PURGE_ALLOW', '1:2:3'],
  ['PURGE_ALLOW', '1::2::3'],
  ['PURGE_ALLOW', '1:2:3:4:5:6:7:8:9'],
  ['PURGE_ALLOW', '12345::'],
  ['PURGE_ALLOW', ':::'],
  ['PURGE_ALLOW', '1:2:3:4:5:6:7::'], // nginx does not accept it
  ['INTROSPECTION_ACCEPT', 'json'],
  ['INTROSPECTION_ACCEPT', 'application/'],
  ['INTROSPECTION_ACCEPT', '/json'],
  ['INTROSPECTION_ACCEPT', 'a/b/c'],
  ['JWKS_URL', 'login.example.com/jwks'],
  ['ACCEPT_JWT', 'yes'],
  ['MINT', 'on'],
  ['MINT', 'Missing'],
  ['MINT_KEY_FILE', 'key.pem'],
  ['MINT_KEY_FILE', '/not/there'],
  ['MINT_KEY_FILE', '/tmp'],
  ['MINT_KEY_FILE', '/dev/null'],
  ['MINT_TTL', '59'],
  ['MINT_TTL', '86401'],
  ['MINT_TTL', '10m'],
  ['MINT_CLAIMS', 'email sub'],
  ['SENDER_CONSTRAINT', 'on'],
  ['DPOP_ORIGIN', 'api.test'],
  ['DPOP_ORIGIN', 'https://api.test/'],
  ['DPOP_ORIGIN', 'https://api.test/v1'],
  ['DPOP_MAX_AGE', '0'],
  ['DPOP_MAX_AGE', '3601'],
  ['DPOP_MAX_AGE', '1m'],
  ['DPOP_NONCE', 'yes'],
  ['CALLER_CERTIFICATE_HEADER', '$ssl_client_raw_cert'],
  ['CALLER_CERTIFICATE_HEADER', 'client_cert'],
  ['RESOURCE_METADATA', '/.well-known/oauth-protected-resource'],
  ['CACHE_CONTROL', 'off'],
  // Whoever may inspect the container can read its environment.
  ['CLIENT_SECRET', 'x'],
  ['MINT_KEY', 'x'],
];

for (const [variable, value] of MALFORMED) {
  test(`${variable}=${value} stops the container, which names the variable`, async (t) => {
    const others = /^MINT|^SENDER|^DPOP|^CALLER/.test(variable) ? { ...MINTING, ...BOUND } : {};
    t.deepEqual(named(await refusal(t, { ...GOOD, ...others, [variable]: value })), [variable]);
  });
}

/** What a variable needs, and what it is of no use without. */
const INCOMPLETE: [given: Record<string, string>, named: string[]][] = [
  [{ MINT: 'missing' }, ['MINT_ISSUER', 'MINT_KEY_FILE']],
  [{ ...MINTING, MINT: 'off', MINT_TTL: '60' }, ['MINT_ISSUER', 'MINT_KEY_FILE', 'MINT_TTL']],
  [{ SENDER_CONSTRAINT: 'require' }, ['DPOP_ORIGIN']],
  [{ ...BOUND, SENDER_CONSTRAINT: 'refuse' }, ['CALLER_CERTIFICATE_HEADER', 'DPOP_ORIGIN']],
  [{ ...BOUND, TRUSTED_PROXIES: '' }, ['TRUSTED_PROXIES']],
  [{ ...BOUND, DPOP_ORIGIN: '', DPOP_MAX_AGE: '30', DPOP_NONCE: 'on' }, ['DPOP_MAX_AGE', 'DPOP_NONCE']],
  [{ ACCEPT_JWT: 'on' }, ['AUDIENCE', 'ISSUER', 'JWKS_URL']],
  [{ INTROSPECTION_ACCEPT: 'application/token-introspection+jwt' }, ['ISSUER', 'JWKS_URL']],
];

for (const [given, missing] of INCOMPLETE) {
  const variables = Object.entries(given).map(([name, value]) => `${name}=${value}`);
  test(`${variables.join(' ')} and no more stops the container, which names ${missing.join(', ')}`, async (t) => {
    t.deepEqual(named(await refusal(t, { ...GOOD, ...given })), missing);
  });
}

test('nginx accepts every form that a list of addresses may have', async (t) => {
  const addresses =
    '10.0.0.0/8 192.0.2.1 0.0.0.0/0 ::/0 ::1 fe80::/10 2001:db8::1 1:2:3:4:5:6:7:8 1:2:3:4:5:6::';
  const variables = { ...GOOD, TRUSTED_PROXIES: addresses, PURGE_ALLOW: addresses };
  const written = await configuration(t, withPrefix(variables));
  t.is(written.match(/ allow \S+;/g)?.length, addresses.split(' ').length);
});

for (const [name, nearest] of [
  ['PHANTOM_TOKEN_REQUIRED_SCOPE', 'PHANTOM_TOKEN_REQUIRED_SCOPES'],
  ['PHANTOM_TOKEN_AUDEINCE', 'PHANTOM_TOKEN_AUDIENCE'],
  ['phantom_token_cache_ttl', 'PHANTOM_TOKEN_CACHE_TTL'],
  ['PHANTOM_TOKEN_CACHE-TTL', 'PHANTOM_TOKEN_CACHE_TTL'],
  ['PHANTOM_TOKEN_BREAKER_FAILURES', undefined],
] as const) {
  test(`${name}, which is not read, stops the container: a misspelt one would protect less`, async (t) => {
    const output = await refusal(t, GOOD, '--env', `${name}=x\nPHANTOM_TOKEN_IN_A_VALUE=x`);
    const named = name.replace('-', '?');
    const hint = nearest === undefined ? '' : `: did you mean ${nearest}?`;
    t.true(output.includes(`\n  ${named} is unknown${hint}\n`), output);
    t.is(output.match(/ is unknown/g)?.length, 1);
  });
}

test('the variables that Kubernetes sets for a Service of such a name are ignored', async (t) => {
  const links = {
    SERVICE_HOST: '10.0.0.1',
    SERVICE_PORT: '8080',
    SERVICE_PORT_HTTP: '8080',
    PORT: 'tcp://10.0.0.1:8080',
    PORT_8080_TCP: 'tcp://10.0.0.1:8080',
    PORT_8080_TCP_ADDR: '10.0.0.1',
    GATEWAY_PORT: 'udp://10.0.0.1:8080',
  };
  t.regex(await configuration(t, withPrefix({ ...GOOD, ...links })), /server 127\.0\.0\.1:8082;/);
  t.regex(await refusal(t, { ...GOOD, GATEWAY_PORT: '8080' }), /PHANTOM_TOKEN_GATEWAY_PORT is unknown/);
});

test('a variable without the prefix is not read, and the log says so', async (t) => {
  const written = await configuration(t, { ...withPrefix(GOOD), AUDIENCE: 'other', CLIENT_ID: 'other' });
  t.regex(written, /phantom-token: AUDIENCE is not read: its name is PHANTOM_TOKEN_AUDIENCE\n/);
  t.notRegex(written, /"other"|CLIENT_ID is not read/);
});

test('nothing in the configuration comes from a variable that is not checked', async (t) => {
  const template = await readFile(new URL('../../docker/nginx.conf.template', import.meta.url), 'utf8');
  const words = new Set([...template.matchAll(/@([A-Z0-9_]+)@/g)].map(([, word = '']) => word));
  t.true(words.size > 20);
  const marks = Object.fromEntries([...words].map((word) => [word, 'unchecked']));
  t.notRegex(await configuration(t, { ...marks, ...withPrefix(GOOD) }), /unchecked|@[A-Z0-9_]+@/);
});

for (const [variable, what] of [
  ['CLIENT_SECRET_FILE', 'secret'],
  ['MINT_KEY_FILE', 'key'],
] as const) {
  test(`a ${what} that the user may not read is refused at the start, with what to do`, async (t) => {
    const output = await refusal(
      t,
      { ...GOOD, ...MINTING, [variable]: '/etc/shadow' },
      '--volume',
      '/etc/shadow:/etc/shadow:ro',
    );
    t.deepEqual(named(output), [variable]);
    t.regex(output, /_FILE names \/etc\/shadow, which user 101 may not read: run with --user/);
  });
}

test('root is refused: its workers would run as another user, who cannot read the secret', async (t) => {
  const output = await refusal(t, GOOD, '--user', '0');
  t.regex(output, /^ {2}--user must not be 0: /m);
});

test('an empty secret file is refused at the start', async (t) => {
  t.deepEqual(named(await refusal(t, { ...GOOD, CLIENT_SECRET_FILE: '/dev/null' })), ['CLIENT_SECRET_FILE']);
});

test('a read-only container without /tmp says what is missing', async (t) => {
  const variables = variableOptions(withPrefix(GOOD));
  const run = ['run', '--rm', '--read-only', ...LABEL_OPTIONS];
  const { ok, output } = await inTurn(() => docker(...run, ...variables, IMAGE));
  t.false(ok);
  t.regex(output, /needs --tmpfs \/tmp/);
});

test('a host that can never be found because there is no DNS server is named', async (t) => {
  t.deepEqual(named(await refusal(t, GOOD, '--volume', '/dev/null:/etc/resolv.conf:ro')), [
    'INTROSPECTION_URL',
  ]);
});
