import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { transformSync } from 'esbuild';
import { writeSettings } from '../../scripts/settings.mjs';

/** A repository of its own, with a small table: two texts of the policy, and the order of the rows is none of the texts. */
const TABLE = `
const text = (defaultValue = '') => ({ is: 'checked', check: 'checkText', defaultValue });
const row = (variable, field, text, value) => ({ variable, field, text, value, comment: '', meaning: 'its meaning' });
export const LOCATION_SETTINGS = [
  { ...row('phantom_token', '', 'head', { is: 'checked', check: 'checkSet', defaultValue: '' }), comment: 'on | off' },
  row('phantom_token_realm', 'realm', 'rest', text('api')),
  row('phantom_token_endpoint', 'endpoint', 'lookup', { is: 'checked', check: 'checkSet', defaultValue: '' }),
  row('phantom_token_ttl', 'ttlSec', 'policy', { is: 'whole', least: 0, most: 9, unit: 'seconds', defaultValue: '5' }),
  row('phantom_token_part', '', 'nginx', text()),
  row('phantom_token_word', 'word', 'lookup', { is: 'word', words: ['one', 'two'], defaultValue: 'one' }),
  row('phantom_token_required_scopes', 'requiredScopes', 'policy', { is: 'scopes', defaultValue: '' }),
];
export const SIGNATURE_SETTINGS = [
  row('phantom_token_jwks', 'jwks', 'signatures', { is: 'checked', check: 'checkPlace', defaultValue: '' }),
  row('phantom_token_mint', 'mint', 'signatures', { is: 'word', words: ['off', 'always'], defaultValue: 'off' }),
];
export const SENDER_SETTINGS = [];
export const CLIENT_SETTINGS = [
  row('phantom_token_client_id', 'id', 'lookup', text()),
  row('phantom_token_client_key', 'key', 'rest', text()),
];
export const SETTINGS = [...LOCATION_SETTINGS, ...SIGNATURE_SETTINGS, ...CLIENT_SETTINGS];
`;

const HTTP_CONF = `# by hand
# generated: settings, from the table
js_var $old;
# end of generated
# generated: signature settings
# end of generated
# generated: sender settings
# end of generated
# generated: client settings
# end of generated
map $phantom_token $_phantom_request {
    # generated: request
    default "old";
    # end of generated
}
map $phantom_token $_phantom_policy {
    # generated: policy
    # end of generated
}
map "$phantom_token_jwks$phantom_token_mint" $_phantom_signatures {
    # generated: signatures
    # end of generated
}
map $phantom_token $_phantom_rest {
    # generated: rest
    # end of generated
}
js_var $by_hand;
`;

const FILES: Record<string, string> = {
  'src/core/settings/table.ts': TABLE,
  'src/core/settings/checks.ts':
    'export function checkText(value: string): string | undefined { return undefined; }',
  'src/core/settings/question_checks.ts':
    "export function checkSet(value: string): string | undefined { return value === '' ? 'is not set' : undefined; }",
  'src/core/settings/signature_checks.ts':
    'export function checkPlace(value: string): string | undefined { return undefined; }',
  'src/core/settings/sender_checks.ts':
    'export function checkOrigin(value: string): string | undefined { return undefined; }',
  'nginx/http.conf': HTTP_CONF,
  'docs/settings.md': 'By hand.\n\n<!-- generated: settings -->\n<!-- end of generated -->\n\nAs well.\n',
};

