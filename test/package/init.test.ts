// What `init` does to the folder that it is given, and what it prints.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import pLimit from 'p-limit';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = [process.execPath, join(REPOSITORY, 'dist/cli.js')];
/** A process that does not end by itself has no exit code. */
const RUN_TIMEOUT_MS = 20_000;
/** The files that init copies, by their path in DIR. */
const SOURCES: Record<string, string> = {
  'auth_request/protect.conf': 'nginx/auth_request/protect.conf',
  'auth_request/server.conf': 'nginx/auth_request/server.conf',
  'forward_auth.conf': 'nginx/forward_auth.conf',
  'http.conf': 'nginx/http.conf',
  'introspection.conf': 'nginx/introspection.conf',
  'introspection_cache.conf': 'nginx/introspection_cache.conf',
  'introspection_limits.conf': 'nginx/introspection_limits.conf',
  'jwks.conf': 'nginx/jwks.conf',
  'phantom_token.js': 'dist/phantom_token.js',
  'protect.conf': 'nginx/protect.conf',
  'zones.conf': 'nginx/zones.conf',
  'zones_njs_0.8.conf': 'nginx/zones_njs_0.8.conf',
};
const FILES = Object.keys(SOURCES);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: string[], cwd: string): Promise<Ended> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_TIMEOUT_MS,
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, 'close');
  const [stdout, stderr] = await output;
  return { code, stdout, stderr };
}

/** An empty folder of the test, removed at its end, and the command run in it. */
interface Place {
  readonly folder: string;
  init(...args: string[]): Promise<Ended>;
}

/** AVA starts all tests of a file at once; this limits how many run at a time. */
const inTurn = pLimit(8);

/** Declares a test with a folder of its own. */
function initTest(title: string, body: (t: ExecutionContext, place: Place) => Promise<void>): void {
  test(title, (t) =>
    inTurn(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'phantom-token-init-'));
      t.teardown(() => rm(folder, { recursive: true }));
      await body(t, { folder, init: (...args) => run([...COMMAND, 'init', ...args], folder) });
    }),
  );
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function sourceOf(path: string): Promise<string> {
  return readFile(join(REPOSITORY, SOURCES[path] ?? ''), 'utf8');
}

async function assertCopied(t: ExecutionContext, folder: string, paths: string[]): Promise<void> {
  for (const path of paths) t.is(await readFile(join(folder, path), 'utf8'), await sourceOf(path), path);
}

function assertFailed(t: ExecutionContext, ended: Ended, words: RegExp): void {
  t.is(ended.code, 1);
  t.is(ended.stdout, '');
  t.regex(ended.stderr, words);
}

initTest('the script and the snippets of both modes are copied into a new folder', async (t, place) => {
  t.is((await place.init('new/gateway')).code, 0);
  const folder = join(place.folder, 'new/gateway');
  t.deepEqual(await filesIn(folder), FILES);
  await assertCopied(t, folder, FILES);
});

/** The files that the lines include, in order. zones.conf would crash workers of njs 0.8. */
const INCLUDED: [mode: string, files: string[]][] = [
  ['access', ['zones.conf', 'http.conf', 'protect.conf', 'introspection_limits.conf', 'introspection.conf']],
  [
    'auth_request',
    [
      'zones_njs_0.8.conf',
      'http.conf',
      'auth_request/server.conf',
      'auth_request/protect.conf',
      'introspection_limits.conf',
      'introspection.conf',
    ],
  ],
];

for (const [mode, files] of INCLUDED) {
  initTest(
    `${mode}: the lines name the folder in full, wherever the command was called`,
    async (t, place) => {
      const folder = join(place.folder, 'gateway');
      const { stdout, stderr } = await place.init('--mode', mode, 'gateway');
      t.is(stderr, '');
      t.true(stdout.includes(`js_path ${folder};\n`));
      t.deepEqual(
        [...stdout.matchAll(/^ +include (.*);$/gm)].map(([, path]) => path),
        files.map((file) => join(folder, file)),
      );
    },
  );
}

