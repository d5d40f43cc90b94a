// What the README and the pages of docs show works: configurations exchange a token, parts of them are loaded,
// commands do what the text says, tables match the code. test/image tests docs/docker.md, test/package docs/check.md,
// test/tools/kubernetes.test.ts docs/kubernetes.md, guides.test.ts the guides.
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { buildDenial } from '../../src/core/answer/challenge.js';
import { buildUnavailable } from '../../src/core/answer/failure_answer.js';
import { denied } from '../../src/core/answer/outcome.js';
import {
  cacheStatuses,
  denialReasons,
  malformedReasons,
  unavailableReasons,
} from '../../src/core/answer/reasons.js';
import { misconfigured, notAnswered } from '../../src/core/answer/unavailable.js';
import type { RefusalSettings } from '../../src/core/settings/settings.js';
import { SETTINGS } from '../../src/core/settings/table.js';
import { algorithmOfPkcs8, decodePrivateKeys } from '../../src/core/signature/pem.js';
import { codeBlocks } from '../support/code_blocks.js';
import { startDnsServer } from '../support/dns_server.js';
import { makeJwt } from '../support/jwt.js';
import { REPOSITORY, readGuides, readPages, sectionOf } from '../support/pages.js';
import { closeBeforeAnswer, jwt, startScriptedServer } from '../support/scripted_server.js';
import { SETUPS, type Setup } from '../support/setups.js';
import { assertProtects, configOf, runShown } from '../support/shown_config.js';
import { startUpstream } from '../support/upstream.js';

const PAGES = readPages();
PAGES.delete('docs/docker.md');
// Its configurations are wrong on purpose: test/package.
PAGES.delete('docs/check.md');
PAGES.delete('docs/kubernetes.md');
const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const COMMAND_TIMEOUT_MS = 20_000;
const LOOKUP_TIMEOUT_MS = 20_000;

function pageOf(path: string): string {
  const page = PAGES.get(path);
  if (page === undefined) throw new Error(`there is no ${path}`);
  return page;
}

// Configurations and parts of them

interface Block {
  readonly page: string;
  readonly text: string;
}

function blocksOf(language: string): Block[] {
  return [...PAGES].flatMap(([page, text]) =>
    codeBlocks(text, language).map((block) => ({ page, text: block })),
  );
}

const CONFIGS = blocksOf('nginx').filter(({ text }) => text.includes('http {'));
const PARTS = blocksOf('nginx').filter(({ text }) => !text.includes('http {'));

for (const setup of SETUPS) {
  test(`[${setup.name}] the README's configuration, or that of its mode, exchanges a token, without a warning`, async (t) => {
    await assertProtects(t, { setup, config: configOf(setup) });
  });
}

test("the pages show two configurations, the README's and that of auth_request mode: both are loaded above", (t) => {
  t.deepEqual(
    CONFIGS.map(({ page }) => page),
    ['README.md', 'docs/auth_request.md'],
  );
});

/** What other_proxies.test.ts runs or reads. */
const OF_OTHER_PROXIES = ['caddyfile', 'haproxy', 'lua', 'yaml'];

