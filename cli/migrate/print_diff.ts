import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from 'diff';
import type { MigratedFile } from './migrate.js';

/** Unified, for `patch -p0`. */
export function asDiff(files: readonly MigratedFile[]): string {
  return files
    .map(({ file, before, after }) =>
      formatPatch(structuredPatch(file, file, before, after, undefined, undefined), FILE_HEADERS_ONLY),
    )
    .join('');
}