initTest('without --mode the lines are those of access mode', async (t, place) => {
  t.is((await place.init('.')).code, 0);
  t.is((await place.init('.')).stdout, (await place.init('--mode', 'access', '.')).stdout);
});

initTest('running it twice succeeds and touches no file again, with --force neither', async (t, place) => {
  await place.init('.');
  const inodes = () => Promise.all(FILES.map(async (path) => (await stat(join(place.folder, path))).ino));
  const before = await inodes();
  for (const options of [[], ['--force']]) {
    const { code, stdout } = await place.init(...options, '.');
    t.is(code, 0);
    t.regex(stdout, /as they were: phantom_token\.js, /);
    t.notRegex(stdout, /copied: |overwritten: /);
    t.deepEqual(await inodes(), before);
  }
});

initTest(
  'when a file differs, nothing at all is written, and each that differs is named',
  async (t, place) => {
    await mkdir(join(place.folder, 'auth_request'));
    const edited = ['auth_request/server.conf', 'http.conf'];
    for (const path of edited) await writeFile(join(place.folder, path), '# mine');
    assertFailed(
      t,
      await place.init('.'),
      /differ .*--force overwrites them:\n {2}auth_request\/server\.conf\n {2}http\.conf\n$/,
    );
    t.deepEqual(await filesIn(place.folder), edited);
    for (const path of edited) t.is(await readFile(join(place.folder, path), 'utf8'), '# mine');
  },
);

