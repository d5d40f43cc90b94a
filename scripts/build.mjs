// Bundles src/index.ts into dist/phantom_token.js and cli/main.ts into dist/cli.js. With --check it writes nothing
// and fails when a committed file is not what the sources give.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inlineCalls } from './inline.mjs';
import { findForbiddenSyntax } from './njs_syntax.mjs';
import { cutIntoParts } from './parts.mjs';

/** @typedef {{code: string, problems: string[]}} Bundle  while there are problems, lines for the reader, the code must not be used */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SCRIPT_SOURCE = join(ROOT, 'src/index.ts');
const COMMAND_SOURCE = join(ROOT, 'cli/main.ts');

/** What is built. */
const PRODUCTS = [
  { file: 'dist/phantom_token.js', sources: 'src/', bundle: bundleScript },
  { file: 'dist/cli.js', sources: 'cli/', bundle: bundleCommand },
];

// An allow-list over ES5: syntax that nobody has tried on njs 0.8.9 stops the build.
const SYNTAX_OF_NJS = [
  'arrow',
  'async-await',
  'const-and-let',
  'exponent-operator',
  'nullish-coalescing',
  'object-accessors',
  'object-extensions',
  'regexp-lookbehind-assertions',
  'regexp-named-capture-groups',
  'rest-argument',
  'template-literal',
  'unicode-escapes',
];

/** What each hit calls and is one expression. */
const INLINED = [
  'variablesOf',
  'readRequest',
  'hasNoPolicy',
  'isOn',
  'lookupOf',
  'isReady',
  'isFresh',
  'isStoredUnder',
  'isGoodHere',
  'isPolicyOf',
  'authorizationOf',
  'readFineClockSec',
  'cacheKey',
  'readRecord',
  'mayCount',
];

/** What most hits do not need, and so is made when it is called. */
const PARTS = [
  {
    name: 'policyPart',
    comment: 'For a policy that the token was not checked against when it was stored, and for metrics.',
    entries: ['meetsPolicy', 'findPolicy', 'add', 'requestsSeries'],
  },
  { name: 'timesPart', comment: 'For such a policy with a clock skew or a TTL.', entries: ['meetsTimes'] },
  {
    name: 'missPart',
    comment: 'For a token that no record grants.',
    entries: ['handleMiss', 'handleSwitch', 'failOnBug'],
  },
  {
    name: 'askPart',
    comment: 'For a token that is not known to be rejected either, for failures, and for operators.',
    entries: [
      'askOnce',
      'standIn',
      'countRefused',
      'formatFailureLine',
      'readPlace',
      'purge',
      'metrics',
      'jwt',
      'subject',
      'client',
    ],
  },
];

/**
 * The script for njs, in memory.
 * @returns {Promise<Bundle>}
 */
async function bundleScript() {
  const { version } = await readPackage();
  const { code, problems } = await bundle({
    entryPoints: [SCRIPT_SOURCE],
    platform: 'neutral',
    target: 'es5',
    supported: Object.fromEntries(SYNTAX_OF_NJS.map((feature) => [feature, true])),
    external: ['crypto', 'querystring', 'fs'],
    define: { PHANTOM_TOKEN_VERSION: JSON.stringify(version) },
    banner: { js: await describePackage('src/') },
  });
  // Before it is cut: what a part keeps leaks into later requests under QuickJS just as the top level does.
  const found = [...problems, ...describeViolations(code)];
  return found.length > 0
    ? { code, problems: found }
    : { code: cutIntoParts(inlineCalls(code, INLINED), PARTS), problems: found };
}

/**
 * The command of the npm package, in memory. Libraries stay outside, so that one which the package would need to
 * run is seen by the test that installs it.
 * @returns {Promise<Bundle>}
 */
async function bundleCommand() {
  return bundle({
    entryPoints: [COMMAND_SOURCE],
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    banner: { js: await describePackage('cli/') },
  });
}

/**
 * @param {import('esbuild').BuildOptions} options
 * @returns {Promise<Bundle>}
 */
async function bundle(options) {
  const result = await build({
    ...options,
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'silent',
  }).catch((/** @type {import('esbuild').BuildFailure} */ failure) => failure);

  // A warning of the bundler is code that it gives another meaning, such as `import.meta`.
  const problems = [...result.errors, ...result.warnings].map(describeMessage);
  const code = ('outputFiles' in result && result.outputFiles?.[0]?.text) || '';
  return { code, problems };
}

/**
 * Builds everything into dist/.
 * @returns {Promise<string[]>} what is wrong with the sources; files are written only when it is empty
 */
export async function buildProducts() {
  const built = await Promise.all(PRODUCTS.map(async ({ file, bundle }) => ({ file, ...(await bundle()) })));
  const problems = built.flatMap((product) => product.problems);
  if (problems.length > 0) return problems;
  await mkdir(join(ROOT, 'dist'), { recursive: true });
  for (const { file, code } of built) await writeFile(join(ROOT, file), code);
  return [];
}

/**
 * Compares the files in dist/ with a fresh build; writes nothing.
 * @returns {Promise<string[]>} what is wrong; empty when they are the same
 */
export async function checkProducts() {
  return (await Promise.all(PRODUCTS.map(checkProduct))).flat();
}

/** @param {typeof PRODUCTS[number]} product */
async function checkProduct({ file, sources, bundle }) {
  const { code, problems } = await bundle();
  if (problems.length > 0) return problems;
  const committed = await readFile(join(ROOT, file), 'utf8').catch(() => undefined);
  if (committed === code) return [];
  const finding = committed === undefined ? 'is missing' : `differs from a fresh build of ${sources}`;
  return [`${file} ${finding}: run \`npm run build\` and commit the file`];
}

/** @returns {Promise<{name: string, version: string, license: string}>} */
async function readPackage() {
  return JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
}

/** @param {string} sources  their folder */
async function describePackage(sources) {
  const { name, version, license } = await readPackage();
  return `// ${name} ${version} (${license}). Built from ${sources} by \`npm run build\`: change it there, not here.`;
}

/** @param {import('esbuild').Message} message */
function describeMessage({ text, location }) {
  return location ? `${location.file}:${location.line}: ${text}` : text;
}

/** @param {string} code */
function describeViolations(code) {
  const lines = code.split('\n');
  return findForbiddenSyntax(code).map(
    ({ line, reason }) =>
      `dist/phantom_token.js would need this line: ${reason}\n    ${lines[line - 1]?.trim() ?? ''}`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = process.argv.includes('--check') ? await checkProducts() : await buildProducts();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
