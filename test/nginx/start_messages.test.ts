// The table of docs/operations.md for an nginx that does not start: nginx prints each message for the mistake
// that the page names as its cause, made in the configurations that the pages show.
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { codeBlocks } from '../support/code_blocks.js';
import { readPages, sectionOf } from '../support/pages.js';
import { SETUPS, type Setup } from '../support/setups.js';
import { configOf, runShown } from '../support/shown_config.js';

const SECTION = sectionOf(
  readPages().get('docs/operations.md') ?? '',
  '## When nginx refuses the configuration',
);

/** The first column's messages; `...` stands for any text. */
const MESSAGES = [...SECTION.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, message = '']) => message),
);
/** Messages of an nginx that was built without some modules, of njs 0.9.7, and of 0.8.5: docs/njs_versions.md has these. */
const UNSEEN = [
  'unknown directive "grpc_..."',
  'Cannot load module "crypto"',
  'invalid number of arguments in "js_set" directive',
];

interface Mistake {
  /** The message on the page. */
  readonly message: string;
  /** Makes the mistake in a configuration that was adapted to the machine. */
  readonly edit: (config: string) => string;
  /** The set-ups in which nginx prints it; default: all. */
  readonly isIn?: (setup: Setup) => boolean;
}

const LOAD_MODULE = /load_module [^;]+;/;
const ENDPOINT_SERVER = /server 127\.0\.0\.1:\d+;(?=\s+keepalive)/;
/** The upstream on the page, for an nginx that is new enough. */
const UPSTREAM_WITH_RESOLVE =
  codeBlocks(readPages().get('docs/operations.md') ?? '', 'nginx').find((text) =>
    text.includes(' resolve;'),
  ) ?? '(the page has no such block)';
/** Too long for a name, so that no name server is asked. */
const UNKNOWN_HOST = `${'a'.repeat(64)}.invalid`;

const isOld = ({ runtime }: Setup) => runtime.nginxVersion.startsWith('1.26.');
const isInAuthRequestMode = ({ mode }: Setup) => mode === 'auth_request';
const isModuleLoaded = ({ runtime }: Setup) => runtime.modulePath !== undefined;

