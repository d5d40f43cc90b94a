// The Dockerfile accepts every base image that can run the gateway, and no other. The image names its versions.
import { readFile } from 'node:fs/promises';
import test from 'ava';
import { docker, IMAGE, LABEL_OPTIONS } from '../support/container.js';

const PACKAGE = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));

/** With njs below 1.0.1, such as an official image from before September 2026. */
const OLD_NGINX_IMAGE = process.env.OLD_NGINX_IMAGE || 'nginx:1.29.8-alpine';

test('a base image with an older njs stops the build, which names the version and what is needed', async (t) => {
  const build = await docker('build', '--build-arg', `NGINX_IMAGE=${OLD_NGINX_IMAGE}`, '--force-rm', '.');
  t.false(build.ok);
  t.regex(
    build.output,
    /This base image cannot be used: it has njs 0\.\d+\.\d+, and 1\.0\.1 or newer is needed\./,
  );
  t.regex(build.output, /--build-arg NGINX_IMAGE=/);
});

test('a base image without nginx stops the build', async (t) => {
  const image = process.env.NODE_IMAGE || 'node:24-alpine';
  const build = await docker('build', '--build-arg', `NGINX_IMAGE=${image}`, '--force-rm', '.');
  t.false(build.ok);
  t.regex(build.output, /This base image cannot be used: it has no nginx\./);
});

test('--version names the release, nginx and njs', async (t) => {
  const { ok, output } = await docker('run', '--rm', '--network=none', ...LABEL_OPTIONS, IMAGE, '--version');
  t.true(ok, output);
  t.regex(output, /^njs-phantom-token (\S+) \(nginx 1\.\d+\.\d+, njs 1\.\d+\.\d+\)\n$/);
  t.is(output.split(' ')[1], PACKAGE.version);
});

test('the labels name the release, its license and the base image (OCI image-spec, annotations)', async (t) => {
  const { output } = await docker('image', 'inspect', '--format', '{{json .Config.Labels}}', IMAGE);
  const labels = JSON.parse(output);
  const label = (name: string) => labels[`org.opencontainers.image.${name}`];
  t.is(label('title'), PACKAGE.name);
  t.is(label('version'), PACKAGE.version);
  t.is(label('licenses'), PACKAGE.license);
  t.truthy(label('description'));
  t.regex(label('base.name'), /nginx/);
});
