// Reads a configuration with all that it includes, as one tree.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SNIPPETS } from '../shipped_files.js';
import { type Directive, parseDirectives } from './directive.js';
import type { Source } from './sources.js';
import { Unreadable } from './unreadable.js';

export type ReadOutcome =
  | { kind: 'read'; directives: Directive[] }
  /** problem is one line, without a full stop. */
  | { kind: 'unreadable'; problem: string };

/** Opens the source and reads everything. */
export async function readConfiguration(open: () => Source | Promise<Source>): Promise<ReadOutcome> {
  try {
    const source = await open();
    const text = source.read(source.main);
    if (text === undefined) throw new Unreadable(`${source.main} does not exist`);
    const directives = parseDirectives(text, source.main);
    return { kind: 'read', directives: withIncludes(directives, source, [source.main]) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    // The name of a file may hold a line feed.
    return { kind: 'unreadable', problem: error.message.replace(/[\x00-\x1f\x7f]+/g, ' ') };
  }
}

/** Puts the directives of each included file in place of its include. @param files  that are being read */
function withIncludes(directives: Directive[], source: Source, files: string[]): Directive[] {
  const whole: Directive[] = [];
  for (const directive of directives) {
    const [pattern] = directive.args;
    if (directive.name === 'include' && directive.block === undefined && pattern !== undefined) {
      for (const file of source.resolve(pattern)) whole.push(...readIncluded(directive, file, source, files));
    } else if (directive.block !== undefined) {
      whole.push({ ...directive, block: withIncludes(directive.block, source, files) });
    } else {
      whole.push(directive);
    }
  }
  return whole;
}

function readIncluded(include: Directive, file: string, source: Source, files: string[]): Directive[] {
  const place = `${include.file}:${include.line}`;
  if (files.includes(file)) throw new Unreadable(`${place}: ${file} includes itself`);
  const text = source.read(file) ?? readKnown(file);
  if (text === undefined) throw new Unreadable(`${place}: ${file} does not exist`);
  const shippedBy = include.shippedBy ?? (isShipped(file, text) ? include : undefined);
  return withIncludes(parseDirectives(text, file, shippedBy), source, [...files, file]);
}

/** Files that come with nginx or Debian's package of it, and have nothing that a rule looks at. */
const OF_NGINX = /^(mime\.types|(fastcgi|uwsgi|scgi|proxy)_params|fastcgi\.conf|koi-utf|koi-win|win-utf)$/;

/**
 * A file that is not on this machine, as in a repository of configurations: the package's own, or one of nginx's.
 * On the machine where nginx runs, nginx itself refuses a missing file.
 */
function readKnown(file: string): string | undefined {
  const ours = /(?:^|\/)phantom_token\/((?:auth_request\/)?[\w.]+\.conf)$/.exec(file)?.[1];
  if (ours !== undefined && existsSync(join(SNIPPETS, ours)))
    return readFileSync(join(SNIPPETS, ours), 'utf8');
  return OF_NGINX.test(basename(file)) ? '' : undefined;
}

const SHIPPED_NAMES =
  /^(http|zones|zones_njs_0\.8|protect|server|forward_auth|introspection_cache|introspection|introspection_limits|jwks)\.conf$/;

/** By its name and by what only the package's own files have. */
function isShipped(file: string, text: string): boolean {
  return (
    SHIPPED_NAMES.test(basename(file)) &&
    /\$_phantom_|\$phantom_zones|\$phantom_introspection_limit/.test(text)
  );
}
