// Directives of nginx's own that reach into the gateway's locations: what the snippets shut out, and what they cannot.
import {
  type ConfigWords,
  type GatewayOptions,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { inactive204, jwt, status } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });

function jwtOf(token: string | undefined): string {
  return makeJwt({ sub: token, exp: 4102444800 });
}

gatewayTest(
  'proxy_intercept_errors of the server puts no other answer in place of the authorization server’s: 502 (S89)',
  {
    serverTop: `
      proxy_intercept_errors on;
      error_page 401 403 404 =200 /jwt;
      location = /jwt { internal; default_type application/jwt; return 200 ${JWT}; }`,
  },
  async (t, g) => {
    for (const code of [401, 403, 404]) {
      g.as.reply(status(code));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 502, `${code}`);
    }
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'proxy_cache of the server keeps no introspection: each token gets the JWT of its own (S102)',
  {
    http: (words) => `proxy_cache_path ${words.prefix}/cache keys_zone=answers:1m;`,
    serverTop: `
      proxy_cache answers;
      proxy_cache_key $uri;
      proxy_cache_valid any 1m;
      proxy_cache_methods GET HEAD POST;`,
  },
  async (t, g) => {
    g.as.reply(({ form }) => jwt(jwtOf(form.token)));
    for (const token of ['opaque-1', 'opaque-2']) {
      t.is((await g.send(`/${token}`, { token })).status, 200);
    }
    t.deepEqual(
      g.upstream.requests.map(({ headers }) => headers.authorization),
      ['opaque-1', 'opaque-2'].map((token) => `Bearer ${jwtOf(token)}`),
    );
  },
);

/** A map on `$uri` that both the introspection location and the protected one use. */
function withMap(parameter: string): GatewayOptions {
  return {
    http: () => `map $uri $area { ${parameter} default other; ~^/api/ api; /introspect introspection; }`,
    server: (words) => `
      ${protectedRoot(words, 'set $phantom_token_cache_ttl 0; proxy_set_header X-Area $area;')}
      ${introspectionLocation(words).replace('proxy_pass', 'proxy_set_header X-Area $area; proxy_pass')}`,
  };
}

for (const [parameter, seen] of [
  ['', 'introspection'],
  ['volatile;', 'api'],
] as const) {
  gatewayTest(
    `a map on what differs in the introspection location, and used there first, is "${seen}" for the API when it is ${parameter === '' ? 'not ' : ''}volatile, as docs/nginx_rules.md says (S96)`,
    withMap(parameter),
    async (t, g) => {
      g.as.reply(jwt(JWT));
      t.is((await g.send('/api/', { token: 'opaque-1' })).status, 200);
      t.is(g.as.requests[0]?.headers['x-area'], 'introspection');
      t.is(g.upstream.requests[0]?.headers['x-area'], seen);
    },
  );
}

gatewayTest(
  'access control that a nested location switches off by its own directive is off, and the API gets no Authorization, as docs/nginx_rules.md says (S85)',
  {
    server: (words) =>
      protectedRoot(words).replace(
        /\}\s*$/,
        `location /open/ { ${words.mode === 'access' ? 'js_access "";' : 'auth_request off;'} proxy_pass ${words.upstreamUrl}; } }`,
      ) + introspectionLocation(words),
  },
  async (t, g) => {
    g.as.reply(inactive204());
    t.is((await g.send('/closed/', { token: 'opaque-bad' })).status, 401);
    t.is((await g.send('/open/', { token: 'opaque-bad' })).status, 200);
    t.is(g.upstream.requests[0]?.headers.authorization, undefined);
  },
);

function calling(words: ConfigWords, name: string): string {
  const proxied = `proxy_pass ${words.upstreamUrl};`;
  return words.mode === 'access'
    ? `location / { js_access phantom_token.${name}; ${proxied} }`
    : `location / { auth_request /question; ${proxied} }
       location = /question { internal; js_content phantom_token.${name}; }`;
}

gatewayTest(
  'a function that the script has not: nginx starts, and each request is 500 (S86)',
  { server: (words) => calling(words, 'misspelt') },
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-1' })).status, 500);
    t.is((await g.send('/')).status, 500);
    t.is(g.upstream.requests.length, 0);
  },
);
