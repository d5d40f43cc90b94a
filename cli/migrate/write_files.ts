// Writes the files in place, each with a copy of what it was beside it: all of them, or none.
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { encodingOf } from '../nginx_conf/sources.js';
import type { MigratedFile } from './migrate.js';

export type WriteOutcome =
  | { kind: 'written'; files: { file: string; backup: string }[] }
  /** Nothing was written; the reason is one line and names the path. */
  | { kind: 'failed'; reason: string };

interface Writing {
  readonly file: string;
  /** Where a symbolic link leads. */
  readonly target: string;
  readonly partial: string;
  readonly backup: string;
}

/** All copies and all new texts are on the disk before the first file is replaced. */
export function writeFiles(files: readonly MigratedFile[]): WriteOutcome {
  const made: string[] = [];
  const replaced: Writing[] = [];
  try {
    const writings = files.map((migrated) => prepare(migrated, made));
    for (const writing of writings) {
      renameSync(writing.partial, writing.target);
      replaced.push(writing);
    }
    return { kind: 'written', files: writings.map(({ file, backup }) => ({ file, backup })) };
  } catch (error) {
    for (const { target, backup } of replaced) renameSync(backup, target);
    for (const path of made) rmSync(path, { force: true });
    return { kind: 'failed', reason: (error as Error).message };
  }
}

function prepare({ file, after }: MigratedFile, made: string[]): Writing {
  const target = realpathSync(file);
  const bytes = readFileSync(target);
  const { mode, uid, gid } = statSync(target);
  const partial = `${target}.${randomUUID()}.partial`;
  const backup = backupOf(target);
  const text = Buffer.concat([byteOrderMark(bytes), Buffer.from(after, encodingOf(bytes))]);
  for (const [path, content] of [
    [backup, bytes],
    [partial, text],
  ] as const) {
    made.push(path);
    writeFileSync(path, content, { flag: 'wx', mode });
    chmodSync(path, mode);
    chownSync(path, uid, gid);
  }
  return { file, target, partial, backup };
}

const MARK = Buffer.from('\uFEFF');

function byteOrderMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, MARK.length).equals(MARK) ? MARK : Buffer.alloc(0);
}

/**
 * `include sites-enabled/*;` would read the copy as well, unless its name begins with a dot. A name that is taken is not
 * used: it may be the copy of an earlier run.
 */
function backupOf(target: string): string {
  const name = basename(target);
  const isTakenByPatterns = !name.endsWith('.conf') || basename(dirname(target)) === 'sites-enabled';
  const first = join(dirname(target), `${isTakenByPatterns ? '.' : ''}${name}.before_migrate`);
  let backup = first;
  for (let number = 2; statSync(backup, { throwIfNoEntry: false }) !== undefined; number++)
    backup = `${first}_${number}`;
  return backup;
}