test('every block of a page is a configuration, commands or a drawing, so that no other kind remains untested', (t) => {
  for (const [page, text] of PAGES) {
    const fences = [...text.matchAll(/^ *```(.*)$/gm)].map(([, language]) => language);
    const opening = fences.filter((_, index) => index % 2 === 0);
    const known = ['nginx', 'sh', '', ...(page === 'docs/forward_auth.md' ? OF_OTHER_PROXIES : [])];
    t.deepEqual(
      opening.filter((language) => !known.includes(language ?? '')),
      [],
      page,
    );
  }
});

test('every snippet in nginx/ is in a configuration, or a part of one, on a page; the examples have their own tests', async (t) => {
  const files = await readdir(join(REPOSITORY, 'nginx'), { recursive: true });
  const snippets = files.filter((file) => file.endsWith('.conf') && !file.startsWith('examples/'));
  const blocks = [...CONFIGS, ...PARTS].map((block) => block.text);
  const text = [...blocks, ...readGuides().values()].join('\n');
  const included = [...text.matchAll(/include phantom_token\/([^;]+);/g)].map((match) => match[1] ?? '');
  t.deepEqual([...new Set(included)].sort(), snippets.sort());
});

/**
 * The configuration of the set-up's mode with a part that a page shows: first lines of http, then locations. Upstreams
 * and locations replace those with the same name. The parts are in access mode; docs/auth_request.md says which lines to
 * change.
 */
function withPart(setup: Setup, part: string): string {
  let config = configOf(setup);
  for (const [head] of part.matchAll(/^upstream .* \{$/gm)) config = withoutBlock(config, head, 4);
  for (const [head] of part.matchAll(/^location .* \{$/gm)) config = withoutBlock(config, head, 8);
  const folder = setup.mode === 'access' ? 'phantom_token' : 'phantom_token/auth_request';
  const fitted = part.replaceAll('include phantom_token/protect.conf;', `include ${folder}/protect.conf;`);
  const firstLocation = fitted.search(/^location /m);
  const start = firstLocation < 0 ? fitted.length : firstLocation;
  return config
    .replace('http {\n', (line) => line + fitted.slice(0, start))
    .replace(/server_name .*\n/, (line) => line + fitted.slice(start));
}

function withoutBlock(config: string, head: string, indent: number): string {
  const margin = ' '.repeat(indent);
  const start = config.indexOf(`${margin}${head}\n`);
  const end = `\n${margin}}\n`;
  return start < 0 ? config : config.slice(0, start) + config.slice(config.indexOf(end, start) + end.length);
}

/** `resolve` came with nginx 1.27.3. */
function takes(setup: Setup, part: string): boolean {
  return !part.includes(' resolve;') || !setup.runtime.nginxVersion.startsWith('1.26.');
}

for (const [index, { page, text }] of PARTS.entries()) {
  for (const setup of SETUPS.filter((candidate) => takes(candidate, text))) {
    test(`[${setup.name}] part ${index + 1}, of ${page}, is loaded in the README's configuration and leaves it closed`, async (t) => {
      await runShown(t, { setup, apiPort: 1, config: withPart(setup, text) }, async ({ url }) => {
        t.is((await request(`${url}/api/`)).statusCode, 401);
      });
    });
  }
}

const RESOLVE = partWith(' resolve;');

for (const setup of SETUPS.filter((candidate) => takes(candidate, RESOLVE))) {
  test(`[${setup.name}] the upstream shown is looked up at its name server while nginx runs`, async (t) => {
    const upstream = await startUpstream();
    const dns = await startDnsServer('login.example.com');
    // The part as shown, except for the address of the name server and the name that runShown replaces by an address.
    const edit = (config: string) =>
      config
        .replace(/resolver [^;]+;/, `resolver 127.0.0.1:${dns.port} ipv6=off;`)
        .replace(/server 127\.0\.0\.1:(\d+) resolve;/, 'server login.example.com:$1 resolve;');
    try {
      const shown = { setup, apiPort: upstream.port, config: withPart(setup, RESOLVE), edit };
      await runShown(t, shown, async (g) => {
        g.as().reply(jwt(JWT));
        const headers = { authorization: 'Bearer opaque-1' };
        const deadlineMs = Date.now() + LOOKUP_TIMEOUT_MS;
        let status = 0;
        // The first requests may come before the name server's answer.
        while (status !== 200 && Date.now() < deadlineMs) {
          status = (await request(`${g.url}/api/`, { headers })).statusCode;
        }
        t.is(status, 200);
        t.is(g.as().requests[0]?.headers.host, 'login.example.com');
      });
    } finally {
      await dns.close();
      await upstream.close();
    }
  });
}

