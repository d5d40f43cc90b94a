// The five ways to run the script that every nginx test goes through; `npm run test:njs` names another one in their place.
import { type NginxRuntime, resolveNginx } from '../../runtime/nginx_runtime.mjs';
import { SETUP_VARIABLE, type Setup } from './setup.js';

export type { Setup };

const named = process.env[SETUP_VARIABLE];

export const SETUPS: readonly Setup[] = named === undefined ? await findSetups() : [JSON.parse(named)];

async function findSetups(): Promise<Setup[]> {
  const modern = await requireNginx('modern');
  const legacy = await requireNginx('legacy');
  return [
    setup('access', 'njs', modern, 'zones.conf'),
    setup('access', 'qjs', modern, 'zones.conf'),
    setup('auth_request', 'njs', modern, 'zones.conf'),
    setup('auth_request', 'qjs', modern, 'zones.conf'),
    setup('auth_request', 'njs', legacy, 'zones_njs_0.8.conf'),
  ];
}

function setup(mode: Setup['mode'], engine: Setup['engine'], runtime: NginxRuntime, zones: string): Setup {
  const name = `${mode} ${engine} ${runtime.njsVersion}`;
  return { name, mode, engine, endpoint: 'location', runtime, zones };
}

async function requireNginx(name: 'modern' | 'legacy'): Promise<NginxRuntime> {
  const found = await resolveNginx(name, { fetch: false });
  if ('problem' in found) {
    throw new Error(`${found.problem}: ${found.advice}`);
  }
  return found;
}
