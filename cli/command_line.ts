import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Format } from './check/print.js';
import { canBeNamed, MODES, type Mode } from './nginx_lines.js';

const DEFAULT_FILE = '/etc/nginx/nginx.conf';

export const USAGE = `Usage: njs-phantom-token init [--mode access|auth_request] [--force] DIR
       njs-phantom-token check [--njs VERSION] [--json | --github] [FILE | -]
       njs-phantom-token migrate [--write] FILE

init copies the script and the nginx snippets into DIR, creates DIR if needed, and prints the lines to add to
nginx.conf. Either all files are copied or none.

  --mode access         lines for access mode, the default: njs 1.0.1 or newer
  --mode auth_request   lines for auth_request mode: njs 0.8.6 or newer, but not 0.9.5 to 0.9.9
  --force               overwrite files in DIR that differ from this version's, with your edits in them;
                        without --force nothing is written if a file differs

zones.conf and zones_njs_0.8.conf (the sizes of the shared memory) and introspection_limits.conf (the timeouts and sizes
of an introspection) are yours once they are in DIR: not even --force overwrites them. If one lacks a line that this
version needs, init says so. To get this version's file, remove yours first.
Nothing in DIR is deleted, and no symbolic link in it is followed. If there is an nginx.conf beside DIR, it is checked.

To upgrade: npx njs-phantom-token@latest init --force DIR; then nginx -t && nginx -s reload

check reads FILE, by default ${DEFAULT_FILE}, with all that it includes, and prints a line for each mistake that can
open an API or close it: FILE:LINE: error|warning: CODE: text. docs/check.md explains the codes. It needs no nginx, and
changes nothing. With - it reads the standard input: nginx -T | npx njs-phantom-token check -

  --njs VERSION         the njs that will run the script, such as 0.8.9: finds what this version cannot do
  --json                prints one object, {"findings": [{"code", "level", "file", "line", "text"}]}
  --github              prints annotations for GitHub Actions

migrate translates the directives of Curity's C module (phantom_token on; and so on) in FILE, an nginx.conf, and in all
files that it includes, into the lines of this package, for access mode. It prints a unified diff, and changes nothing
without --write. What it cannot decide it marks in the file with a comment, and lists. docs/migrate.md says what
becomes of each line. It needs no nginx.

  --write               write the files, each with a copy beside it of what it was

  --help                show this text
  --version             show the version of this package, which is also in the first line of phantom_token.js

Exit code of init: 0 when it is done, 1 when it is not. Of check: 0 without errors, 1 with errors, 2 when it cannot read
the configuration. Of migrate: 0 when all is translated, 1 when lines are left to you, 2 when it cannot read or write.
Of all: 2 when the command line is wrong.`;

export type CommandLine =
  /** folder is absolute, and can be written in nginx.conf. */
  | { kind: 'init'; folder: string; mode: Mode; force: boolean }
  /** file: `-` for the standard input. njsVersion: 0x010002 for 1.0.2. */
  | { kind: 'check'; file: string; format: Format; njsVersion: number | undefined }
  | { kind: 'migrate'; file: string; write: boolean }
  | { kind: 'help' }
  | { kind: 'version' }
  /** problem is one line, without a full stop. */
  | { kind: 'wrong'; problem: string };

/** @param args  without the program and the script */
export function readCommandLine(args: string[]): CommandLine {
  const parsed = parse(args);
  if (typeof parsed === 'string') return wrong(parsed);
  const { values, positionals } = parsed;
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };

  const [command, ...operands] = positionals;
  if (command === undefined) return wrong('a command is missing');
  if (command !== 'init' && command !== 'check' && command !== 'migrate')
    return wrong(`unknown command '${command}'`);
  const foreign = Object.keys(values).find((option) => !OPTIONS_OF[command].includes(option));
  if (foreign !== undefined) return wrong(`${command} has no option '--${foreign}'`);
  switch (command) {
    case 'init':
      return readInit(values, operands);
    case 'check':
      return readCheck(values, operands);
    case 'migrate':
      return readMigrate(values, operands);
  }
}

type Values = Exclude<ReturnType<typeof parse>, string>['values'];

const OPTIONS_OF = { init: ['mode', 'force'], check: ['njs', 'json', 'github'], migrate: ['write'] };

function readInit({ mode: word = 'access', force = false }: Values, operands: string[]): CommandLine {
  const [folder, ...others] = operands;
  // An empty DIR comes from a variable that was not set; it would mean the current folder.
  if (folder === undefined || folder === '') return wrong('DIR is missing');
  if (others.length > 0) return wrong(`one DIR only, not also '${others[0]}'`);
  const mode = MODES.find((known) => known === word);
  if (mode === undefined) return wrong(`unknown mode '${word}'`);
  const absolute = resolve(folder);
  if (!canBeNamed(absolute)) return wrong(`DIR has a character that its name cannot have in nginx.conf`);
  return { kind: 'init', folder: absolute, mode, force };
}

function readCheck({ njs, json, github }: Values, operands: string[]): CommandLine {
  const [file = DEFAULT_FILE, ...others] = operands;
  if (file === '') return wrong('FILE is empty');
  if (others.length > 0) return wrong(`one FILE only, not also '${others[0]}'`);
  if (json && github) return wrong('either --json or --github');
  const njsVersion = njs === undefined ? undefined : readVersion(njs);
  if (njs !== undefined && njsVersion === undefined)
    return wrong(`'${njs}' is no version of njs such as 1.0.2`);
  return { kind: 'check', file, format: json ? 'json' : github ? 'github' : 'text', njsVersion };
}

function readMigrate({ write = false }: Values, operands: string[]): CommandLine {
  const [file = '', ...others] = operands;
  if (file === '') return wrong('FILE is missing');
  if (others.length > 0) return wrong(`one FILE only, not also '${others[0]}'`);
  if (file === '-') return wrong('FILE has to be a file, since its includes are read and written too');
  return { kind: 'migrate', file, write };
}

/** @returns as njs.version_number has it */
function readVersion(text: string): number | undefined {
  const parts = /^(\d{1,2})\.(\d{1,2})\.(\d{1,2})$/.exec(text)?.slice(1).map(Number);
  return parts?.reduce((version, part) => version * 256 + part, 0);
}

/** @returns the problem, when the options are wrong */
function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        mode: { type: 'string' },
        force: { type: 'boolean' },
        njs: { type: 'string' },
        json: { type: 'boolean' },
        github: { type: 'boolean' },
        write: { type: 'boolean' },
        help: { type: 'boolean' },
        version: { type: 'boolean' },
      },
    });
  } catch (error) {
    // Its first sentence names the option. The others are advice that does not apply here.
    return (error as Error).message.split(/\.?\s*\n|\.\s/, 1)[0] as string;
  }
}

function wrong(problem: string): CommandLine {
  return { kind: 'wrong', problem };
}
