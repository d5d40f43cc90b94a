// Where the texts of a configuration come from: the disk, or what `nginx -T` printed.
import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { Unreadable } from './unreadable.js';

/** Of all files together. No nginx.conf is as large; what is larger is something else. */
const MOST_BYTES = 16 * 1024 * 1024;

export interface Source {
  /** The file that is read first. */
  readonly main: string;
  /** @returns undefined when there is no such file */
  read(file: string): string | undefined;
  /** The files, in order, that an `include` with these words means; as nginx does, relative to the first file. */
  resolve(pattern: string): string[];
}

/** @param takesPipes  and devices; what is written back has to be a file, and a pipe may be without a writer for ever */
export function diskSource(main: string, takesPipes = true): Source {
  let left = MOST_BYTES;
  return {
    main,
    read(file) {
      const bytes = readBounded(file, left, takesPipes);
      if (bytes === undefined) return undefined;
      left -= bytes.length;
      return decode(bytes, file);
    },
    resolve(pattern) {
      const path = isAbsolute(pattern) ? pattern : join(dirname(main), pattern);
      return isGlob(pattern) ? matchOnDisk(path) : [path];
    },
  };
}

/** @param stream  a configuration, or what `nginx -T` prints */
export async function streamSource(stream: AsyncIterable<Buffer>): Promise<Source> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > MOST_BYTES) throw tooLarge('the standard input');
    parts.push(part);
  }
  return textSource(decode(Buffer.concat(parts), 'the standard input'));
}

const MARK = /^# configuration file (.+):\r?\n/gm;

export function textSource(text: string): Source {
  const marks = [...text.matchAll(MARK)];
  const [first] = marks;
  if (first === undefined) return { ...diskSource(join(process.cwd(), 'nginx.conf')), ...single('-', text) };
  const main = first[1] as string;
  const texts = new Map(
    marks.map((mark, i) => [mark[1] as string, text.slice(mark.index + mark[0].length, marks[i + 1]?.index)]),
  );
  return {
    main,
    read: (file) => texts.get(file),
    resolve(pattern) {
      const path = isAbsolute(pattern) ? pattern : join(dirname(main), pattern);
      if (!isGlob(pattern)) return [path];
      const matches = matcherOf(path);
      return [...texts.keys()].filter(matches).sort();
    },
  };
}

/** A configuration without marks; what it includes is read from the disk. */
function single(main: string, text: string): Pick<Source, 'main' | 'read'> {
  const disk = diskSource(main);
  return { main, read: (file) => (file === main ? text : disk.read(file)) };
}

function decode(bytes: Buffer, file: string): string {
  if (bytes.includes(0)) throw new Unreadable(`${file} is binary, not a configuration`);
  const text = bytes.toString(encodingOf(bytes));
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** Old comments may have letters of Latin-1: nginx takes any byte, and none must be lost. */
export function encodingOf(bytes: Buffer): 'utf8' | 'latin1' {
  return isUtf8(bytes) ? 'utf8' : 'latin1';
}

function tooLarge(file: string): Unreadable {
  return new Unreadable(`${file} is too large for a configuration: over ${MOST_BYTES / 1024 / 1024} MB`);
}

/** Never reads more than the limit. */
function readBounded(file: string, limit: number, takesPipes: boolean): Buffer | undefined {
  try {
    const found = statSync(file);
    if (found.isDirectory()) throw new Unreadable(`${file} is a directory`);
    if (!takesPipes && !found.isFile()) throw new Unreadable(`${file} is not a regular file`);
    const descriptor = openSync(file, 'r');
    try {
      return readAll(descriptor, file, limit);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Unreadable(`${file} cannot be read: ${code}`);
  }
}

const PART_BYTES = 1024 * 1024;

function readAll(descriptor: number, file: string, limit: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (;;) {
    const part = Buffer.alloc(PART_BYTES);
    const got = readSync(descriptor, part);
    if (got === 0) return Buffer.concat(parts);
    length += got;
    if (length > limit) throw tooLarge(file);
    parts.push(part.subarray(0, got));
  }
}

function isGlob(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

function matchOnDisk(path: string): string[] {
  let found = [isAbsolute(path) ? '/' : '.'];
  for (const part of path.split('/').filter((name) => name !== '')) {
    found = isGlob(part)
      ? found.flatMap((folder) => matchesIn(folder, part))
      : found.map((folder) => join(folder, part));
  }
  return found.filter(isThere);
}

function matchesIn(folder: string, part: string): string[] {
  const matches = matcherOf(part);
  return namesIn(folder)
    .filter(matches)
    .sort()
    .map((name) => join(folder, name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** As glob(3): a wildcard does not match `/`, nor the dot at the beginning of a name. */
function matcherOf(pattern: string): (path: string) => boolean {
  const regex = pattern.replace(/\[!?\]?[^\]]*\]|[\s\S]/g, (part: string, place: number) => {
    const noDot = place === 0 || pattern[place - 1] === '/' ? '(?!\\.)' : '';
    if (part === '*') return `${noDot}[^/]*`;
    if (part === '?') return `${noDot}[^/]`;
    if (part.length > 1) return noDot + part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
    return part.replace(/[\\^$.|+(){}[\]]/, '\\$&');
  });
  const compiled = new RegExp(`^${regex}$`);
  return (path) => compiled.test(path);
}