function partWith(text: string): string {
  const found = PARTS.filter((part) => part.text.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} parts hold ${text}`);
  return (found[0] as Block).text;
}

/** As docs/operations.md says. */
async function lastLineUncommented(zones: string): Promise<string> {
  const text = await readFile(join(REPOSITORY, 'nginx', zones), 'utf8');
  return (text.trimEnd().split('\n').at(-1) as string).replace(/^# /, '');
}

for (const setup of SETUPS) {
  test(`[${setup.name}] the locations shown for purge and metrics do what the page says`, async (t) => {
    const locations = withPart(setup, partWith('phantom_token.purge') + partWith('phantom_token.metrics'));
    const zone = await lastLineUncommented(setup.zones);
    const config = locations.replace('http {\n', (line) => `${line}${zone}\n`);
    const upstream = await startUpstream();
    try {
      await runShown(t, { setup, apiPort: upstream.port, config }, async (g) => {
        g.as().reply(jwt(JWT));
        const token = { authorization: 'Bearer opaque-1' };
        t.is((await request(`${g.url}/api/`, { headers: token })).statusCode, 200);
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const purged = await request(`${g.url}/purge`, { method: 'POST', headers, body: 'token=opaque-1' });
        t.is(purged.statusCode, 200);
        t.is((await request(`${g.url}/api/`, { headers: token })).statusCode, 401);
        t.is((await request(`${g.url}/metrics`)).statusCode, 200);
      });
    } finally {
      await upstream.close();
    }
  });
}

// Commands

const run = new Set<string>();

/** The one block of commands with that text; the caller runs it. */
function commandsWith(text: string): string {
  const found = blocksOf('sh').filter((block) => block.text.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} blocks of commands hold ${text}`);
  const commands = (found[0] as Block).text;
  run.add(commands);
  return commands;
}

const COPY = commandsWith('cp -r');
const CALL = commandsWith('nginx -s reload\ncurl');
const CHECK = commandsWith('check -');
const PURGE = commandsWith('/purge');
const INTROSPECT = commandsWith('oauth-introspect');
const MAKE_KEY = commandsWith('gateway_key.pem');
const MAKE_MINT_KEY = commandsWith('-out mint_key.pem');
const PUBLISH_NEW_KEY = commandsWith('new_key.pem');
/** Blocks that other tests run, or that no test can run: the first words of each. */
const RUN_ELSEWHERE = [
  'npm start ', // CI
  'docker compose up --build ', // test/image
  'npx njs-phantom-token init /etc/nginx/phantom_token', // test/package
  'npx njs-phantom-token migrate ', // test/package
  'npx njs-phantom-token@latest init --force ', // needs a registry; test/package has --force
  'npm run test:njs ', // a compiler, sources of njs and minutes for each version; docs/njs_versions.md has its figures
];

test('every command on a page is run by a test here, or listed with the place that runs it', (t) => {
  const others = blocksOf('sh')
    .map(({ text }) => text.trim())
    .filter((text) => ![...run].some((commands) => commands.trim() === text));
  t.deepEqual(
    others.filter((text) => !RUN_ELSEWHERE.some((words) => text.startsWith(words))),
    [],
  );
  t.is(others.length, RUN_ELSEWHERE.length);
});

/** A test that needs a command which a bare machine may lack. */
function commandTest(
  program: 'curl' | 'openssl',
  title: string,
  body: (t: ExecutionContext) => Promise<void>,
) {
  const isThere = spawnSync(program, ['version']).error === undefined;
  // In CI, no test is skipped.
  (isThere || process.env.CI ? test : test.skip)(title, body);
}

/** Returns stdout. */
async function shell(commands: string, cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd, env: { ...process.env, ...env }, timeout: COMMAND_TIMEOUT_MS };
  const { stdout } = await promisify(execFile)('sh', ['-ec', commands], options);
  return stdout;
}

/** A PATH with which `nginx` is the nginx of the prefix. */
async function pathToNginx(prefix: string, binary: string): Promise<string> {
  const shim = `#!/bin/sh\nexec ${binary} -p ${prefix} -c nginx.conf -e ${prefix}/logs/error.log "$@"\n`;
  await mkdir(join(prefix, 'bin'));
  await writeFile(join(prefix, 'bin/nginx'), shim, { mode: 0o755 });
  return `${prefix}/bin:${process.env.PATH}`;
}

