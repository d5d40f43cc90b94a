// One version of njs in one way: whether nginx starts, whether the script serves, and then the main cases of the tests.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { freePort, httpDefaults, mainContext, NginxError, startNginx } from '../../runtime/nginx_process.js';
import type { NginxRuntime } from '../../runtime/nginx_runtime.mjs';
import { runCommand } from '../../runtime/run_command.mjs';
import { makeJwt } from '../support/jwt.js';
import { REPOSITORY } from '../support/pages.js';
import { jwt, startScriptedServer } from '../support/scripted_server.js';
import { engineLine, modeFiles, SETUP_VARIABLE, type Setup } from '../support/setup.js';
import { type Counts, readReport } from './ava_report.js';
import { compareVersions, type Outcome, type Way } from './results.js';

/** Files of test/nginx. */
const MAIN_CASES = {
  location: [
    'exchange',
    'credentials',
    'refusals',
    'cache',
    'negative_cache',
    'single_flight',
    'outage',
    'settings',
    'purge',
    'forward_auth',
    'introspection_cache',
    'dpop',
    'mutual_tls',
    'minting',
    'verified_signatures',
  ],
  // Some tests of the other files look at what only a location does.
  url: ['url_endpoint', 'credentials', 'refusals', 'cache', 'negative_cache'],
} satisfies Record<Way['endpoint'], string[]>;

/** On a machine that is busy with something else; otherwise it takes a minute. */
const LONGEST_RUN_MS = 1_800_000;

export function setupOf(runtime: NginxRuntime, way: Way): Setup {
  const isOld = compareVersions(runtime.njsVersion, '0.9.7') < 0;
  const name = `${way.mode} ${way.engine} ${runtime.njsVersion} ${way.endpoint}`;
  return { name, ...way, runtime, zones: isOld ? 'zones_njs_0.8.conf' : 'zones.conf' };
}

export async function tryWay(runtime: NginxRuntime, way: Way): Promise<Outcome> {
  const setup = setupOf(runtime, way);
  const first = await tryToken(setup);
  return first ?? { kind: 'serves', ...(await runMainCases(setup)) };
}

/** @returns undefined when a token is exchanged */
async function tryToken(setup: Setup): Promise<Outcome | undefined> {
  if (setup.engine === 'qjs' && !setup.runtime.engines.includes('qjs')) {
    return { kind: 'no engine', message: 'built without QuickJS' };
  }
  const as = await startScriptedServer();
  as.reply(jwt(makeJwt({ exp: 4102444800 })));
  const prefix = await mkdtemp(join(tmpdir(), 'phantom-token-njs-'));
  try {
    const listen = `127.0.0.1:${await freePort()}`;
    const nginx = await startNginx({ runtime: setup.runtime, conf: confOf(setup, as.url, listen), prefix });
    try {
      const answer = await request(`http://${listen}/`, { headers: { authorization: 'Bearer opaque-1' } });
      await answer.body.dump();
      if (answer.statusCode === 204) return undefined;
      return { kind: 'refused', message: reasonIn(await nginx.errorLog(), answer.statusCode) };
    } finally {
      await nginx.stop();
    }
  } catch (error) {
    if (!(error instanceof NginxError)) throw error;
    return { kind: 'no start', message: withoutPlaces(error.message) };
  } finally {
    await as.close();
    await rm(prefix, { recursive: true });
  }
}

/** What the pages show, without the limits. The API answers 204. */
function confOf(setup: Setup, asUrl: string, listen: string): string {
  const snippets = `${REPOSITORY}nginx`;
  const isUrl = setup.endpoint === 'url';
  const { server, protect } = modeFiles(setup.mode);
  return `
${mainContext(setup.runtime)}
events {}
http {
  ${httpDefaults()}
  ${engineLine(setup)}
  js_path ${REPOSITORY}dist;
  include ${snippets}/${setup.zones};
  include ${snippets}/http.conf;
  server {
    ${server}
    listen ${listen};
    location / {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint ${isUrl ? `${asUrl}/introspect` : '/introspect'};
      ${isUrl ? 'set $phantom_token_client_id id; set $phantom_token_client_secret gateway-secret;' : ''}
      ${protect}
      proxy_pass http://${listen}/api;
    }
    location = /api { return 204; }
    location = /introspect {
      include ${snippets}/introspection_limits.conf;
      include ${snippets}/introspection.conf;
      proxy_pass ${asUrl}/introspect;
    }
  }
}`;
}

/** The first line that tells a reason, without the file that it was found in. */
function withoutPlaces(message: string): string {
  const line = /\[(?:emerg|error)\] (?:js compile: )?(.*)/.exec(message)?.[1] ?? message;
  return line.replace(/ in \/\S+$/, '').replaceAll(REPOSITORY, '');
}

function reasonIn(log: string, status: number): string {
  const logged = /misconfigured: ([^(\n]*?)(?: \(|, client:|$)/m.exec(log)?.[1];
  return logged ?? `${status}, and no reason in the log`;
}

const RETRIES = 2;

/** What fails is tried again alone, since a test may fail on a machine that is busy with something else. */
async function runMainCases(setup: Setup): Promise<Counts> {
  const { passed, failed } = await runFiles(setup, MAIN_CASES[setup.endpoint], ['[*']);
  const failedAgain = await retry(setup, failed);
  return { passed: passed + failed.length - failedAgain.length, failed: failedAgain };
}

/** @returns those that fail each time */
export async function retry(setup: Setup, titles: readonly string[]): Promise<readonly string[]> {
  let failed = titles;
  for (let i = 0; i < RETRIES && failed.length > 0; i++) {
    const files = [...new Set(failed.map((title) => title.slice(0, title.indexOf(': '))))];
    const patterns = failed.map((title) => `[${setup.name}] ${title.slice(title.indexOf(': ') + 2)}`);
    const again = await runFiles(setup, files, patterns);
    failed = failed.filter((title) => again.failed.includes(title));
  }
  return failed;
}

/** @param patterns of titles; those of tests that need no set-up do not begin with the name of one */
async function runFiles(
  setup: Setup,
  names: readonly string[],
  patterns: readonly string[],
): Promise<Counts> {
  const files = names.map((name) => `test/nginx/${name}.test.ts`);
  const matches = patterns.map((pattern) => `--match=${pattern}`);
  const args = ['ava', '--config', 'test/nginx.ava.config.js', ...matches, ...files];
  const env = { ...process.env, [SETUP_VARIABLE]: JSON.stringify(setup) };
  const result = await runCommand('npx', args, { cwd: REPOSITORY, env, timeoutMs: LONGEST_RUN_MS });
  if (/was interrupted|did not end/.test(result.problem)) throw new Error(result.problem);
  return readReport(result.output, setup.name, names);
}
