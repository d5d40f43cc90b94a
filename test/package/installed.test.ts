// The npm package as a user gets it: packed, installed into an empty folder, its command run, nginx started with it.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { npmCommand } from '../../runtime/npm_command.mjs';
import { SETUPS } from '../support/setups.js';
import { assertProtects } from '../support/shown_config.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const NPM_TIMEOUT_MS = 60_000;

interface Context {
  /** The folder for everything that these tests write. */
  folder: string;
  /** Has only what `npm install` put there. */
  project: string;
  /** The package in that folder. */
  installed: string;
}

const test = anyTest as TestFn<Context>;

/** Runs offline, so that anything outside the tarball is missing. Returns stdout. */
async function npm(args: string[], project: string): Promise<string> {
  const [command, first] = npmCommand();
  const options = ['--offline', '--silent', '--no-audit', '--no-fund', '--prefix', project];
  const { stdout } = await promisify(execFile)(command, [...first, ...options, ...args], {
    cwd: project,
    timeout: NPM_TIMEOUT_MS,
  });
  return stdout;
}

test.before(async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-package-'));
  const project = join(folder, 'project');
  t.context = { folder, project, installed: join(project, 'node_modules/njs-phantom-token') };
  await mkdir(project);
  await npm(['pack', REPOSITORY, '--pack-destination', folder], project);
  const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  await npm(['install', join(folder, tarball)], project);
});

test.after.always(async (t) => {
  await rm(t.context.folder, { recursive: true });
});

test('the package has dist, nginx and docs, and otherwise only what npm adds', async (t) => {
  t.deepEqual((await readdir(t.context.installed)).sort(), [
    'LICENSE',
    'README.md',
    'dist',
    'docs',
    'nginx',
    'package.json',
  ]);
  t.deepEqual((await readdir(join(t.context.installed, 'dist'))).sort(), ['cli.js', 'phantom_token.js']);
  for (const folder of ['nginx', 'docs']) {
    t.deepEqual(
      (await readdir(join(t.context.installed, folder), { recursive: true })).sort(),
      (await readdir(join(REPOSITORY, folder), { recursive: true })).sort(),
    );
  }
});

test('installing it installs no other package', async (t) => {
  const names = (await readdir(join(t.context.project, 'node_modules'))).filter(
    (name) => !name.startsWith('.'),
  );
  t.deepEqual(names, ['njs-phantom-token']);
});

test('the unpacked package can be packed again, although it has no sources to compare dist with', async (t) => {
  await t.notThrowsAsync(npm(['pack', t.context.installed, '--dry-run'], t.context.project));
});

/** Runs `npx njs-phantom-token init`; returns what it prints. */
function init(t: ExecutionContext<Context>, folder: string, args: string[]): Promise<string> {
  return npm(['exec', '--', 'njs-phantom-token', 'init', ...args, folder], t.context.project);
}

for (const setup of SETUPS) {
  test(`[${setup.name}] what init prints, with what it copied, protects a location`, async (t) => {
    const folder = join(t.context.folder, setup.name.replaceAll(' ', '_'));
    const printed = await init(t, folder, setup.mode === 'access' ? [] : ['--mode', 'auth_request']);
    const config = printed.replace('http {', 'events {}\nhttp {');
    await assertProtects(t, { setup, config, folder });
  });
}

test('init works in a folder whose name nginx.conf has to quote', async (t) => {
  const folder = join(t.context.folder, "it's {mine}; #1 $HOME é");
  const setup = SETUPS[0] as (typeof SETUPS)[number];
  const config = (await init(t, folder, [])).replace('http {', 'events {}\nhttp {');
  await assertProtects(t, { setup, config, folder });
});
