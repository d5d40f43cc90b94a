// `npm run test:image`: builds the images and runs test/image on them. Without a Docker engine there is nothing to
// test: it says so and succeeds, unless CI is set. NGINX_IMAGE, OLD_NGINX_IMAGE and NODE_IMAGE name other base images.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { lastLines, runCommand } from '../../runtime/run_command.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const AVA = fileURLToPath(new URL('../../node_modules/ava/entrypoints/cli.mjs', import.meta.url));
const DEMO_BUNDLE = fileURLToPath(new URL('../../build/demo', import.meta.url));
const ENGINE_TIMEOUT_MS = 10_000;

/** @param {string[]} args */
const docker = (...args) => runCommand('docker', args, { cwd: ROOT });

async function main() {
  const engine = await runCommand('docker', ['version', '--format', '{{.Server.Version}}'], {
    timeoutMs: ENGINE_TIMEOUT_MS,
  });
  if (!engine.ok) {
    const words = process.env.CI ? 'failed' : 'skipped';
    console.log(`test:image ${words}: no Docker engine answers (${engine.problem})`);
    return process.env.CI ? 1 : 0;
  }
  const run = `${process.pid}-${Date.now()}`;
  const image = `njs-phantom-token-test:${run}`;
  const label = `njs-phantom-token.test=${run}`;
  try {
    return (await buildImage(image, label)) && (await bundleDemo()) ? await runTests(image, label) : 1;
  } finally {
    await removeLeftOvers(image, label);
  }
}

/**
 * @param {string} image
 * @param {string} label
 */
async function buildImage(image, label) {
  const base = process.env.NGINX_IMAGE ? ['--build-arg', `NGINX_IMAGE=${process.env.NGINX_IMAGE}`] : [];
  return succeeds(await docker('build', '--tag', image, '--label', label, ...base, '.'));
}

// With this bundle, the demo's image is built without the npm registry, which a container may not reach.
async function bundleDemo() {
  return succeeds(await runCommand(process.execPath, ['demo/build.mjs'], { cwd: ROOT }));
}

/** @param {import('../../runtime/run_command.mjs').CommandResult} result */
function succeeds(result) {
  if (!result.ok) console.error(`test:image failed: ${result.problem}\n${lastLines(result.output, 20)}`);
  return result.ok;
}

/**
 * @param {string} image
 * @param {string} label
 */
async function runTests(image, label) {
  const env = {
    ...process.env,
    PHANTOM_TOKEN_IMAGE: image,
    PHANTOM_TOKEN_TEST_LABEL: label,
    // Containers are removed here by their label, so the image of Ryuk is not needed.
    TESTCONTAINERS_RYUK_DISABLED: 'true',
  };
  const ava = spawn(
    process.execPath,
    [AVA, '--config', 'test/image.ava.config.js', ...process.argv.slice(2)],
    {
      cwd: ROOT,
      env,
      stdio: 'inherit',
    },
  );
  // Ctrl-C reaches AVA too; this process goes on to remove the containers.
  const wait = () => {};
  process.on('SIGINT', wait).on('SIGTERM', wait);
  const [code] = await once(ava, 'exit');
  return code ?? 1;
}

/**
 * @param {string} image
 * @param {string} label
 */
async function removeLeftOvers(image, label) {
  const containers = await docker('ps', '--all', '--quiet', '--filter', `label=${label}`);
  const ids = containers.output.split('\n').filter(Boolean);
  if (containers.ok && ids.length > 0) await docker('rm', '--force', '--volumes', ...ids);
  await docker('image', 'rm', '--force', image);
  // Images that lost their name to another build of this run: a test fails because of them, but does not remove them.
  await docker('image', 'prune', '--force', '--filter', `label=${label}`);
  await rm(DEMO_BUNDLE, { recursive: true, force: true });
}

process.exitCode = await main();
