// What the README shows is what runs: its configurations exchange a token, its tables are those of the code.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { clientSettingsTable } from '../../src/core/client_settings.js';
import { cacheStatuses, denialReasons, unavailableReasons } from '../../src/core/outcome.js';
import { settingsTable } from '../../src/core/settings.js';
import { codeBlocks } from '../support/code_blocks.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';
import { SETUPS, type Setup } from '../support/setups.js';
import { assertProtects, runShown } from '../support/shown_config.js';
import { startUpstream } from '../support/upstream.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const README = await readFile(join(REPOSITORY, 'README.md'), 'utf8');
const CONFIGS = codeBlocks(README, 'nginx').filter((block) => block.includes('http {'));
const JWT = makeJwt({ scope: 'read', exp: 4102444800 });

/** The one configuration of the set-up's mode. */
function configOf(t: ExecutionContext, setup: Setup): string {
  const folder = setup.mode === 'access' ? 'phantom_token' : 'phantom_token/auth_request';
  const configs = CONFIGS.filter((config) => config.includes(`include ${folder}/protect.conf;`));
  t.is(configs.length, 1);
  return configs[0] as string;
}

for (const setup of SETUPS) {
  test(`[${setup.name}] the README's configuration exchanges a token, without a warning`, async (t) => {
    await assertProtects(t, { setup, config: configOf(t, setup) });
  });
}

test('every snippet in nginx/ is in a configuration of the README; the examples have tests of their own', async (t) => {
  const files = await readdir(join(REPOSITORY, 'nginx'), { recursive: true });
  const snippets = files.filter((file) => file.endsWith('.conf') && !file.startsWith('examples/'));
  const included = [...CONFIGS.join('\n').matchAll(/include phantom_token\/([^;]+);/g)].map(
    (match) => match[1] ?? '',
  );
  t.deepEqual([...new Set(included)].sort(), snippets.sort());
});

test('the table of settings has a row for each setting, with its default, and no other', (t) => {
  const table = README.split('<!-- settings')[1]?.split('\n\n')[0] ?? '';
  const rows = [...table.matchAll(/^\| `\$(\w+)` \| (?:`([^`]*)`)? ?\|/gm)].map((match) => [
    match[1],
    match[2] ?? '',
  ]);
  const expected = [...settingsTable(), ...clientSettingsTable()].map((setting) => [
    setting.variable,
    setting.defaultValue,
  ]);
  t.deepEqual(rows.sort(), expected.sort());
});

test('the reason codes are those of the code', (t) => {
  const codes: string[] = [...denialReasons(), ...unavailableReasons()];
  const section = README.split('### Reason codes')[1]?.split('\n## ')[0] ?? '';
  const named = [...section.matchAll(/`([a-z]+_?[a-z_]*)`/g)].map((match) => match[1] ?? '');
  t.deepEqual(named.sort(), codes.sort());
});

test('the cache statuses are those of the code', (t) => {
  const section = README.split('## Operating it')[1]?.split('**Metrics**')[0] ?? '';
  const named = [...section.matchAll(/^\| `([A-Z]+)` \|/gm)].map((match) => match[1] ?? '');
  t.deepEqual(
    named.sort(),
    cacheStatuses()
      .filter((status) => status !== '')
      .sort(),
  );
});

/** The command of the install section that lists misspelt settings. */
const CHECK = codeBlocks(README, 'sh').find((block) => block.includes('unknown setting')) ?? '';

async function runCheck(prefix: string, binary: string): Promise<string> {
  const shim = `#!/bin/sh\nexec ${binary} -p ${prefix} -c nginx.conf -e ${prefix}/logs/error.log "$@"\n`;
  await mkdir(join(prefix, 'bin'));
  await writeFile(join(prefix, 'bin/nginx'), shim, { mode: 0o755 });
  const script = CHECK.replaceAll('/etc/nginx/phantom_token', join(prefix, 'phantom_token'));
  const env = { ...process.env, PATH: `${prefix}/bin:${process.env.PATH}` };
  const { stdout } = await promisify(execFile)('sh', ['-c', script], { env });
  return stdout;
}

for (const [what, from, to, expected] of [
  ['says nothing of the configurations shown', '', '', ''],
  [
    'names a misspelt setting',
    'set $phantom_token_required_scopes',
    'set $phantom_token_required_scope',
    'unknown setting: $phantom_token_required_scope\n',
  ],
] as const) {
  for (const setup of SETUPS) {
    test(`[${setup.name}] the README's check ${what}`, async (t) => {
      const config = configOf(t, setup).replaceAll(from, to);
      await runShown(t, { setup, apiPort: 1, config }, async ({ nginx }) => {
        t.is(await runCheck(nginx.prefix, setup.runtime.binary), expected);
      });
    });
  }
}

/** What the README shows as parts of a server: the purge and the metrics location. */
const FRAGMENTS = codeBlocks(README, 'nginx').filter((block) => !block.includes('http {'));

for (const setup of SETUPS) {
  test(`[${setup.name}] the README's locations for purge and metrics work in its configuration`, async (t) => {
    const config = configOf(t, setup).replace(
      'location = /introspect',
      `${FRAGMENTS.join('')}\nlocation = /introspect`,
    );
    const upstream = await startUpstream();
    try {
      await runShown(t, { setup, apiPort: upstream.port, config }, async (g) => {
        g.as().reply(jwt(JWT));
        const token = { authorization: 'Bearer opaque-1' };
        t.is((await request(`${g.url}/api/`, { headers: token })).statusCode, 200);
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const purged = await request(`${g.url}/purge`, { method: 'POST', headers, body: 'token=opaque-1' });
        t.is(purged.statusCode, 204);
        t.is((await request(`${g.url}/api/`, { headers: token })).statusCode, 401);
        t.is((await request(`${g.url}/metrics`)).statusCode, 200);
      });
    } finally {
      await upstream.close();
    }
  });
}
