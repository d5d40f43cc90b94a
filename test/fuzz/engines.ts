// The engines of njs, in the nginx that the tests use: njs 0.8.9, and njs 1.0.2 with its own engine and with QuickJS.
import { request } from 'undici';
import { freePort, httpDefaults, mainContext, startNginx } from '../../runtime/nginx_process.js';
import { resolveNginx } from '../../runtime/nginx_runtime.mjs';
import { bundleForNjs } from '../../scripts/njs_syntax.js';
import type { TargetName } from './verdicts.js';

export interface Engine {
  readonly name: string;
  judge(target: TargetName, inputs: readonly unknown[]): Promise<unknown[]>;
  stop(): Promise<void>;
}

export async function startEngines(): Promise<Engine[]> {
  const { text: script } = await bundleForNjs({ entryPoints: ['test/fuzz/engine_entry.ts'] });
  const engines: Engine[] = [];
  try {
    engines.push(await startEngine('legacy', 'njs', script));
    engines.push(await startEngine('modern', 'njs', script));
    engines.push(await startEngine('modern', 'qjs', script));
  } catch (error) {
    await stopAll(engines);
    throw error;
  }
  return engines;
}

export async function stopAll(engines: readonly Engine[]): Promise<void> {
  await Promise.all(engines.map((engine) => engine.stop()));
}

async function startEngine(
  version: 'modern' | 'legacy',
  engine: 'njs' | 'qjs',
  script: string,
): Promise<Engine> {
  const runtime = await resolveNginx(version, { fetch: false });
  if ('problem' in runtime) throw new Error(`${runtime.problem}: ${runtime.advice}`);
  const port = await freePort();
  const nginx = await startNginx({
    runtime,
    conf: `${mainContext(runtime)}
events {}
http {
${httpDefaults().replace('access_log logs/access.log', 'access_log off')}
${engine === 'qjs' ? 'js_engine qjs;' : ''}
js_import fuzz from ${'fuzz.js'};
client_max_body_size 64m;
client_body_buffer_size 64m;
server { listen 127.0.0.1:${port}; location / { js_content fuzz.judge; } }
}`,
    files: { 'fuzz.js': script },
  });
  const name = `njs ${runtime.njsVersion}${engine === 'qjs' ? ' (QuickJS)' : ''}`;
  return {
    name,
    judge: (target, inputs) => ask(`http://127.0.0.1:${port}/`, target, inputs, name),
    stop: () => nginx.stop(),
  };
}

async function ask(
  url: string,
  target: TargetName,
  inputs: readonly unknown[],
  name: string,
): Promise<unknown[]> {
  const answer = await request(url, { method: 'POST', body: JSON.stringify({ target, inputs }) });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${name} answered ${answer.statusCode} for ${target}`);
  return JSON.parse(text) as unknown[];
}
