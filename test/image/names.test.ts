// How the gateway finds the two servers by name, in a network of Docker whose DNS knows the containers.
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { Network } from 'testcontainers';
import { request } from 'undici';
import { type Container, gatewayVariables, startContainer } from '../support/container.js';
import { keySetOf, newSigningKey } from '../support/signing_keys.js';

const POLL_MS = 250;
/** Twice the 10 seconds after which names are looked up again, and some more for the breaker. */
const FOLLOW_TIMEOUT_MS = 25_000;

const key = await newSigningKey('ES256', 'key-1');
const JWT = await key.sign({ scope: 'read', exp: 4102444800 });

const network = await new Network().start();
const started: Container[] = [];
test.after.always('containers and network are removed', async () => {
  for (const container of started) await container.stop();
  await network.stop();
});

async function start(
  names: string[],
  options: Parameters<typeof startContainer>[0] = {},
): Promise<Container> {
  const container = await startContainer({ ...options, network: { in: network, names } });
  started.push(container);
  return container;
}

async function stop(container: Container): Promise<void> {
  started.splice(started.indexOf(container), 1);
  await container.stop();
}

/** An authorization server, its keys and an API in one that answers with its name: the same image with another nginx.conf. */
function startServers(names: string[], answer: string): Promise<Container> {
  const conf = `
    pid /tmp/nginx.pid;
    error_log stderr notice;
    events {}
    http {
      client_body_temp_path /tmp/client_body;
      proxy_temp_path /tmp/proxy;
      fastcgi_temp_path /tmp/fastcgi;
      uwsgi_temp_path /tmp/uwsgi;
      scgi_temp_path /tmp/scgi;
      access_log off;
      server {
        listen 8080;
        location = /introspect { default_type application/jwt; return 200 "${JWT}"; }
        location = /jwks { default_type application/json; return 200 '${keySetOf(key)}'; }
        location / { return 200 "${answer}"; }
      }
    }`;
  return start(names, { files: { '/etc/nginx/nginx.conf': conf } });
}

async function call(gateway: Container): Promise<string> {
  const { statusCode, body } = await request(gateway.url, { headers: { authorization: 'Bearer opaque-1' } });
  const text = await body.text();
  return statusCode === 200 ? text : String(statusCode);
}

/** nginx does not log that it has found a name; only its answers show it. */
async function callUntil(gateway: Container, expected: string): Promise<string> {
  const deadlineMs = Date.now() + FOLLOW_TIMEOUT_MS;
  for (;;) {
    const answer = await call(gateway);
    if (answer === expected || Date.now() > deadlineMs) return answer;
    await delay(POLL_MS);
  }
}

test.serial(
  'a gateway starts before its servers, works as soon as DNS knows them, and uses their new addresses',
  async (t) => {
    const servers = gatewayVariables('http://login:8080', 'http://api:8080');
    const gateway = await start([], { env: { ...servers, JWKS_URL: 'http://keys:8080/jwks' } });
    t.regex(
      await gateway.logs(),
      /login is not in DNS yet.*\n.*keys is not in DNS yet.*\n.*api is not in DNS yet/,
    );
    t.is(await call(gateway), '502');

    const first = await startServers(['login', 'keys', 'api'], 'first');
    t.is(await callUntil(gateway, 'first'), 'first');

    // Started before the first one is removed, so that it cannot get the same address.
    const second = await startServers(['api'], 'second');
    t.not(second.address, first.address);
    await stop(first);
    t.is(await callUntil(gateway, 'second'), 'second');
    await stop(second);
    await stop(gateway);
  },
);

test.serial(
  'a short name is completed by the search domains, as the system does, and /etc/hosts is used first',
  async (t) => {
    const servers = await startServers(['api.corp.test'], 'found');
    const gateway = await start([], {
      env: gatewayVariables('http://login:8080', 'http://api:8080'),
      hosts: { login: servers.address },
      files: { '/etc/resolv.conf': 'nameserver 127.0.0.11\nsearch other.test corp.test\noptions ndots:5\n' },
    });
    t.regex(await gateway.logs(), /login is in \/etc\/hosts.*\n.*api\.corp\.test is in DNS/);
    t.is(await callUntil(gateway, 'found'), 'found');
    await stop(gateway);
    await stop(servers);
  },
);
