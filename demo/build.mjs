// Bundles the demo's two servers into build/demo/serve.mjs, which needs only Node. demo/Dockerfile runs it.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

await build({
  entryPoints: [fileURLToPath(new URL('serve.ts', import.meta.url))],
  outfile: fileURLToPath(new URL('../build/demo/serve.mjs', import.meta.url)),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Some of the packages are CommonJS and call `require` for Node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
});
