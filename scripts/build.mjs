// Bundles src/index.ts into dist/phantom_token.js and cli/main.ts into dist/cli.js, and writes what repeats the table of
// settings. With --check it writes nothing and fails when a committed file is not what the sources give.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { cutIntoStages } from './cut.mjs';
import { inlineCalls, markedFunctions } from './inline.mjs';
import { findForbiddenSyntax } from './njs_syntax.mjs';
import { writeSettings } from './settings.mjs';

/** @typedef {{file: string, text: string}} Product  file: from the root of the repository */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SCRIPT = 'dist/phantom_token.js';
const ENTRY = 'src/index.ts';

/**
 * Files that begin a stage, in the order in which requests need them: cut.mjs. Not one for each file: QuickJS keeps the text
 * of a function once for each function around it, in each context.
 */
const STAGES = [
  'src/core/cache/judge.ts',
  'src/gateway/rejected.ts',
  'src/gateway/miss.ts',
  'src/gateway/join.ts',
  ['src/edge/client_credentials.ts', 'src/edge/fetch.ts'],
  [
    'src/edge/fail.ts',
    'src/gateway/wait.ts',
    'src/gateway/stale.ts',
    'src/edge/waiting.ts',
    'src/edge/suspension.ts',
    'src/core/answer/unavailable.ts',
  ],
  ['src/core/settings/signature_settings.ts', 'src/gateway/presented.ts', 'src/gateway/vouch.ts'],
  [
    'src/operator/purge.ts',
    'src/operator/metrics.ts',
    'src/operator/jwks.ts',
    'src/operator/log_variables.ts',
  ],
];

// An allow-list over ES5: syntax that nobody has tried on njs 0.8.9 stops the build.
const SYNTAX_OF_NJS =
  'arrow async-await const-and-let exponent-operator nullish-coalescing object-accessors object-extensions regexp-lookbehind-assertions regexp-named-capture-groups rest-argument template-literal unicode-escapes';

/**
 * Everything that is built from sources. Settings come first: the script is bundled from what they wrote.
 * @param {{isCheck?: boolean}} [options]  isCheck: write nothing, compare
 * @returns {Promise<string[]>} what is wrong with the sources, or with what is committed; empty for nothing
 */
export async function buildProducts({ isCheck = false } = {}) {
  const use = isCheck ? compare : write;
  try {
    await use(await writeSettings(ROOT));
    await use([await bundleScript(), await bundleCommand()]);
    return [];
  } catch (error) {
    if (error instanceof BuildError) return error.problems;
    throw error;
  }
}

/** @returns {Promise<Product>} */
async function bundleScript() {
  const { name, version, license } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const { text, inputs } = await bundle({
    entryPoints: [ENTRY],
    platform: 'neutral',
    target: 'es5',
    supported: Object.fromEntries(SYNTAX_OF_NJS.split(' ').map((feature) => [feature, true])),
    external: ['crypto', 'querystring', 'fs'],
    define: { PHANTOM_TOKEN_VERSION: JSON.stringify(version) },
    banner: { js: bannerOf(name, version, license, 'src/') },
  });
  // Before it is cut: what a stage keeps leaks into later requests under QuickJS just as the top level does.
  const lines = text.split('\n');
  const violations = findForbiddenSyntax(text).map(
    ({ line, reason }) => `${SCRIPT} would need this line: ${reason}\n    ${lines[line - 1]?.trim()}`,
  );
  if (violations.length > 0) throw new BuildError(violations);
  const sources = await Promise.all(Object.keys(inputs).map((file) => readFile(join(ROOT, file), 'utf8')));
  const inlined = inlineCalls(text, sources.flatMap(markedFunctions));
  return { file: SCRIPT, text: cutIntoStages(inlined, inputs, ENTRY, STAGES) };
}

/**
 * The command of the npm package. Libraries stay outside, so that one which the package would need to run is seen by the
 * test that installs it.
 * @returns {Promise<Product>}
 */
async function bundleCommand() {
  const { name, version, license } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const { text } = await bundle({
    entryPoints: ['cli/main.ts'],
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    banner: { js: bannerOf(name, version, license, 'cli/') },
  });
  return { file: 'dist/cli.js', text };
}

/** @param {string[]} words */
function bannerOf(...[name, version, license, sources]) {
  return `// ${name} ${version} (${license}). Built from ${sources} by \`npm run build\`: change it there, not here.`;
}

/** @param {import('esbuild').BuildOptions} options */
async function bundle(options) {
  const result = await build({
    ...options,
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    logLevel: 'silent',
  }).catch((/** @type {import('esbuild').BuildFailure} */ failure) => failure);
  // A warning of the bundler is code that it gives another meaning, such as `import.meta`.
  const messages = [...result.errors, ...result.warnings];
  if (messages.length > 0 || !('outputFiles' in result))
    throw new BuildError(
      messages.map(({ text, location }) => (location ? `${location.file}:${location.line}: ${text}` : text)),
    );
  return { text: result.outputFiles?.[0]?.text ?? '', inputs: result.metafile?.inputs ?? {} };
}

class BuildError extends Error {
  /** @param {string[]} problems  lines for the reader */
  constructor(problems) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** @param {Product[]} products */
async function write(products) {
  for (const { file, text } of products) {
    await mkdir(dirname(join(ROOT, file)), { recursive: true });
    await writeFile(join(ROOT, file), text);
  }
}

/** @param {Product[]} products */
async function compare(products) {
  const committed = await Promise.all(
    products.map(({ file }) => readFile(join(ROOT, file), 'utf8').catch(() => undefined)),
  );
  const problems = products.flatMap(({ file, text }, i) => {
    if (committed[i] === text) return [];
    const finding = committed[i] === undefined ? 'is missing' : 'differs from a fresh build of its sources';
    return [`${file} ${finding}: run \`npm run build\` and commit the file`];
  });
  if (problems.length > 0) throw new BuildError(problems);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = await buildProducts({ isCheck: process.argv.includes('--check') });
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
