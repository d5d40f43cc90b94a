import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { canBeNamed, MODES, type Mode } from './nginx_lines.js';

export const USAGE = `Usage: njs-phantom-token init [--mode access|auth_request] [--force] DIR

Copies the script and the nginx snippets into DIR, creates DIR if needed, and prints the lines to add to
nginx.conf. Either all files are copied or none.

  --mode access         lines for access mode, the default: njs 1.0.1 or newer
  --mode auth_request   lines for auth_request mode: njs 0.8.6 or newer, but not 0.9.5 to 0.9.9
  --force               overwrite files in DIR that differ from this version's, with your edits in them;
                        without --force nothing is written if a file differs
  --help                show this text
  --version             show the version of this package, which is also in the first line of phantom_token.js

zones.conf and zones_njs_0.8.conf (the sizes of the shared memory) and introspection_limits.conf (the timeouts and sizes
of an introspection) are yours once they are in DIR: not even --force overwrites them. If one lacks a line that this
version needs, init says so. To get this version's file, remove yours first.
Nothing in DIR is deleted, and no symbolic link in it is followed.

To upgrade: npx njs-phantom-token@latest init --force DIR; then nginx -t && nginx -s reload

Exit code: 0 when it is done, 1 when it is not, 2 when the command line is wrong.`;

export type CommandLine =
  /** folder is absolute, and can be written in nginx.conf. */
  | { kind: 'init'; folder: string; mode: Mode; force: boolean }
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

  const [command, folder, ...others] = positionals;
  if (command === undefined) return wrong('a command is missing');
  if (command !== 'init') return wrong(`unknown command '${command}'`);
  // An empty DIR comes from a variable that was not set; it would mean the current folder.
  if (folder === undefined || folder === '') return wrong('DIR is missing');
  if (others.length > 0) return wrong(`one DIR only, not also '${others[0]}'`);
  const mode = MODES.find((known) => known === values.mode);
  if (mode === undefined) return wrong(`unknown mode '${values.mode}'`);
  const absolute = resolve(folder);
  if (!canBeNamed(absolute)) return wrong(`DIR has a character that its name cannot have in nginx.conf`);
  return { kind: 'init', folder: absolute, mode, force: values.force };
}

/** @returns the problem, when the options are wrong */
function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        mode: { type: 'string', default: 'access' },
        force: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        version: { type: 'boolean', default: false },
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