initTest("--force overwrites the package's files that differ, and leaves all others", async (t, place) => {
  await writeFile(join(place.folder, 'http.conf'), '# old');
  await writeFile(join(place.folder, 'nginx.conf'), '# mine');
  const { code, stdout } = await place.init('--force', '.');
  t.is(code, 0);
  t.regex(stdout, /^# {3}overwritten: http\.conf$/m);
  await assertCopied(t, place.folder, FILES);
  t.deepEqual(await filesIn(place.folder), [...FILES, 'nginx.conf'].sort());
  t.is(await readFile(join(place.folder, 'nginx.conf'), 'utf8'), '# mine');
});

for (const tuned of ['zones.conf', 'zones_njs_0.8.conf', 'introspection_limits.conf']) {
  for (const options of [[], ['--force']]) {
    const title = `an edited ${tuned} holds what its user tunes: it stays, is named, and stops nothing`;
    initTest(`${title} (${options.join() || 'no option'})`, async (t, place) => {
      await writeFile(join(place.folder, tuned), '# 64m');
      const { code, stdout } = await place.init(...options, '.');
      t.is(code, 0);
      t.true(stdout.includes(`though they differ from this version's: ${tuned}\n`));
      t.is(await readFile(join(place.folder, tuned), 'utf8'), '# 64m');
      await assertCopied(
        t,
        place.folder,
        FILES.filter((path) => path !== tuned),
      );
    });
  }
}

for (const options of [[], ['--force']]) {
  const when = options.join() || 'no option';

  initTest(
    `a file that is a symbolic link stops it: nothing is written through it (${when})`,
    async (t, place) => {
      await mkdir(join(place.folder, 'gateway'));
      await writeFile(join(place.folder, 'elsewhere'), '# other');
      await symlink('../elsewhere', join(place.folder, 'gateway/http.conf'));
      await symlink('../absent', join(place.folder, 'gateway/protect.conf'));
      assertFailed(
        t,
        await place.init(...options, 'gateway'),
        /in the way:\n {2}http\.conf\n {2}protect\.conf\n$/,
      );
      t.deepEqual(await filesIn(place.folder), ['elsewhere', 'gateway/http.conf', 'gateway/protect.conf']);
      t.is(await readFile(join(place.folder, 'elsewhere'), 'utf8'), '# other');
    },
  );

  initTest(
    `a folder that is a symbolic link stops it: nothing is written behind it (${when})`,
    async (t, place) => {
      await mkdir(join(place.folder, 'gateway'));
      await mkdir(join(place.folder, 'elsewhere'));
      await symlink('../elsewhere', join(place.folder, 'gateway/auth_request'));
      assertFailed(t, await place.init(...options, 'gateway'), /in the way:\n {2}auth_request\n$/);
      t.deepEqual(await filesIn(place.folder), ['gateway/auth_request']);
    },
  );

  initTest(
    `a folder in place of a file stops it, and a file in place of the folder (${when})`,
    async (t, place) => {
      await mkdir(join(place.folder, 'phantom_token.js'));
      await writeFile(join(place.folder, 'auth_request'), '');
      const ended = await place.init(...options, '.');
      assertFailed(t, ended, /in the way:\n {2}auth_request\n {2}phantom_token\.js\n$/);
      t.deepEqual(await filesIn(place.folder), ['auth_request']);
    },
  );
}

/** The declarations of a zones file: the whole line, and the zone or the variable. */
const DIRECTIVE = /^[a-z_]+ (zone=\w+|\$\w+).*;$/gm;

for (const zones of ['zones.conf', 'zones_njs_0.8.conf']) {
  initTest(
    `a ${zones} that lacks a line, as one of an older version does, stays, and the line to add is named`,
    async (t, place) => {
      const shipped = await sourceOf(zones);
      const lines = [...shipped.matchAll(DIRECTIVE)];
      t.true(lines.length >= 4);
      for (const [line, name] of lines) {
        // A comment declares nothing, and a longer name with the same beginning is another zone.
        const mine = `${shipped.replace(line, `# ${line}`)}\njs_shared_dict_zone zone=other:1m; # ${name}\n${line.replace(name ?? '', `${name}_x`)}`;
        await writeFile(join(place.folder, zones), mine);
        const { code, stdout, stderr } = await place.init('--force', '.');
        t.is(code, 0);
        t.regex(stdout, /^ {4}server \{$/m);
        t.is(
          stderr,
          `njs-phantom-token: your ${zones} lacks what this version needs. If nginx.conf includes it, add before the reload:\n  ${line}\n`,
        );
        t.is(await readFile(join(place.folder, zones), 'utf8'), mine);
      }
    },
  );
}

initTest(
  'with other sizes and times, another order or more zones in zones.conf nothing is missing',
  async (t, place) => {
    const lines = [...(await sourceOf('zones.conf')).matchAll(DIRECTIVE)].map(([line]) =>
      line.replace(/(zone=\w+):.*;/, '\n  timeout=2h $1:64m  evict;'),
    );
    const mine = ['js_shared_dict_zone zone=other:1m; # mine', ...lines.reverse()].join('\n');
    await mkdir(join(place.folder, 'gateway'));
    await writeFile(join(place.folder, 'elsewhere'), mine);
    await symlink('../elsewhere', join(place.folder, 'gateway/zones.conf'));
    const { code, stdout, stderr } = await place.init('gateway');
    t.is(code, 0);
    t.regex(stdout, /kept, .*: zones\.conf$/m);
    t.is(stderr, '');
  },
);

initTest('a zones.conf that is a symbolic link is where its user wants it: it stays', async (t, place) => {
  await mkdir(join(place.folder, 'gateway'));
  await writeFile(join(place.folder, 'elsewhere'), '# 64m');
  await symlink('../elsewhere', join(place.folder, 'gateway/zones.conf'));
  const { code, stdout } = await place.init('--force', 'gateway');
  t.is(code, 0);
  t.regex(stdout, /kept, .*: zones\.conf$/m);
  t.is(await readFile(join(place.folder, 'elsewhere'), 'utf8'), '# 64m');
});

initTest(
  'a DIR that is itself a symbolic link to a folder is followed, because the user named it',
  async (t, place) => {
    await mkdir(join(place.folder, 'version_1'));
    await symlink('version_1', join(place.folder, 'current'));
    t.is((await place.init('current')).code, 0);
    t.deepEqual(await filesIn(join(place.folder, 'version_1')), FILES);
  },
);

initTest('a DIR that is a file, lies in one, or cannot be made is refused in one line', async (t, place) => {
  await writeFile(join(place.folder, 'file'), '');
  const long = 'x'.repeat(300);
  await symlink('absent', join(place.folder, 'link'));
  const cases: [dir: string, words: RegExp][] = [
    ['file', /^njs-phantom-token: \/.*\/file is not a folder\n$/],
    ['file/gateway', /^njs-phantom-token: cannot copy: ENOTDIR: .*\/file\/gateway'\n$/],
    ['link', /^njs-phantom-token: cannot copy: EEXIST: .*\/link'\n$/],
    ['/proc/gateway', /^njs-phantom-token: cannot copy: E[A-Z]+: .*\/proc\/gateway'\n$/],
    [long, /^njs-phantom-token: cannot copy: ENAMETOOLONG: .*\n$/],
  ];
  for (const [dir, words] of cases) assertFailed(t, await place.init(dir), words);
  t.deepEqual(await filesIn(place.folder), ['file', 'link']);
});

initTest(
  'a write that fails half-way leaves no new file, and the existing files unchanged',
  async (t, place) => {
    await writeFile(join(place.folder, 'http.conf'), '# old');
    // A limit of 20 or 40 kB for each file acts like a full disk: the script is larger, the snippets are not.
    const limited = ['sh', '-c', 'ulimit -f 40 && exec "$@"', 'sh', ...COMMAND, 'init', '--force', '.'];
    assertFailed(t, await run(limited, place.folder), /^njs-phantom-token: cannot copy: EFBIG: .*\n$/);
    t.deepEqual(await filesIn(place.folder), ['http.conf']);
    t.is(await readFile(join(place.folder, 'http.conf'), 'utf8'), '# old');
  },
);

/** Node words the problem with an option; this only checks that the option is named. */
const WRONG: [args: string[], problem: string][] = [
  [[], 'a command is missing'],
  [['install'], "unknown command 'install'"],
  [['init'], 'DIR is missing'],
  [['init', ''], 'DIR is missing'],
  [['init', 'a', 'b'], "one DIR only, not also 'b'"],
  [['init', '--mode', 'other', 'a'], "unknown mode 'other'"],
  [['init', 'a', '--mode'], "Option '--mode"],
  [['init', '--forse', 'a'], "Unknown option '--forse'"],
  [['init', '--mode', '--force', 'a'], "Option '--mode"],
  [['init', '--force=yes', 'a'], "Option '--force"],
  [['init', 'a*'], 'DIR has a character that its name cannot have in nginx.conf'],
  [['init', 'a\nb'], 'DIR has a character that its name cannot have in nginx.conf'],
];

for (const [args, problem] of WRONG) {
  initTest(
    `wrong usage: ${JSON.stringify(args)} is answered in one line, and nothing is written`,
    async (t, place) => {
      const { code, stdout, stderr } = await run([...COMMAND, ...args], place.folder);
      t.is(code, 2);
      t.is(stdout, '');
      t.true(stderr.startsWith(`njs-phantom-token: ${problem}`), stderr);
      t.regex(stderr, /^[^\n]*[^.]; see njs-phantom-token --help\n$/);
      t.deepEqual(await readdir(place.folder), []);
    },
  );
}

for (const args of [['--version'], ['init', '--version']]) {
  initTest(
    `${args.join(' ')} says which version this is, as the script's first line does`,
    async (t, place) => {
      const { code, stdout, stderr } = await run([...COMMAND, ...args], place.folder);
      t.is(code, 0);
      t.is(stderr, '');
      t.regex(stdout, /^\d+\.\d+\.\d+\S*\n$/);
      t.true((await sourceOf('phantom_token.js')).startsWith(`// njs-phantom-token ${stdout.trim()} `));
      t.deepEqual(await readdir(place.folder), []);
    },
  );
}

for (const args of [['--help'], ['init', '--help']]) {
  initTest(`${args.join(' ')} says what is copied and what is never overwritten`, async (t, place) => {
    const { code, stdout, stderr } = await run([...COMMAND, ...args], place.folder);
    t.is(code, 0);
    t.is(stderr, '');
    for (const word of [
      'Usage: ',
      '--mode',
      '--force',
      'zones.conf',
      'zones_njs_0.8.conf',
      'introspection_limits.conf',
    ])
      t.true(stdout.includes(word));
    t.deepEqual(await readdir(place.folder), []);
  });
}
