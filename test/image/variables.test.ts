// A variable that is missing or malformed stops the container, and no value becomes configuration.
import test, { type ExecutionContext } from 'ava';
import { docker, gatewayVariables, IMAGE, inTurn, LABEL_OPTIONS } from '../support/container.js';

const GOOD: Record<string, string> = {
  ...gatewayVariables('https://login.example.com', 'http://127.0.0.1:8082'),
  CLIENT_SECRET_FILE: '/etc/hostname', // any file that is there
};

/** Runs the image with these variables until it stops, which it does in these tests. */
async function refusal(
  t: ExecutionContext,
  env: Record<string, string>,
  ...options: string[]
): Promise<string> {
  const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const run = ['run', '--rm', '--network', 'none', '--read-only', '--tmpfs', '/tmp', ...LABEL_OPTIONS];
  const { ok, output } = await inTurn(() => docker(...run, ...variables, ...options, IMAGE));
  t.false(ok, output);
  t.notRegex(output, /start worker process/);
  return output;
}

/** The variables that the output complains of. */
function named(output: string): string[] {
  return [...output.matchAll(/^ {2}([A-Z_]+) /gm)].map(([, name]) => name as string).sort();
}

test('all variables that are missing are named at once', async (t) => {
  const output = await refusal(t, {});
  t.deepEqual(named(output), ['CLIENT_ID', 'CLIENT_SECRET_FILE', 'INTROSPECTION_URL', 'UPSTREAM_URL']);
  t.regex(output, /docs\/docker\.md/);
});

test('an empty variable counts as none', async (t) => {
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
  'https://[::g]/',
  'https://[::1]x/',
  'https://login.example.com/#x',
];

/** What nginx would read as more than a value. */
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
const NAMES = ['INTROSPECTION_URL', 'UPSTREAM_URL', 'CLIENT_ID', 'CLIENT_SECRET_FILE', 'REQUIRED_SCOPES'];
const MORE_NAMES = ['AUDIENCE', 'ISSUER', 'INTROSPECTION_CA_FILE', 'UPSTREAM_CA_FILE', 'LISTEN_PORT'];
const LAST_NAMES = ['MANAGEMENT_PORT', 'WORKER_PROCESSES'];
const ALL = [...NAMES, ...MORE_NAMES, ...LAST_NAMES];

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
};

for (const injection of INJECTIONS) {
  // A space separates scopes, and is none of a scope's own characters.
  const refusing = ALL.filter((name) => name !== 'REQUIRED_SCOPES' || injection !== ' ');
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
  // In the environment everybody who may inspect the container reads it.
  ['CLIENT_SECRET', 'x'],
];

for (const [variable, value] of MALFORMED) {
  test(`${variable}=${value} stops the container, which names the variable`, async (t) => {
    t.deepEqual(named(await refusal(t, { ...GOOD, [variable]: value })), [variable]);
  });
}

test('a secret that the user may not read is refused at the start, with the way out', async (t) => {
  const output = await refusal(
    t,
    { ...GOOD, CLIENT_SECRET_FILE: '/etc/shadow' },
    '--volume',
    '/etc/shadow:/etc/shadow:ro',
  );
  t.regex(output, /CLIENT_SECRET_FILE names \/etc\/shadow, which user 101 may not read: run with --user/);
});

test('root is refused: its workers would be another user, without the secret', async (t) => {
  const output = await refusal(t, GOOD, '--user', '0');
  t.regex(output, /^ {2}--user must not be 0: /m);
});

test('a secret file that is empty is refused at the start', async (t) => {
  t.deepEqual(named(await refusal(t, { ...GOOD, CLIENT_SECRET_FILE: '/dev/null' })), ['CLIENT_SECRET_FILE']);
});

test('a read-only container without /tmp says what is missing', async (t) => {
  const variables = Object.entries(GOOD).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const run = ['run', '--rm', '--read-only', ...LABEL_OPTIONS];
  const { ok, output } = await inTurn(() => docker(...run, ...variables, IMAGE));
  t.false(ok);
  t.regex(output, /needs --tmpfs \/tmp/);
});

test('a host that can never be found, without a DNS server, is named', async (t) => {
  t.deepEqual(named(await refusal(t, GOOD, '--volume', '/dev/null:/etc/resolv.conf:ro')), [
    'INTROSPECTION_URL',
  ]);
});
