// Where the files of this package are. In this folder, because dist/cli.js is as far from them.
import { fileURLToPath } from 'node:url';

export const SCRIPT = fileURLToPath(new URL('../dist/phantom_token.js', import.meta.url));
/** A folder, without a slash at the end. */
export const SNIPPETS = fileURLToPath(new URL('../nginx', import.meta.url));
