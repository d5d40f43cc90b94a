// `migrate` on random configurations: nothing that the C module protects may be open afterwards.
import test, { type ExecutionContext } from 'ava';
import { type Configuration, type Location, layOut, levelsOf, type Server } from '../../cli/check/layout.js';
import { isOwnCall, protectLine } from '../../cli/check/protection.js';
import { migrate } from '../../cli/migrate/migrate.js';
import type { Directive } from '../../cli/nginx_conf/directive.js';
import { readConfiguration } from '../../cli/nginx_conf/read.js';
import { type Source, textSource } from '../../cli/nginx_conf/sources.js';

const CONFIGURATIONS = 1500;

type Texts = Record<string, string>;
type Pick = <T>(...choices: readonly T[]) => T;

/** mulberry32: the same numbers for the same seed. */
function picker(seed: number): Pick {
  let state = seed;
  return (...choices) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    const index = ((mixed ^ (mixed >>> 14)) >>> 0) % choices.length;
    return choices[index] as (typeof choices)[number];
  };
}

/** Directives of the module, each at most once: nginx refuses a second one. */
function moduleLines(pick: Pick): string[] {
  return [
    pick('', '', 'phantom_token on;', 'phantom_token on;', 'phantom_token off;'),
    pick(
      '',
      '',
      'phantom_token_introspection_endpoint curity;',
      'phantom_token_introspection_endpoint other;',
    ),
    pick('', '', '', 'phantom_token_realm a;', 'phantom_token_realm "b c";'),
    pick('', '', '', 'phantom_token_scopes "read write";', 'phantom_token_scope read;'),
  ].filter((line) => line !== '');
}

const CONTENTS = [
  'proxy_pass http://127.0.0.1:8082;',
  'proxy_set_header X-Area a; proxy_pass http://127.0.0.1:8082;',
  'root /srv;',
  'return 200 ok;',
  'if ($request_method = GET) { break; } return 405;',
  'if ($arg_a) { return 403; } proxy_pass http://127.0.0.1:8082;',
  'rewrite ^/a /b break; grpc_pass grpc://127.0.0.1:8082;',
];

/** Where several lines are, each may be on a line of its own. */
function block(pick: Pick, head: string, lines: string[]): string {
  const [begin, between] = pick(['\n', '\n'], [' ', ' '], ['', '\n# a comment\n']);
  return `${head} {${begin}${lines.join(between)}${between}}`;
}

function location(pick: Pick, path: string, depth: number): string {
  const own = pick('', '', 'lines', 'lines', 'include');
  const content = pick(...CONTENTS);
  const settings = own === 'lines' ? moduleLines(pick) : own === 'include' ? ['include settings.conf;'] : [];
  const lines = pick(true, true, false) ? [...settings, content] : [content, ...settings];
  const nested = depth < 2 && pick(true, false, false) ? [location(pick, `${path}n/`, depth + 1)] : [];
  return block(pick, `location ${path}`, [...lines, ...nested]);
}

const ENDPOINTS = ['curity', 'other'].map(
  (name) => `location ${name} { internal; proxy_pass http://127.0.0.1:8443/introspect; }`,
);

function server(pick: Pick): string {
  const shared = pick('include shared.conf;', 'include shared.conf;', '');
  const own = pick(true, false) ? [location(pick, '/own/', 0)] : [];
  const settings = pick(moduleLines(pick), moduleLines(pick), ['include settings.conf;']);
  const root = pick('', '', '', 'root /srv;');
  const endpoints = pick('include endpoints.conf;', ENDPOINTS.join('\n'));
  return block(pick, 'server', [...settings, root, shared, ...own, endpoints]);
}

function configuration(pick: Pick): Texts {
  const servers = pick([1], [1, 2], [1, 2], [1, 2, 3]).map(() => server(pick));
  const settings = moduleLines(pick);
  const shared = pick([0], [0, 1]).map((i) => location(pick, `/shared${i}/`, 0));
  const http = block(pick, 'http', [...pick([], moduleLines(pick)), ...servers]);
  return {
    '/nginx.conf': `load_module modules/ngx_curity_http_phantom_token_module.so;\nevents {}\n${http}\n`,
    '/shared.conf': `${shared.join('\n')}\n`,
    '/settings.conf': `${settings.join('\n')}\n`,
    '/endpoints.conf': `${ENDPOINTS.join('\n')}\n`,
  };
}

function sourceOf(texts: Texts): Source {
  const parts = Object.entries(texts).map(([file, text]) => `# configuration file ${file}:\n${text}`);
  return textSource(parts.join(''));
}

