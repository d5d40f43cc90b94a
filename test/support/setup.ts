// One way to run the script: which nginx, which engine, which mode, and the lines of nginx.conf that follow from it.
import { fileURLToPath } from 'node:url';
import type { NginxRuntime } from '../../runtime/nginx_runtime.mjs';

const SNIPPETS = fileURLToPath(new URL('../../nginx', import.meta.url));

/** The variable by which `npm run test:njs` hands a set-up over: its JSON. */
export const SETUP_VARIABLE = 'PHANTOM_TOKEN_SETUP';

export interface Setup {
  readonly name: string;
  readonly mode: 'access' | 'auth_request';
  readonly engine: 'njs' | 'qjs';
  /** What the default protected location names: the path of a location, or the URL of the authorization server. */
  readonly endpoint: 'location' | 'url';
  readonly runtime: NginxRuntime;
  /** The zones file that fits the version of njs. */
  readonly zones: string;
}

/** The `include` lines of a mode. */
export function modeFiles(mode: Setup['mode']): { server: string; protect: string } {
  if (mode === 'access') return { server: '', protect: `include ${SNIPPETS}/protect.conf;` };
  const folder = `${SNIPPETS}/auth_request`;
  return { server: `include ${folder}/server.conf;`, protect: `include ${folder}/protect.conf;` };
}

/** Debian's njs 0.8.9 has one engine and no such directive. */
export function engineLine(setup: Setup): string {
  return setup.runtime.engines.length > 1 ? `js_engine ${setup.engine};` : '';
}

export function isBefore({ runtime }: Setup, njsVersion: string): boolean {
  return runtime.njsVersion.localeCompare(njsVersion, 'en', { numeric: true }) < 0;
}

/** QuickJS has no ngx.fetch() before njs 0.9.1, where a URL as endpoint is 500. */
export function canFetch(setup: Setup): boolean {
  return setup.engine === 'njs' || !isBefore(setup, '0.9.1');
}