for (const [what, from, to, expected] of [
  ['says nothing of the configurations shown', '', '', ''],
  [
    'names a misspelt setting',
    'set $phantom_token_required_scopes',
    'set $phantom_token_required_scope',
    'unknown_setting: $phantom_token_required_scope is no setting',
  ],
  [
    'names a setting with a digit too much, after a directive on the same line',
    'listen 8080;',
    'listen 8080; set\n$phantom_token_cache_ttl2 5;',
    'unknown_setting: $phantom_token_cache_ttl2 is no setting',
  ],
  [
    'names the misspelt target of a map',
    '    server {\n',
    'map "$uri x" $phantom_token_required_scope\n{ default $phantom_token_realm; }\n server {\n',
    'unknown_setting: $phantom_token_required_scope is no setting',
  ],
  [
    'says nothing of a map whose target is a setting, or whose source is one',
    '    server {\n',
    'map $uri $phantom_token_Audience { default "a"; } map $phantom_token_realm  $mine { default ""; } server {\n',
    '',
  ],
  [
    'says nothing of comments',
    'listen 8080;',
    '# set $phantom_token_required_scope a;\nlisten 8080;# set $phantom_token_audiense a;\n#map $uri $phantom_token_issuers {\n',
    '',
  ],
] as const) {
  for (const setup of SETUPS) {
    test(`[${setup.name}] the README's check ${what}`, async (t) => {
      const config = configOf(setup).replaceAll(from, to);
      await runShown(t, { setup, apiPort: 1, config }, async ({ nginx: { prefix } }) => {
        const commands = CHECK.trim().replace(
          'npx njs-phantom-token',
          `${process.execPath} ${REPOSITORY}dist/cli.js`,
        );
        const PATH = await pathToNginx(prefix, setup.runtime.binary);
        // It ends with 1 when it finds something.
        const printed = await shell(`${commands} || true`, prefix, { PATH });
        t.is(/: error: (.*?)\. /.exec(printed)?.[1] ?? '', expected, printed);
        t.is(printed.split('\n').length, expected === '' ? 1 : 2, printed);
      });
    });
  }
}

const FIRST = SETUPS[0] as Setup;

test("the README's commands for a copy by hand make a folder with which the configuration works", async (t) => {
  const folder = join(await mkdtemp(join(tmpdir(), 'phantom-token-copy-')), 'phantom_token');
  t.teardown(() => rm(join(folder, '..'), { recursive: true }));
  await shell(COPY.replaceAll('/etc/nginx/phantom_token', folder), REPOSITORY);
  const config = configOf(FIRST)
    .replaceAll('/etc/nginx/phantom_token', folder)
    .replaceAll('include phantom_token/', `include ${folder}/`);
  await assertProtects(t, { setup: FIRST, config, folder });
});

const LOG_LINE = /`(\d{4}\/.* \[error\] .*)`/.exec(pageOf('README.md'))?.[1] ?? '';

for (const setup of SETUPS) {
  test(`[${setup.name}] the line of the error log that the README shows is nginx's own`, async (t) => {
    await runShown(t, { setup, apiPort: 1, config: configOf(setup) }, async (g) => {
      g.as().reply(closeBeforeAnswer());
      const headers = { authorization: 'Bearer opaque-1' };
      t.is((await request(`${g.url}/api/`, { headers })).statusCode, 502);
      const pattern = LOG_LINE.replace(/[[\]*$]/g, '\\$&')
        .replace('...', '.+')
        .replace(/\d+/g, '\\d+');
      t.regex(await g.nginx.errorLog(), new RegExp(`^${pattern}$`, 'm'));
    });
  });
}

commandTest('curl', "the README's calls are answered 401 and, without the scope, 403", async (t) => {
  await runShown(t, { setup: FIRST, apiPort: 1, config: configOf(FIRST) }, async (g) => {
    g.as().reply(jwt(makeJwt({ scope: 'write', exp: 4102444800 })));
    const PATH = await pathToNginx(g.nginx.prefix, FIRST.runtime.binary);
    const commands = CALL.replaceAll('http://localhost:8080', g.url);
    const printed = await shell(commands, g.nginx.prefix, { PATH, TOKEN: 'opaque-1' });
    t.deepEqual(statusesIn(printed), ['401', '403']);
  });
});

