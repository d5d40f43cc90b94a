// What stands behind the gateways: an API and an authorization server, each an nginx of its own that answers at once,
// so that neither limits what is measured, and that counts its requests.
import {
  freePort,
  httpDefaults,
  mainContext,
  type NginxBinary,
  startNginx,
} from '../runtime/nginx_process.js';
import { BOUND_JWTS } from './bound.js';
import { JWT, SIZED_JWT_LENGTHS, sizedJwt } from './jwt.js';
import { type BenchAlgorithm, JSON_ANSWER, signedJwt } from './signatures.js';

/** Paths of the authorization server, by what it answers. */
export const INTROSPECTION = {
  /** 200 application/jwt with the JWT. */
  active: '/active',
  /** 200 application/json `{"active":false}`. */
  inactive: '/inactive',
  /** 200 with the JWT in the header X-JWT: stock nginx cannot read it from a body. */
  activeInHeader: '/header/active',
  /** 401. */
  inactiveInHeader: '/header/inactive',
  /** Like `active`, {@link SLOW_ANSWER_MS} later. */
  slow: '/slow',
  slowInHeader: '/header/slow',
  /** 200 application/json without a JWT. */
  json: '/json',
  /** Like `active`, with a JWT that is really signed. */
  signed: (alg: BenchAlgorithm) => `/signed/${alg}`,
  /** Like `active`, with a JWT that is bound to the client's key or certificate. */
  bound: (to: keyof typeof BOUND_JWTS) => `/bound/${to}`,
  /** Like `active`, with a JWT of that length. */
  sized: (length: number) => `/sized/${length}`,
} as const;

/** As a real authorization server needs at least. */
export const SLOW_ANSWER_MS = 100;

/** The API answers this path {@link API_ANSWER_MS} later. */
export const LATE_PATH = '/late/';
export const API_ANSWER_MS = 50;

/** Every path of the API that ends in this answers with the Authorization header that it received. */
export const ECHO = 'echo';

/** An answer stays good for an hour, longer than any run. */
const CACHEABLE = 'add_header Cache-Control "max-age=3600";';

export interface Backend {
  readonly port: number;
  /** Requests answered since its start, without those that ask for this number. */
  requestCount(): Promise<number>;
  stop(): Promise<void>;
}

export interface Backends {
  readonly api: Backend;
  readonly authorizationServer: Backend;
  stop(): Promise<void>;
}

/** @param affinity  the line `worker_cpu_affinity ...;`, or empty */
export async function startBackends(runtime: NginxBinary, affinity: string): Promise<Backends> {
  const api = await startBackend(runtime, affinity, apiLocations(), API_FILES);
  try {
    const authorizationServer = await startBackend(
      runtime,
      affinity,
      authorizationServerLocations(),
      SLOW_FILES,
    );
    const stop = async () => {
      await authorizationServer.stop();
      await api.stop();
    };
    return { api, authorizationServer, stop };
  } catch (error) {
    await api.stop();
    throw error;
  }
}

/** An nginx that answers as these locations say. */
export async function startBackend(
  runtime: NginxBinary,
  affinity: string,
  locations: string,
  files: Record<string, string>,
): Promise<Backend> {
  const port = await freePort();
  const conf = (prefix: string) => `
${mainContext(runtime)}
${affinity}
events { worker_connections 16384; }
http {
  ${httpDefaults()}
  js_path ${prefix};
  server {
    listen 127.0.0.1:${port} backlog=4096;
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    location = /count { stub_status; }
    ${locations}
  }
}`;
  const nginx = await startNginx({ runtime, conf, files });
  let countings = 0;
  return {
    port,
    stop: () => nginx.stop(),
    async requestCount() {
      const response = await fetch(`http://127.0.0.1:${port}/count`);
      countings += 1;
      // " accepted handled requests", counted when a request has been read: this one is among them.
      const [, requests] = /^ *\d+ \d+ (\d+) *$/m.exec(await response.text()) ?? [];
      return Number(requests) - countings;
    },
  };
}

const API_FILES = {
  'late.js': `
function answer(r) { setTimeout(() => r.return(200, 'ok\\n'), ${API_ANSWER_MS}); }
export default { answer };
`,
};

function apiLocations(): string {
  return `
    js_import late from late.js;
    location = ${LATE_PATH} { js_content late.answer; }
    location / { return 200 "ok\\n"; }
    location ~ /${ECHO}$ { return 200 "$http_authorization"; }`;
}

const SLOW_FILES = {
  'slow.js': `
function body(r) { setTimeout(() => r.return(200, '${JWT}'), ${SLOW_ANSWER_MS}); }
function header(r) { r.headersOut['X-JWT'] = '${JWT}'; setTimeout(() => r.return(200), ${SLOW_ANSWER_MS}); }
export default { body, header };
`,
};

function authorizationServerLocations(): string {
  const answer = (path: string, jwt: string) =>
    `location = ${path} { default_type application/jwt; ${CACHEABLE} return 200 "${jwt}"; }`;
  const sized = SIZED_JWT_LENGTHS.map((length) => answer(INTROSPECTION.sized(length), sizedJwt(length)));
  return `
    js_import slow from slow.js;
    ${answer(INTROSPECTION.active, JWT)}
    ${sized.join('\n    ')}
    ${answer(INTROSPECTION.bound('key'), BOUND_JWTS.key)}
    ${answer(INTROSPECTION.bound('certificate'), BOUND_JWTS.certificate)}
    ${answer(INTROSPECTION.signed('ES256'), signedJwt('ES256'))}
    ${answer(INTROSPECTION.signed('RS256'), signedJwt('RS256'))}
    location = ${INTROSPECTION.json} { default_type application/json; ${CACHEABLE} return 200 '${JSON_ANSWER}'; }
    location = ${INTROSPECTION.inactive} { default_type application/json; return 200 '{"active":false}'; }
    location = ${INTROSPECTION.activeInHeader} { ${CACHEABLE} add_header X-JWT "${JWT}"; return 200; }
    location = ${INTROSPECTION.inactiveInHeader} { return 401; }
    location = ${INTROSPECTION.slow} { default_type application/jwt; ${CACHEABLE} js_content slow.body; }
    location = ${INTROSPECTION.slowInHeader} { ${CACHEABLE} js_content slow.header; }`;
}
