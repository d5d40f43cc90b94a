// Bundles src/index.ts into dist/phantom_token.js. With --check it writes nothing and fails when the
// committed file is not what the sources give.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { findForbiddenSyntax } from './njs_syntax.mjs';
import { cutIntoParts } from './parts.mjs';

const SOURCE = fileURLToPath(new URL('../src/index.ts', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../dist/phantom_token.js', import.meta.url));
const PACKAGE = new URL('../package.json', import.meta.url);

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

/** What a cached token at a location without a policy does not need, and so is made when it is called. */
const PARTS = [
  {
    name: 'policyPart',
    comment: 'For a policy that the token was not checked against when it was stored.',
    entries: ['meetsPolicy'],
  },
  { name: 'timesPart', comment: 'For such a policy with a clock skew or a TTL.', entries: ['meetsTimes'] },
  {
    name: 'missPart',
    comment: 'For a token that the cache does not know, and for operators.',
    entries: ['handleMiss', 'handleSwitch', 'failOnBug', 'purge', 'metrics', 'jwt', 'subject', 'client'],
  },
];

/**
 * Makes the script in memory; writes nothing.
 * @returns {Promise<{code: string, problems: string[]}>} problems are lines for the reader; while there are
 *   any, the code must not be used
 */
export async function bundle() {
  const result = await build({
    entryPoints: [SOURCE],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es5',
    supported: Object.fromEntries(SYNTAX_OF_NJS.map((feature) => [feature, true])),
    external: ['crypto', 'querystring', 'fs'],
    banner: { js: await describePackage() },
    logLevel: 'silent',
  }).catch((/** @type {import('esbuild').BuildFailure} */ failure) => failure);

  // A warning of the bundler is code that it gives another meaning, such as `import.meta`.
  const messages = [...result.errors, ...result.warnings].map(describeMessage);
  const whole = ('outputFiles' in result && result.outputFiles?.[0]?.text) || '';
  // Before it is cut: what a part keeps leaks into later requests under QuickJS just as the top level does.
  const problems = [...messages, ...describeViolations(whole)];
  return problems.length > 0 ? { code: whole, problems } : { code: cutIntoParts(whole, PARTS), problems };
}

/**
 * Builds the script into dist/.
 * @returns {Promise<string[]>} what is wrong with the sources; the file is written only when it is empty
 */
export async function buildScript() {
  const { code, problems } = await bundle();
  if (problems.length > 0) return problems;
  await mkdir(dirname(BUNDLE), { recursive: true });
  await writeFile(BUNDLE, code);
  return [];
}

/**
 * Compares the file in dist/ with a fresh build; writes nothing.
 * @returns {Promise<string[]>} what is wrong; empty when they are the same
 */
export async function checkScript() {
  const { code, problems } = await bundle();
  if (problems.length > 0) return problems;
  const committed = await readFile(BUNDLE, 'utf8').catch(() => undefined);
  if (committed === code) return [];
  const finding = committed === undefined ? 'is missing' : 'differs from a fresh build of src/';
  return [`dist/phantom_token.js ${finding}: run \`npm run build\` and commit the file`];
}

async function describePackage() {
  const { name, version, license } = JSON.parse(await readFile(PACKAGE, 'utf8'));
  return `// ${name} ${version} (${license}). Built from src/ by \`npm run build\`: change it there, not here.`;
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
      `${reason}, which this line of the bundle needs:\n    ${lines[line - 1]?.trim() ?? ''}`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = process.argv.includes('--check') ? await checkScript() : await buildScript();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