async function read(texts: Texts): Promise<Directive[]> {
  const outcome = await readConfiguration(() => sourceOf(texts));
  if (outcome.kind === 'unreadable') throw new Error(outcome.problem);
  return outcome.directives;
}

async function migrated(texts: Texts) {
  const outcome = await migrate(sourceOf(texts), '/etc/nginx/phantom_token');
  if (outcome.kind === 'unreadable') throw new Error(outcome.problem);
  const after = Object.fromEntries(outcome.files.map((file) => [file.file, file.after]));
  return { after: { ...texts, ...after }, files: outcome.files, left: outcome.left };
}

type Levels = readonly (readonly Directive[])[];

/** As the module's own code has it: both values are inherited, each by itself, and it is off without them. */
function isProtectedByModule(levels: Levels): boolean {
  const first = (name: string) => levels.flatMap((level) => level.filter((line) => line.name === name))[0];
  return (
    first('phantom_token')?.args[0] === 'on' && first('phantom_token_introspection_endpoint') !== undefined
  );
}

/** nginx answers before any access control, as with the module. */
function onlyReturns({ own }: Location): boolean {
  return (
    own.some(({ name }) => name === 'return') && !own.some(({ name }) => name === 'if' || /_pass$/.test(name))
  );
}

/** Stock nginx knows no directive of the module, nor the one that `migrate` writes: it does not start. */
function isRefused(levels: Levels): boolean {
  return levels.some((level) => level.some(({ name }) => name.startsWith('phantom_token')));
}

const COMMENT = 'What the C module inherited from here is in each protected location now.';

function assertNothingIsOpen(
  t: ExecutionContext,
  were: Configuration,
  are: Configuration,
  shown: string,
): void {
  for (const [i, { allLocations, own, configuration }] of were.servers.entries()) {
    const now = are.servers[i] as Server;
    for (const [j, location] of allLocations.entries()) {
      const there = now.allLocations[j] as Location;
      if (!isProtectedByModule(levelsOf(location)) || onlyReturns(location)) continue;
      const isClosed = protectLine(there.own) !== undefined || isOwnCall(there);
      t.true(isClosed || isRefused(levelsOf(there)), `${location.path} is open: ${shown}`);
    }
    const hasFiles = own.some(({ name }) => name === 'root');
    if (hasFiles && isProtectedByModule([own, configuration.own]))
      t.true(isRefused([now.own, now.configuration.own]), `files are open: ${shown}`);
  }
}

/** The comment stands at a level only when each location below, which the module protects, has lines of its own. */
function assertCommentIsTrue(
  t: ExecutionContext,
  were: Configuration,
  after: Texts,
  are: Configuration,
  shown: string,
): void {
  const isWritten = were.servers.every(({ allLocations }, i) =>
    allLocations.every((location, j) => {
      const there = are.servers[i]?.allLocations[j] as Location;
      return (
        !isProtectedByModule(levelsOf(location)) ||
        onlyReturns(location) ||
        protectLine(there.own) !== undefined ||
        isOwnCall(there)
      );
    }),
  );
  const httpHasComment = new RegExp(`http \\{[^{}]*${COMMENT}`).test(after['/nginx.conf'] as string);
  t.true(isWritten || !httpHasComment, `the comment is false: ${shown}`);
}

async function assertMigrates(t: ExecutionContext, before: Texts, seed: number): Promise<'whole' | 'left'> {
  const once = await migrated(before);
  const twice = await migrated(once.after);
  const shown = `seed ${seed}\n${Object.values(before).join('\n')}\nbecame\n${Object.values(once.after).join('\n')}`;
  const were = layOut(await read(before));
  const are = layOut(await read(once.after));
  assertNothingIsOpen(t, were, are, shown);
  assertNothingIsOpen(t, were, layOut(await read(twice.after)), `after a second run: ${shown}`);
  assertCommentIsTrue(t, were, once.after, are, shown);
  if (once.left.length > 0) return 'left';
  t.deepEqual(twice.files, [], `the second run changes it: ${shown}`);
  return 'whole';
}

test('whatever servers and locations inherit and share: each location that the module protects is protected afterwards, or nginx refuses the file', async (t) => {
  const first = Number(process.env.MIGRATE_SEED ?? 1);
  const kinds: string[] = [];
  for (let seed = first; seed < first + CONFIGURATIONS; seed++) {
    kinds.push(await assertMigrates(t, configuration(picker(seed)), seed));
  }
  // Neither everything nor nothing is left to a person.
  t.true(kinds.filter((kind) => kind === 'whole').length > CONFIGURATIONS / 10);
  t.true(kinds.filter((kind) => kind === 'left').length > CONFIGURATIONS / 10);
});
