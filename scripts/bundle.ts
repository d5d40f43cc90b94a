import { fileURLToPath } from 'node:url';
import { type BuildFailure, type BuildOptions, build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What is wrong with the sources, or with what is committed: lines for the reader. */
export class BuildError extends Error {}

export async function bundle(options: BuildOptions) {
  const result = await build({
    ...options,
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    logLevel: 'silent',
  }).catch((failure: BuildFailure) => failure);
  // A warning of the bundler is code that it gives another meaning, such as `import.meta`.
  const messages = [...result.errors, ...result.warnings].map(({ text, location }) =>
    location ? `${location.file}:${location.line}: ${text}` : text,
  );
  if (messages.length > 0 || !('outputFiles' in result)) throw new BuildError(messages.join('\n'));
  return { text: result.outputFiles[0]?.text ?? '', inputs: result.metafile.inputs };
}
