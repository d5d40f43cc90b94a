// Bundles src/index.ts into dist/phantom_token.js and cli/main.ts into dist/cli.js, and writes what repeats the table
// of settings. With --check it writes nothing and fails when a committed file is not what the sources give.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { STAGES } from '../src/stages.js';
import { BuildError, bundle, ROOT } from './bundle.js';
import { cutIntoStages } from './cut.js';
import { inlineCalls, markedFunctions } from './inline.js';
import { bundleForNjs } from './njs_syntax.js';
import { type Written, writeSettings } from './settings.mjs';

const ENTRY = 'src/index.ts';

async function bundleScript(version: string, banner: string): Promise<Written> {
  // Refused syntax is looked for before it is cut: what a stage keeps leaks into later requests as the top level does.
  const { text, inputs } = await bundleForNjs({
    entryPoints: [ENTRY],
    define: { PHANTOM_TOKEN_VERSION: JSON.stringify(version) },
    banner: { js: banner },
  });
  const sources = await Promise.all(Object.keys(inputs).map((file) => readFile(join(ROOT, file), 'utf8')));
  const inlined = inlineCalls(text, sources.flatMap(markedFunctions));
  return { file: 'dist/phantom_token.js', text: cutIntoStages(inlined, inputs, ENTRY, STAGES) };
}

/** The command of the npm package, with the libraries that it uses: it runs in a clone where nothing was installed. */
async function bundleCommand(banner: string): Promise<Written> {
  const { text, inputs } = await bundle({
    entryPoints: ['cli/main.ts'],
    platform: 'node',
    target: 'node20.19',
    banner: { js: banner },
  });
  return { file: 'dist/cli.js', text: text + (await licensesOf(Object.keys(inputs))) };
}

/** Of the libraries that are in a bundle, as comments: whoever has the bundle needs them. */
async function licensesOf(inputs: string[]): Promise<string> {
  const names = inputs.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]);
  const libraries = [...new Set(names)].filter((name) => name !== undefined).sort();
  const texts = libraries.map(async (name) => {
    const license = await readFile(join(ROOT, 'node_modules', name, 'LICENSE'), 'utf8');
    const lines = [`Contains ${name}:`, '', ...license.trimEnd().split('\n')];
    return `\n${lines.map((line) => `// ${line}`.trimEnd()).join('\n')}\n`;
  });
  return (await Promise.all(texts)).join('');
}

async function settle({ file, text }: Written, isCheck: boolean): Promise<void> {
  const path = join(ROOT, file);
  const committed = await readFile(path, 'utf8').catch(() => undefined);
  if (committed === text) return;
  if (isCheck) throw new BuildError(`${file} is out of date: run \`npm run build\` and commit it`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function main(isCheck: boolean): Promise<void> {
  const { name, version, license } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const bannerOf = (sources: string) =>
    `// ${name} ${version} (${license}). Built from ${sources} by \`npm run build\`: change it there, not here.`;
  // Settings come first: the script is bundled from what they wrote.
  for (const written of await writeSettings(ROOT)) await settle(written, isCheck);
  await settle(await bundleScript(version, bannerOf('src/')), isCheck);
  await settle(await bundleCommand(bannerOf('cli/')), isCheck);
}

await main(process.argv.includes('--check')).catch((error: unknown) => {
  console.error(error instanceof BuildError ? error.message : error);
  process.exitCode = 1;
});
