// The Dockerfile takes any base image that can run the gateway, and no other.
import test from 'ava';
import { docker } from '../support/container.js';

/** With njs below 1.0.1: of the official images one from before September 2026. */
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
