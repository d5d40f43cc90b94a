#!/usr/bin/env node
// `npx njs-phantom-token`: reads the command line; `init` copies and prints the lines for nginx.conf, `check` reads a
// configuration and prints what is wrong with it, `migrate` translates one.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { check } from './check/check.js';
import { print } from './check/print.js';
import { type CommandLine, readCommandLine, USAGE } from './command_line.js';
import { type CopyOutcome, copyFiles, type KeptFile } from './copy.js';
import { type MigrateOutcome, migrate } from './migrate/migrate.js';
import { asDiff } from './migrate/print_diff.js';
import { type WriteOutcome, writeFiles } from './migrate/write_files.js';
import { readConfiguration } from './nginx_conf/read.js';
import { diskSource, streamSource } from './nginx_conf/sources.js';
import { canBeNamed, linesToAdd } from './nginx_lines.js';

const DONE = 0;
const FAILED = 1;
const FOUND_ERRORS = 1;
const WRONG_USAGE = 2;
const UNREADABLE = 2;
const LEFT_TO_A_PERSON = 1;
const NOT_WRITTEN = 2;
const USUAL_FOLDER = '/etc/nginx/phantom_token';

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const command = readCommandLine(args);
  switch (command.kind) {
    case 'help':
      console.log(USAGE);
      return DONE;
    case 'version':
      console.log(await readVersion());
      return DONE;
    case 'wrong':
      complain(`${command.problem}; see njs-phantom-token --help`);
      return WRONG_USAGE;
    case 'init': {
      const outcome = await copyFiles(command.folder, command);
      if (outcome.kind !== 'copied') {
        complain(describeFailure(outcome, command.folder));
        return FAILED;
      }
      console.log(`${describeCopy(outcome, command.folder)}\n${linesToAdd(command.mode, command.folder)}`);
      // At the end, so that it is not overlooked after the many lines above.
      for (const file of outcome.kept.filter(({ missing }) => missing.length > 0))
        complain(describeLack(file));
      await checkBeside(command.folder);
      return DONE;
    }
    case 'check':
      return checkFile(command);
    case 'migrate':
      return migrateFile(command);
  }
}

async function migrateFile({ file, write }: CommandLine & { kind: 'migrate' }): Promise<number> {
  const outcome = await migrate(diskSource(file, false), folderFor(file));
  if (outcome.kind === 'unreadable') {
    complain(outcome.problem);
    return UNREADABLE;
  }
  process.stdout.write(asDiff(outcome.files));
  const written = write ? writeFiles(outcome.files) : undefined;
  if (written?.kind === 'failed') {
    complain(`nothing was written: ${written.reason}`);
    return NOT_WRITTEN;
  }
  for (const line of describeMigration(outcome, written, file)) complain(line);
  return outcome.left.length > 0 ? LEFT_TO_A_PERSON : DONE;
}

/** Beside FILE, where that is where nginx reads it; a copy in a repository is meant for the usual place. */
function folderFor(file: string): string {
  const folder = dirname(resolve(file));
  const isInUse = ['phantom_token/phantom_token.js', 'mime.types'].some((name) =>
    existsSync(join(folder, name)),
  );
  return isInUse && canBeNamed(folder) ? join(folder, 'phantom_token') : USUAL_FOLDER;
}

function describeMigration(
  { files, left }: MigrateOutcome & { kind: 'migrated' },
  written: (WriteOutcome & { kind: 'written' }) | undefined,
  file: string,
): string[] {
  const none = `${file}, with what it includes, has no directive of the C module that is left to translate`;
  const places = left.map(({ file, line, text }) => `\n${file}:${line}: ${text}`).join('');
  const lines = written === undefined ? 'lines of the new text' : 'lines';
  return [
    ...(files.length === 0 && left.length === 0 ? [none] : []),
    ...(written?.files ?? []).map(({ file, backup }) => `${file} is written; ${backup} is what it was`),
    ...(left.length === 0 ? [] : [`left to you, and marked there (${lines}):${places}`]),
  ];
}

async function checkFile({ file, format, njsVersion }: CommandLine & { kind: 'check' }): Promise<number> {
  const outcome = await readConfiguration(() =>
    file === '-' ? streamSource(process.stdin) : diskSource(file),
  );
  if (outcome.kind === 'unreadable') {
    complain(outcome.problem);
    return UNREADABLE;
  }
  const findings = check(outcome.directives, { njsVersion });
  const printed = print(findings, format);
  if (printed !== '') console.log(printed);
  return findings.some(({ level }) => level === 'error') ? FOUND_ERRORS : DONE;
}

/** The nginx.conf of the folder around DIR, as far as there is one: an upgrade, or lines that were added before. */
async function checkBeside(folder: string): Promise<void> {
  const file = join(dirname(folder), 'nginx.conf');
  if (!existsSync(file)) return;
  const outcome = await readConfiguration(() => diskSource(file));
  const findings = outcome.kind === 'read' ? check(outcome.directives, { njsVersion: undefined }) : [];
  if (findings.length > 0) complain(`${file} has mistakes (docs/check.md):\n${print(findings, 'text')}`);
}

/** The version of the package. */
async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function complain(text: string): void {
  console.error(`njs-phantom-token: ${text}`);
}

/** In comments of nginx.conf, so that the whole output can be pasted there. */
function describeCopy(outcome: CopyOutcome & { kind: 'copied' }, folder: string): string {
  const groups: [what: string, files: string[]][] = [
    ['copied', outcome.added],
    ['overwritten', outcome.overwritten],
    ['as they were', outcome.unchanged],
    [
      "kept, because they are yours, though they differ from this version's",
      outcome.kept.map(({ path }) => path),
    ],
  ];
  const lines = groups
    .filter(([, files]) => files.length > 0)
    .map(([what, files]) => `#   ${what}: ${files.join(', ')}`);
  return [`# ${folder}`, ...lines].join('\n');
}

function describeLack({ path, missing }: KeptFile): string {
  const lines = missing.map((directive) => `\n  ${directive}`).join('');
  return `your ${path} lacks what this version needs. If nginx.conf includes it, add before the reload:${lines}`;
}

function describeFailure(outcome: Exclude<CopyOutcome, { kind: 'copied' }>, folder: string): string {
  switch (outcome.kind) {
    case 'differs': {
      const files = outcome.files.map((file) => `\n  ${file}`).join('');
      return `nothing was written: files in ${folder} differ from this version's; --force overwrites them:${files}`;
    }
    case 'obstructed': {
      const places = outcome.places.map((place) => `\n  ${place}`).join('');
      return `nothing was written: in ${folder} symbolic links, or folders in place of files, are in the way:${places}`;
    }
    case 'no_folder':
      return `${folder} is not a folder`;
    case 'failed':
      return `cannot copy: ${outcome.reason}`;
  }
}