commandTest('curl', 'the command shown for a purge ends the token', async (t) => {
  const config = withPart(FIRST, partWith('phantom_token.purge'));
  await runShown(t, { setup: FIRST, apiPort: 1, config }, async (g) => {
    g.as().reply(jwt(makeJwt({ scope: 'read', exp: 4102444800 })));
    const headers = { authorization: 'Bearer opaque-1' };
    t.not((await request(`${g.url}/api/`, { headers })).statusCode, 401);
    const commands = PURGE.replaceAll('http://localhost:8080', g.url);
    t.deepEqual(statusesIn(await shell(commands, g.nginx.prefix, { TOKEN: 'opaque-1' })), ['200']);
    t.is((await request(`${g.url}/api/`, { headers })).statusCode, 401);
    t.is(g.as().requests.length, 1);
  });
});

commandTest(
  'curl',
  'the command shown for an authorization server asks as the gateway does (RFC 7662 §2.1)',
  async (t) => {
    const server = await startScriptedServer();
    try {
      server.reply(jwt(JWT));
      const commands = INTROSPECT.replaceAll('https://login.example.com', server.url);
      const printed = await shell(commands, REPOSITORY, { TOKEN: 'opaque-1+/=' });
      t.deepEqual(statusesIn(printed), ['200']);
      t.true(printed.endsWith(JWT));
      const received = server.requests[0];
      t.is(received?.method, 'POST');
      t.deepEqual(received?.form, { token: 'opaque-1+/=' });
      t.is(received?.headers.accept, 'application/jwt');
      t.is(received?.headers.authorization, `Basic ${Buffer.from('id:secret').toString('base64')}`);
    } finally {
      await server.close();
    }
  },
);

function statusesIn(printed: string): string[] {
  return [...printed.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status as string);
}

commandTest('openssl', 'the key that the commands make authenticates the gateway as shown', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-key-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await shell(MAKE_KEY, folder);
  const files = { 'gateway_key.pem': await readFile(join(folder, 'gateway_key.pem'), 'utf8') };
  t.regex(await readFile(join(folder, 'gateway_key.pub.pem'), 'utf8'), /^-----BEGIN PUBLIC KEY-----/);
  const config = withPart(FIRST, partWith('/run/secrets/gateway_key.pem'));
  const upstream = await startUpstream();
  try {
    const shown = { setup: FIRST, apiPort: upstream.port, config, files };
    await runShown(t, shown, async (g) => {
      g.as().reply(jwt(JWT));
      const headers = { authorization: 'Bearer opaque-1' };
      t.is((await request(`${g.url}/api/`, { headers })).statusCode, 200);
      const form = g.as().requests[0]?.form ?? {};
      t.is(form.client_id, 'gateway-client');
      t.regex(form.client_assertion ?? '', /^eyJ[\w-]+\.[\w-]+\.[\w-]{342}$/);
    });
  } finally {
    await upstream.close();
  }
});

commandTest(
  'openssl',
  'the commands of minting.md make a key that signs ES256, and publish a second one behind it',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'phantom-token-commands-'));
    t.teardown(() => rm(folder, { recursive: true }));
    await shell(MAKE_MINT_KEY, folder);
    const made = decodePrivateKeys(await readFile(join(folder, 'mint_key.pem'), 'utf8'));
    t.deepEqual(made.map(algorithmOfPkcs8), ['ES256']);

    await shell(PUBLISH_NEW_KEY, folder);
    const published = decodePrivateKeys(await readFile(join(folder, 'mint_key.pem'), 'utf8'));
    t.deepEqual(published.map(algorithmOfPkcs8), ['ES256', 'ES256']);
    t.deepEqual(published[0], made[0]);
    t.is((await stat(join(folder, 'mint_key.pem'))).mode & 0o777, 0o600);
  },
);

// Tables

