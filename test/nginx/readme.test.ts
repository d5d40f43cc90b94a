// What the README shows is what runs: its configurations exchange a token, its tables are those of the code.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { mainContext, startNginx } from '../../demo/nginx_process.js';
import { settingsTable } from '../../src/core/settings.js';
import { nextHost } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt, startScriptedServer } from '../support/scripted_server.js';
import { SETUPS, type Setup } from '../support/setups.js';
import { startUpstream } from '../support/upstream.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const README = await readFile(join(REPOSITORY, 'README.md'), 'utf8');
const CONFIGS = codeBlocks('nginx').filter((block) => block.includes('http {'));
const JWT = makeJwt({ scope: 'read', exp: 4102444800 });

function codeBlocks(language: string): string[] {
  return [...README.matchAll(/```(\w+)\n(.*?)```/gs)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? '');
}

/** Replaces, and fails when there is nothing to replace: then the README has changed and this test must follow. */
function replace(t: ExecutionContext, text: string, from: string | RegExp, to: string): string {
  const replaced = text.replace(from, to);
  t.not(replaced, text, `the README's configuration has no ${from}`);
  return replaced;
}

/** Lays out a folder as the README's second step says, and makes its configuration fit this machine. */
async function runConfig(t: ExecutionContext, setup: Setup, config: string): Promise<void> {
  const prefix = await mkdtemp(join(tmpdir(), 'phantom-token-readme-'));
  const as = await startScriptedServer();
  const upstream = await startUpstream();
  const host = nextHost();
  await cp(join(REPOSITORY, 'nginx'), join(prefix, 'phantom_token'), { recursive: true });
  await cp(join(REPOSITORY, 'dist/phantom_token.js'), join(prefix, 'phantom_token/phantom_token.js'));
  await writeFile(join(prefix, 'ca.crt'), rootCertificates[0] as string);
  let conf = replace(t, config, /load_module [^;]+;/, mainContext(setup.runtime));
  conf = replace(t, conf, '/etc/nginx/phantom_token', join(prefix, 'phantom_token'));
  conf = replace(t, conf, '/etc/ssl/certs/ca-certificates.crt', join(prefix, 'ca.crt'));
  conf = replace(t, conf, 'listen 8080;', `listen ${host}:8080;`);
  conf = replace(t, conf, '127.0.0.1:8082', `127.0.0.1:${upstream.port}`);
  conf = replace(t, conf, 'https://login.example.com', as.url);
  const engine = setup.runtime.engines.length > 1 ? `js_engine ${setup.engine};` : '';
  conf = replace(t, conf, 'http {', `http { ${engine} ${TEMPORARY_FILES}`);
  const nginx = await startNginx({ runtime: setup.runtime, conf, prefix });
  try {
    as.reply(jwt(JWT));
    const served = await request(`http://${host}:8080/api/`, {
      headers: { authorization: 'Bearer opaque-1' },
    });
    t.is(served.statusCode, 200);
    t.is(upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
    const refused = await request(`http://${host}:8080/api/`);
    t.is(refused.statusCode, 401);
    t.is(refused.headers['www-authenticate'], 'Bearer realm="api", scope="read"');
    t.notRegex(await nginx.errorLog(), /\[(warn|emerg|alert)\]/);
  } finally {
    await nginx.stop();
    await as.close();
    await upstream.close();
    await rm(prefix, { recursive: true });
  }
}

const TEMPORARY_FILES = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `${name}_temp_path tmp/${name};`)
  .concat('access_log off;')
  .join(' ');

for (const setup of SETUPS) {
  test(`[${setup.name}] the README's configuration exchanges a token, without a warning`, async (t) => {
    const folder = setup.mode === 'access' ? 'phantom_token' : 'phantom_token/auth_request';
    const configs = CONFIGS.filter((config) => config.includes(`include ${folder}/protect.conf;`));
    t.is(configs.length, 1);
    await runConfig(t, setup, configs[0] as string);
  });
}

test('every snippet in nginx/ is in a configuration of the README', async (t) => {
  const files = await readdir(join(REPOSITORY, 'nginx'), { recursive: true });
  const snippets = files.filter((file) => file.endsWith('.conf'));
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
  const expected = settingsTable().map((setting) => [setting.variable, setting.defaultValue]);
  t.deepEqual(rows.sort(), expected.sort());
});

test('the reason codes are those of the code', async (t) => {
  const source = await readFile(join(REPOSITORY, 'src/core/outcome.ts'), 'utf8');
  const unions = source.split('export type CacheStatus')[0] ?? '';
  const codes = [...unions.matchAll(/\| '(\w+)'/g)].map((match) => match[1] ?? '');
  const section = README.split('### Reason codes')[1]?.split('\n## ')[0] ?? '';
  const named = [...section.matchAll(/`([a-z]+_?[a-z_]*)`/g)].map((match) => match[1] ?? '');
  t.deepEqual(named.sort(), codes.sort());
});
