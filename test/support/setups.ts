// The five ways to run the script that every nginx test goes through.
import { type NginxRuntime, resolveNginx } from '../../runtime/nginx_runtime.mjs';

export interface Setup {
  readonly name: string;
  readonly mode: 'access' | 'auth_request';
  readonly engine: 'njs' | 'qjs';
  readonly runtime: NginxRuntime;
  /** The zones file that fits the version of njs. */
  readonly zones: string;
}

const modern = await requireNginx('modern');
const legacy = await requireNginx('legacy');

export const SETUPS: readonly Setup[] = [
  setup('access', 'njs', modern),
  setup('access', 'qjs', modern),
  setup('auth_request', 'njs', modern),
  setup('auth_request', 'qjs', modern),
  setup('auth_request', 'njs', legacy),
];

function setup(mode: Setup['mode'], engine: Setup['engine'], runtime: NginxRuntime): Setup {
  const zones = runtime === legacy ? 'zones_njs_0.8.conf' : 'zones.conf';
  return { name: `${mode} ${engine} ${runtime.njsVersion}`, mode, engine, runtime, zones };
}

async function requireNginx(name: 'modern' | 'legacy'): Promise<NginxRuntime> {
  const found = await resolveNginx(name, { fetch: false });
  if ('problem' in found) {
    throw new Error(`${found.problem}: ${found.advice}`);
  }
  return found;
}