/** Variable and default of each row of the table under the line with a mark. */
function settingRows(page: string, mark: string): string[][] {
  const below = page.split(mark)[1]?.replace(/.*\s+/, '');
  const table = below?.split('\n\n')[0] ?? '';
  return [...table.matchAll(/^\| `\$(\w+)` \| (?:`([^`]*)`)? ?\|/gm)].map((match) => [
    match[1] ?? '',
    match[2] ?? '',
  ]);
}

const DEFAULTS = SETTINGS.map(({ variable, value }) => [variable, value.defaultValue]);

test('the table of settings has a row for each setting, with its default, and no other', (t) => {
  t.deepEqual(
    settingRows(pageOf('docs/settings.md'), '<!-- generated: settings').sort(),
    DEFAULTS.toSorted(),
  );
});

test('the settings in the README exist, with these defaults', (t) => {
  const rows = settingRows(pageOf('README.md'), '<!-- settings: some');
  t.true(rows.length >= 5 && rows.length <= 8);
  for (const row of rows) {
    t.deepEqual(
      row,
      DEFAULTS.find(([variable]) => variable === row[0]),
    );
  }
});

test('every variable of the gateway that a page names is declared in http.conf', async (t) => {
  const conf = await readFile(join(REPOSITORY, 'nginx/http.conf'), 'utf8');
  const declared = new Set(
    [...conf.matchAll(/^(?:js_var|js_set|map \S+) (\$\w+)/gm)].map(([, name]) => name),
  );
  for (const [page, text] of [...PAGES, ...readGuides()]) {
    const named = [...text.matchAll(/\$phantom_\w+/g)].map(([name]) => name);
    t.deepEqual(
      named.filter((name) => !declared.has(name)),
      [],
      page,
    );
  }
});

test('the reason codes and their statuses match the code', (t) => {
  const section = sectionOf(pageOf('docs/answers.md'), '## Reason codes');
  const rows = [...section.matchAll(/^\| `(\w+)` \|(?: (\d+) \|)?/gm)].map(([, reason, status]) => [
    reason,
    status,
  ]);
  t.deepEqual(
    rows.filter(([, status]) => status === undefined).map(([reason]) => reason),
    [...malformedReasons(), ...denialReasons()].toSorted(byOrderOf(rows)),
  );
  t.deepEqual(
    rows.filter(([, status]) => status !== undefined),
    unavailableReasons()
      .toSorted(byOrderOf(rows))
      .map((reason) => [reason, String(buildUnavailable(notAnswered(reason, '')).status)]),
  );
});

/** A page may have its own order. */
function byOrderOf(rows: (string | undefined)[][]): (a: string, b: string) => number {
  const place = (reason: string) => rows.findIndex(([name]) => name === reason);
  return (a, b) => place(a) - place(b);
}

/** Of a location that sets nothing. */
const REFUSAL: RefusalSettings = {
  realm: 'api',
  scopes: [],
  requiredScopes: [],
  negativeCacheTtlSec: 5,
  sender: undefined,
  resourceMetadata: '',
};

test('the answers of the table match the code: status, challenge and code in the body', (t) => {
  const section = sectionOf(pageOf('docs/answers.md'), '## To the client');
  const rows = [...section.matchAll(/^\| .* \| (\d{3})[^|]*\| (?:`(.*)` )?\| `(\w+)` \|$/gm)].map(
    ([, status, challenge = '', code]) => [Number(status), challenge, code],
  );
  const refusals = [
    buildDenial(denied('token_missing', ''), REFUSAL),
    buildDenial(denied('token_inactive', ''), REFUSAL),
    buildDenial(denied('scope_insufficient', ''), { ...REFUSAL, requiredScopes: ['read'] }),
    ...(['introspection_unreachable', 'introspection_overloaded', 'introspection_timeout'] as const).map(
      (reason) => buildUnavailable(notAnswered(reason, '')),
    ),
    buildUnavailable(misconfigured('')),
  ];
  t.deepEqual(
    rows,
    refusals.map(({ status, challenge, body }) => [status, challenge, JSON.parse(body).code]),
  );
});

test('the cache statuses match the code', (t) => {
  const section = sectionOf(pageOf('docs/operations.md'), '## Cache status');
  const named = [...section.matchAll(/^\| `([A-Z]+)` \|/gm)].map((match) => match[1] ?? '');
  t.deepEqual(
    named.sort(),
    cacheStatuses()
      .filter((status) => status !== '')
      .sort(),
  );
});