const MISTAKES: readonly Mistake[] = [
  {
    message: 'unknown directive "js_path"',
    edit: (config) => config.replace(LOAD_MODULE, '').replace(/js_engine \w+;/, ''),
    isIn: isModuleLoaded,
  },
  {
    message: 'dlopen() ... cannot open shared object file',
    edit: (config) => config.replace(LOAD_MODULE, 'load_module modules/ngx_http_js_module.so;'),
    isIn: isModuleLoaded,
  },
  {
    message: 'module "ngx_http_js_module" is already loaded',
    edit: (config) => config.replace(LOAD_MODULE, '$& $&'),
    isIn: isModuleLoaded,
  },
  {
    message: 'Cannot load module "phantom_token.js"',
    edit: (config) => config.replace(/js_path [^;]+;/, ''),
  },
  {
    message: 'no imports defined for ...',
    edit: (config) => config.replace(/include phantom_token\/http\.conf;/, ''),
    isIn: (setup) => !isOld(setup),
  },
  {
    message: 'unknown "phantom_..." variable',
    edit: (config) => config.replace(/include phantom_token\/http\.conf;/, ''),
    isIn: isOld,
  },
  {
    message: 'duplicate zone "phantom_token"',
    edit: (config) =>
      config.replace(/include phantom_token\/http\.conf;/, '$& include phantom_token/zones.conf;'),
  },
  {
    message: 'unknown directive "js_access"',
    edit: (config) => config.replace('auth_request/protect.conf', 'protect.conf'),
    isIn: isOld,
  },
  {
    message: 'host not found in upstream',
    edit: (config) => config.replace(ENDPOINT_SERVER, `server ${UNKNOWN_HOST}:443;`),
  },
  {
    message: 'invalid parameter "resolve"',
    edit: (config) => config.replace(ENDPOINT_SERVER, 'server login.example.com:443 resolve;'),
    isIn: isOld,
  },
  {
    message: '"resolver" directive is not allowed here',
    edit: (config) => config.replace(/upstream login\.example\.com \{[^}]*\}/, UPSTREAM_WITH_RESOLVE),
    isIn: isOld,
  },
  {
    message: 'invalid value "qjs"',
    edit: (config) => config.replace('http {', '$& js_engine qjs;'),
    isIn: isOld,
  },
  {
    message: '"variables_hash_bucket_size" directive is duplicate',
    edit: (config) => config.replace('http {', '$& variables_hash_bucket_size 128;'),
  },
  {
    message: '"js_access" directive is not allowed here',
    edit: (config) => config.replace('location /api/ {', 'include phantom_token/protect.conf; $&'),
    isIn: ({ mode }) => mode === 'access',
  },
  {
    message: '"expires" directive is not allowed here',
    edit: (config) =>
      config.replace('location /api/ {', 'include phantom_token/auth_request/protect.conf; $&'),
    isIn: isInAuthRequestMode,
  },
  {
    message: '"auth_request" directive is duplicate',
    edit: (config) => config.replace('location /api/ {', '$& auth_request /mine;'),
    isIn: isInAuthRequestMode,
  },
  {
    message: '"proxy_intercept_errors" directive is duplicate',
    edit: (config) => config.replace('location /api/ {', '$& proxy_intercept_errors on;'),
    isIn: isInAuthRequestMode,
  },
  {
    message: 'upstream "..." may not have port',
    edit: (config) => config.replace(/(proxy_pass https?:\/\/login\.example\.com)(?=\/)/, '$1:8443'),
  },
  {
    message: 'no proxy_ssl_trusted_certificate for proxy_ssl_verify',
    edit: (config) =>
      config
        .replace(/proxy_ssl_trusted_certificate [^;]+;/, '')
        .replace('proxy_pass http://login', 'proxy_pass https://login'),
  },
  {
    message: '"proxy_read_timeout" directive is duplicate',
    edit: (config) =>
      config.replace('include phantom_token/introspection_limits.conf;', '$& proxy_read_timeout 10s;'),
  },
];

test('every message of the table is caused here, except those that need another nginx', (t) => {
  t.deepEqual(MESSAGES.toSorted(), [...MISTAKES.map(({ message }) => message), ...UNSEEN].toSorted());
});

function patternOf(message: string): RegExp {
  return new RegExp(message.replace(/[()]/g, '\\$&').replace('...', '.*'));
}

/** The message of an nginx that does not start. */
async function refusalOf(t: ExecutionContext, setup: Setup, edit: Mistake['edit']): Promise<string> {
  const error = await t.throwsAsync(
    runShown(t, { setup, apiPort: 1, config: configOf(setup), edit }, async () => {}),
    { name: 'NginxError' },
  );
  return error?.message ?? '';
}

for (const { message, edit, isIn = () => true } of MISTAKES) {
  for (const setup of SETUPS.filter(isIn)) {
    test(`[${setup.name}] nginx refuses with: ${message}`, async (t) => {
      const said = await refusalOf(t, setup, edit);
      t.regex(said, patternOf(message));
    });
  }
}

for (const setup of SETUPS.filter(({ mode }) => mode === 'auth_request')) {
  test(`[${setup.name}] without server.conf nginx starts, answers 500 and logs what the page says`, async (t) => {
    const edit = (config: string) => config.replace(/include phantom_token\/auth_request\/server\.conf;/, '');
    await runShown(t, { setup, apiPort: 1, config: configOf(setup), edit }, async (g) => {
      t.is((await request(`${g.url}/api/`)).statusCode, 500);
      const message =
        /`(could not find named location [^`]+)`/.exec(SECTION)?.[1] ?? '(the page has no such line)';
      t.true((await g.nginx.errorLog()).includes(message));
    });
  });
}
