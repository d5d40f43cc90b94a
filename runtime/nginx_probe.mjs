// Starts an nginx binary and asks it which njs it runs, and with which engines.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBuildOptions } from './nginx_build.mjs';
import { lastLines } from './run_command.mjs';

/**
 * @typedef {object} Abilities
 * @property {string} nginxVersion  for example `1.30.6`
 * @property {string} njsVersion    for example `1.0.2`
 * @property {('njs' | 'qjs')[]} engines  the values that `js_engine` accepts
 */

/** @typedef {{version: string, engine?: string}} EngineAnswer */

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 3_000;
const POLL_MS = 5;

// The empty name leaves `js_engine` out, which exists only from njs 0.8.6 on.
const ENGINE_SETS = [['njs', 'qjs'], ['njs'], ['']];

const PROBE_SCRIPT = `
function answer(r) {
  r.return(200, JSON.stringify({ version: njs.version, engine: njs.engine }));
}
export default { answer: answer };
`;

/**
 * Starts the binary with a temporary prefix and a unix socket, asks once and stops it again.
 * @param {string} binary
 * @param {string | undefined} modulePath  ngx_http_js_module.so; undefined when njs is built in
 * @returns {Promise<Abilities | {problem: string}>} the problem: it is not nginx, it has no njs, the module
 *   does not fit
 */
export async function probeNginx(binary, modulePath) {
  const build = await readBuildOptions(binary);
  if ('problem' in build) return build;
  const prefix = await mkdtemp(join(tmpdir(), 'phantom-token-probe-'));
  try {
    let problem = '';
    for (const engines of ENGINE_SETS) {
      const answers = await askEngines(
        binary,
        prefix,
        buildProbeConfig(prefix, modulePath, engines),
        engines,
      );
      if (Array.isArray(answers)) return describe(build.nginxVersion, answers);
      problem = answers.problem;
    }
    return { problem };
  } finally {
    await rm(prefix, { recursive: true, force: true });
  }
}

/**
 * @param {string} prefix
 * @param {string | undefined} modulePath
 * @param {string[]} engines
 */
function buildProbeConfig(prefix, modulePath, engines) {
  const servers = engines.map(
    (engine) => `
  server {
    listen "unix:${prefix}/${engine}.sock";
    ${engine && `js_engine ${engine};`}
    location / { js_content probe.answer; }
  }`,
  );
  // Without a master no worker changes its user, so root needs no `user` line. The default temporary
  // folders are compiled in, and only root could create them.
  return `
${modulePath === undefined ? '' : `load_module "${modulePath}";`}
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path temp_client;
  proxy_temp_path temp_proxy;
  fastcgi_temp_path temp_fastcgi;
  uwsgi_temp_path temp_uwsgi;
  scgi_temp_path temp_scgi;
  js_path "${prefix}";
  js_import probe from probe.js;${servers.join('')}
}
`;
}

/**
 * @param {string} binary
 * @param {string} prefix
 * @param {string} config
 * @param {string[]} engines
 * @returns {Promise<EngineAnswer[] | {problem: string}>}
 */
async function askEngines(binary, prefix, config, engines) {
  await writeFile(join(prefix, 'nginx.conf'), config);
  await writeFile(join(prefix, 'probe.js'), PROBE_SCRIPT);
  const nginx = spawn(binary, ['-p', `${prefix}/`, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  nginx.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = once(nginx, 'close').catch((error) => {
    errors += error.message;
  });
  try {
    const answers = [];
    for (const engine of engines) {
      const answer = await askUntilUp(join(prefix, `${engine}.sock`), nginx);
      if (answer === undefined) {
        await Promise.race([ended, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
        return { problem: lastLines(errors, 3) || 'nginx does not answer' };
      }
      answers.push(answer);
    }
    return answers;
  } finally {
    await stop(nginx, ended);
  }
}

/**
 * @param {string} socketPath
 * @param {import('node:child_process').ChildProcess} nginx
 * @returns {Promise<EngineAnswer | undefined>} undefined when nginx has ended or does not answer in time
 */
async function askUntilUp(socketPath, nginx) {
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (nginx.pid !== undefined && !hasEnded(nginx) && Date.now() < deadlineMs) {
    const answer = await ask(socketPath);
    if (answer !== undefined) return answer;
    await sleep(POLL_MS);
  }
  return undefined;
}

/**
 * @param {string} socketPath
 * @returns {Promise<EngineAnswer | undefined>}
 */
function ask(socketPath) {
  return new Promise((resolve) => {
    const giveUp = () => resolve(undefined);
    const call = request({ socketPath, path: '/', timeout: START_TIMEOUT_MS }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('error', giveUp);
      response.on('end', () => resolve(parseAnswer(body)));
    });
    call.on('error', giveUp);
    call.on('timeout', () => call.destroy());
    call.end();
  });
}

/**
 * @param {string} body
 * @returns {EngineAnswer | undefined}
 */
function parseAnswer(body) {
  try {
    const answer = JSON.parse(body);
    return typeof answer.version === 'string' ? answer : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} nginxVersion
 * @param {EngineAnswer[]} answers
 * @returns {Abilities}
 */
function describe(nginxVersion, answers) {
  return {
    nginxVersion,
    njsVersion: answers[0]?.version ?? '',
    // Releases without `njs.engine` had only one engine.
    engines: answers.map((answer) => (answer.engine === 'QuickJS' ? 'qjs' : 'njs')),
  };
}

/**
 * @param {import('node:child_process').ChildProcess} nginx
 * @param {Promise<unknown>} ended
 */
async function stop(nginx, ended) {
  nginx.kill('SIGTERM');
  const killer = setTimeout(() => nginx.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(killer);
}

/** @param {import('node:child_process').ChildProcess} child */
function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null;
}
