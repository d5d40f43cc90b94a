// A running gateway, with an authorization server and an API that record, for requests and answers that nobody thought of.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { httpDefaults, mainContext, type NginxProcess, startNginx } from '../../../runtime/nginx_process.js';
import { nextHost } from '../../support/hosts.js';
import { makeJwt } from '../../support/jwt.js';
import {
  inactive204,
  jwt,
  raw,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted_server.js';
import type { Setup } from '../../support/setups.js';
import { startUpstream, type Upstream } from '../../support/upstream.js';
import { ACTIVE_TOKEN, type Bytes } from './case.js';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const SNIPPETS = `${REPOSITORY}nginx`;
const LIMITS = readFileSync(`${SNIPPETS}/introspection_limits.conf`, 'utf8').replace(
  /(_timeout) \d+s;/g,
  '$1 1s;',
);

export interface LiveGateway {
  readonly name: string;
  readonly as: ScriptedServer;
  readonly api: Upstream;
  readonly nginx: NginxProcess;
  /** Answers of the authorization server by token, in place of the usual ones. */
  readonly answers: Map<string, Bytes>;
  /** Sends the bytes on a connection of its own. @returns what came until nginx closed it; undefined when it never did */
  send(bytes: Bytes): Promise<Bytes | undefined>;
  /** Lines since the last call: `status "reason"`. */
  newAccessLines(): Promise<string[]>;
  /** Lines of the error log since the last call. */
  newErrorLines(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startLiveGateway(setup: Setup): Promise<LiveGateway> {
  const as = await startScriptedServer();
  const api = await startUpstream();
  const answers = new Map<string, Bytes>();
  as.reply(({ form: { token = '' } }) => {
    const answer = answers.get(token);
    if (answer !== undefined) return raw(Buffer.from(answer, 'latin1'));
    return ACTIVE_TOKEN.test(token)
      ? jwt(makeJwt({ sub: token, scope: 'read', exp: 4102444800 }))
      : inactive204();
  });
  const host = nextHost();
  const nginx = await startNginx({ runtime: setup.runtime, conf: confOf(setup, host, as.url, api.url) });
  const linesOf = (file: string) => newLinesOf(`${nginx.prefix}/logs/${file}`);
  const access = linesOf('live.log');
  const errors = linesOf('error.log');
  return {
    name: setup.name,
    as,
    api,
    nginx,
    answers,
    send: (bytes) => sendRaw(host, bytes),
    newAccessLines: access,
    newErrorLines: errors,
    async stop() {
      await nginx.stop();
      await as.close();
      await api.close();
    },
  };
}

const PORT = 8080;
/** nginx closes every connection that waits: see the timeouts below. */
const HANGS_MS = 20_000;

/** Timeouts end what is cut short; at level notice nginx does not write what a client has sent. */
function confOf(setup: Setup, host: string, asUrl: string, apiUrl: string): string {
  const isAccess = setup.mode === 'access';
  const settings = `
    set $phantom_token on;
    set $phantom_token_introspection_endpoint /introspect;
    set $phantom_token_breaker_failures 0;`;
  const forward = `
      include ${SNIPPETS}/${isAccess ? '' : 'auth_request/'}protect.conf;
      proxy_set_header X-Request-Id $request_id;
      proxy_pass ${apiUrl};`;
  return `
${mainContext(setup.runtime, { errorLogLevel: 'notice' })}
events { worker_connections 4096; }
http {
  ${httpDefaults().replace('access_log logs/access.log', 'access_log off')}
  ${setup.runtime.engines.length > 1 ? `js_engine ${setup.engine};` : ''}
  log_format live '$status "$phantom_token_reason"';
  access_log logs/live.log live;
  client_header_timeout 300ms;
  client_body_timeout 300ms;
  keepalive_timeout 300ms;
  lingering_timeout 100ms;
  send_timeout 2s;
  js_path ${REPOSITORY}dist;
  include ${SNIPPETS}/${setup.zones};
  include ${SNIPPETS}/http.conf;
  server {
    listen ${host}:${PORT} backlog=1024;
    http2 on;
    server_name gateway.test;
    ${isAccess ? '' : `include ${SNIPPETS}/auth_request/server.conf;`}
    location / {
      ${settings}
      ${forward}
    }
    location /fresh/ {
      ${settings}
      set $phantom_token_cache_ttl 0;
      set $phantom_token_negative_cache_ttl 0;
      ${forward}
    }
    location = /auth { ${settings} include ${SNIPPETS}/forward_auth.conf; }
    location = /ask { ${settings} include ${SNIPPETS}/introspection_cache.conf; }
    location = /introspect { ${LIMITS} include ${SNIPPETS}/introspection.conf; set $phantom_introspection_limit 1; proxy_pass ${asUrl}/introspect; }
  }
}`;
}

function sendRaw(host: string, bytes: Bytes): Promise<Bytes | undefined> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = connect({ host, port: PORT, noDelay: true, allowHalfOpen: false });
    socket.setTimeout(HANGS_MS, () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('error', () => {}); // nginx may reset the connection; 'close' follows
    socket.once('close', () => resolve(Buffer.concat(received).toString('latin1')));
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

function newLinesOf(path: string): () => Promise<string[]> {
  let read = 0;
  return async () => {
    const text = (await readFile(path)).subarray(read).toString('latin1');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    read += Buffer.byteLength(whole, 'latin1');
    return whole.split('\n').filter((line) => line !== '');
  };
}