/** What is written, by file, from these files. */
async function writtenFrom(t: ExecutionContext, files = FILES): Promise<Record<string, string>> {
  const root = await mkdtemp(join(tmpdir(), 'phantom-token-settings-'));
  t.teardown(() => rm(root, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  const written = await writeSettings(root);
  return Object.fromEntries(written.map(({ file, text }) => [file, text]));
}

/** The text that is written for `$<target>` of http.conf. */
function joinedIn(conf: string, target: string): string[] {
  return (new RegExp(`\\$${target} {[^}]*default "([^"]*)";`).exec(conf)?.[1] ?? '').split('\\n');
}

test('writeSettings: writes these files, and each of them alone', async (t) => {
  t.deepEqual(Object.keys(await writtenFrom(t)).toSorted(), [
    'docs/settings.md',
    'nginx/http.conf',
    'src/core/settings/lines.ts',
    'src/core/settings/parse_client_settings.ts',
    'src/core/settings/parse_policy.ts',
    'src/core/settings/parse_refusal.ts',
    'src/core/settings/parse_sender_settings.ts',
    'src/core/settings/parse_settings.ts',
    'src/core/settings/parse_signature_settings.ts',
  ]);
});

test('writeSettings: writes the same from what it has written, so that the check compares', async (t) => {
  const written = await writtenFrom(t);
  t.deepEqual(await writtenFrom(t, { ...FILES, ...written }), written);
});

test('http.conf: the lines of a text are in the order of the table; the credential is last, and the mark of protect.conf is first', async (t) => {
  const conf = (await writtenFrom(t))['nginx/http.conf'] ?? '';
  const policy = ['$phantom_token_ttl', '$phantom_token_required_scopes'];
  t.deepEqual(joinedIn(conf, '_phantom_policy'), policy);
  t.deepEqual(joinedIn(conf, '_phantom_request'), [
    '$_phantom_state $phantom_token',
    ...policy,
    '$_phantom_part',
    '$phantom_token_endpoint',
    '$phantom_token_word',
    '$_phantom_signatures',
    '$phantom_token_client_id',
    '$_phantom_credential',
  ]);
  // One line: tabs between, and the issuer and the audience on which verifying depends.
  t.deepEqual(joinedIn(conf, '_phantom_signatures'), [
    '$phantom_token_jwks\\t$phantom_token_mint\\t$phantom_token_issuer\\t$phantom_token_audience',
  ]);
  t.deepEqual(joinedIn(conf, '_phantom_rest'), ['$phantom_token_realm', '$phantom_token_client_key']);
});

test('http.conf: declares the rows with their comments, in place of what was there, and leaves the other lines', async (t) => {
  const conf = (await writtenFrom(t))['nginx/http.conf'] ?? '';
  const declared = Array.from(conf.matchAll(/^js_var \$(\w+);/gm), ([, variable]) => variable);
  t.deepEqual(declared, [
    'phantom_token',
    'phantom_token_realm',
    'phantom_token_endpoint',
    'phantom_token_ttl',
    'phantom_token_part',
    'phantom_token_word',
    'phantom_token_required_scopes',
    'phantom_token_jwks',
    'phantom_token_mint',
    'phantom_token_client_id',
    'phantom_token_client_key',
    'by_hand',
  ]);
  t.true(conf.startsWith('# by hand\n# generated: settings, from the table\njs_var $phantom_token;  '));
  t.regex(conf, /^js_var \$phantom_token; +# on \| off$/m);
  t.regex(conf, /^js_var \$phantom_token_realm;$/m);
});

test('docs/settings.md: has a row for each setting, with its default and its range', async (t) => {
  const page = (await writtenFrom(t))['docs/settings.md'] ?? '';
  t.true(page.startsWith('By hand.\n'));
  t.true(page.endsWith('\n\nAs well.\n'));
  t.is(page.match(/^\| `\$/gm)?.length, 11);
  t.true(page.includes('\n| `$phantom_token_realm` | `api` | its meaning |\n'));
  t.true(page.includes('\n| `$phantom_token_endpoint` | | its meaning |\n'));
  t.true(page.includes('\n| `$phantom_token_ttl` | `5` | its meaning; from 0 to 9 |\n'));
});

/** A generated parser, with readers that tell how they are called. */
async function parserOf(source: string, name: string): Promise<(...args: unknown[]) => unknown> {
  const stubs = ['checkText', 'checkSet', 'readChecked', 'readScopes', 'readSender', 'readWhole', 'readWord']
    .map((stub) =>
      stub.startsWith('check')
        ? `function ${stub}() {}`
        : `function ${stub}(findings, ...args) { return [${JSON.stringify(stub)}, ...args.map((arg) => arg.name ?? arg)]; }`,
    )
    .join('\n');
  const { code } = transformSync(source.replace(/^import .*$/gm, ''), { loader: 'ts', format: 'esm' });
  const module = await import(`data:text/javascript,${encodeURIComponent(`${stubs}\n${code}`)}`);
  return module[name];
}

const SIGNED = '/keys\talways\tissuer\tapi';
const REQUEST = ['here on', '7', 'read', 'part', '/as', 'two', SIGNED, 'gateway', 'Bearer abc'];
const REST = ['my realm', 'my key'];

test('parse_settings.ts: reads each field from its own line, with its variable, its bounds and its check', async (t) => {
  const source = (await writtenFrom(t))['src/core/settings/parse_settings.ts'] ?? '';
  const readSettings = await parserOf(source, 'readSettings');
  t.deepEqual(readSettings({}, REQUEST, REST), {
    kind: 'settings',
    realm: ['readChecked', 'phantom_token_realm', 'my realm', 'checkText'],
    endpoint: ['readChecked', 'phantom_token_endpoint', '/as', 'checkSet'],
    ttlSec: ['readWhole', 'phantom_token_ttl', '7', 0, 9, 'seconds'],
    word: ['readWord', 'phantom_token_word', 'two', 'one two'],
    requiredScopes: ['readScopes', 'phantom_token_required_scopes', 'read'],
    sender: ['readSender', SIGNED],
  });
});

test('parse_settings.ts: an empty line is the default, unchecked; where that is no value, the line is checked', async (t) => {
  const source = (await writtenFrom(t))['src/core/settings/parse_settings.ts'] ?? '';
  const readSettings = await parserOf(source, 'readSettings');
  const empty = (lines: string[]) => lines.map(() => '');
  t.deepEqual(readSettings({}, empty(REQUEST), empty(REST)), {
    kind: 'settings',
    realm: 'api',
    endpoint: ['readChecked', 'phantom_token_endpoint', '', 'checkSet'],
    ttlSec: 5,
    word: 'one',
    requiredScopes: [],
    sender: undefined,
  });
});

test('parse_policy.ts: reads the lines of the policy alone, whose places are others than in a request', async (t) => {
  const source = (await writtenFrom(t))['src/core/settings/parse_policy.ts'] ?? '';
  const readPolicy = await parserOf(source, 'readPolicy');
  t.deepEqual(readPolicy({}, ['7', 'read']), {
    ttlSec: ['readWhole', 'phantom_token_ttl', '7', 0, 9, 'seconds'],
    requiredScopes: ['readScopes', 'phantom_token_required_scopes', 'read'],
  });
});

test('parse_refusal.ts, parse_client_settings.ts: read what a refusal needs, and what the client is', async (t) => {
  const written = await writtenFrom(t);
  const refusal = written['src/core/settings/parse_refusal.ts'] ?? '';
  const readRefusalSettings = await parserOf(refusal, 'readRefusalSettings');
  t.deepEqual(readRefusalSettings({}, REQUEST, REST), {
    realm: ['readChecked', 'phantom_token_realm', 'my realm', 'checkText'],
    requiredScopes: ['readScopes', 'phantom_token_required_scopes', 'read'],
    sender: ['readSender', SIGNED],
  });
  const client = written['src/core/settings/parse_client_settings.ts'] ?? '';
  const readClientSettings = await parserOf(client, 'readClientSettings');
  t.deepEqual(readClientSettings({}, REQUEST, REST), {
    kind: 'client_settings',
    id: ['readChecked', 'phantom_token_client_id', 'gateway', 'checkText'],
    key: ['readChecked', 'phantom_token_client_key', 'my key', 'checkText'],
  });
});

test('parse_*.ts: a parser imports the checks that it names from the files that have them, and no other: a hit pays for each', async (t) => {
  const written = await writtenFrom(t);
  const importsOf = (name: string) =>
    Array.from((written[`src/core/settings/${name}.ts`] ?? '').matchAll(/^import .*$/gm), ([line]) => line);
  t.deepEqual(importsOf('parse_policy'), [
    "import { type Findings, readScopes, readWhole } from './reading.js';",
    "import type { Policy } from './settings.js';",
  ]);
  t.deepEqual(importsOf('parse_settings'), [
    "import { checkText } from './checks.js';",
    "import { checkSet } from './question_checks.js';",
    "import { type Findings, readChecked, readScopes, readWhole, readWord } from './reading.js';",
    "import { readSender } from './sender_settings.js';",
    "import type { Settings } from './settings.js';",
  ]);
});

test('lines.ts: counts the lines of each text, and has the defaults of the times that a record knows', async (t) => {
  const source = (await writtenFrom(t))['src/core/settings/lines.ts'] ?? '';
  const { code } = transformSync(source, { loader: 'ts', format: 'esm' });
  const { Lines, PolicyDefault } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  t.like(Lines, {
    policy: 2,
    signatures: 4,
    request: 9,
    rest: 2,
    restOfLocation: 1,
    clientId: 7,
    signatureLine: 6,
  });
  t.like(PolicyDefault, { ttlSec: 5 });
});

const NO_BLOCKS: [sentence: string, file: string, from: RegExp][] = [
  ['its begin is missing', 'nginx/http.conf', /# generated: policy\n/],
  [
    'its end is missing, and so that of the last block',
    'nginx/http.conf',
    /(?<=generated: rest\n) *# end of generated\n/,
  ],
  ['it has another name', 'nginx/http.conf', /(?<=generated: client) settings/],
  ['a page has none', 'docs/settings.md', /<!-- generated: settings -->\n/],
];

for (const [sentence, file, from] of NO_BLOCKS) {
  test(`writeSettings: throws when a block is not there: ${sentence}; what it writes would be lost`, async (t) => {
    const text = FILES[file] ?? '';
    t.regex(text, from);
    await t.throwsAsync(writtenFrom(t, { ...FILES, [file]: text.replace(from, '') }), {
      message: /^no block "generated: /,
    });
  });
}
