// What is mutated, and by which tests it is judged.
import { readdirSync, readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { bundleForNjs } from '../../scripts/njs_syntax.js';
import { REPOSITORY } from '../support/pages.js';
import type { Source } from './mutants.js';

/** The rules, judged by the unit tests; and what surrounds them in the script, judged by the nginx tests. */
export const RULES = 'src/core';
export const SCRIPT_FOLDERS = ['src/gateway', 'src/edge', 'src/operator'] as const;
export const FOLDERS: readonly string[] = [RULES, ...SCRIPT_FOLDERS];

const GENERATED = '// Generated from the table of settings';

/**
 * The files of src/core that are in the script, without the generated ones. The tables of settings are in neither: what is
 * wrong with them, `npm run check` and the tests of what is generated find.
 */
export async function readRules(): Promise<Source[]> {
  const { inputs } = await bundleForNjs({
    entryPoints: ['src/index.ts'],
    define: { PHANTOM_TOKEN_VERSION: '""' },
  });
  const files = Object.keys(inputs).filter((file) => file.startsWith(`${RULES}/`));
  return files
    .map((file) => ({ file, text: readFileSync(REPOSITORY + file, 'utf8') }))
    .filter(({ text }) => !text.startsWith(GENERATED))
    .sort((a, b) => a.file.localeCompare(b.file));
}

/** The unit tests that import something of src/core. */
export async function findUnitTests(): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: REPOSITORY,
    entryPoints: testFilesIn('test/unit'),
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'build',
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  });
  return Object.values(metafile.outputs)
    .filter(({ inputs }) => Object.keys(inputs).some((file) => file.startsWith(`${RULES}/`)))
    .flatMap(({ entryPoint }) => entryPoint ?? [])
    .sort();
}

/**
 * The nginx tests that declare a test for each set-up. Those of documentation, guides and examples load whole configurations:
 * they take minutes, and test these more than the script.
 */
export function findNginxTests(): string[] {
  return testFilesIn('test/nginx').filter((file) =>
    readFileSync(REPOSITORY + file, 'utf8').includes('gatewayTest('),
  );
}

function testFilesIn(folder: string): string[] {
  const files = readdirSync(REPOSITORY + folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `${folder}/${file}`)
    .sort();
}
