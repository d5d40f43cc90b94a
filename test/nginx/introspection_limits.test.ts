// What an operator may change in the introspection location: limits and headers, and how the script uses them.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { SETTINGS } from '../../src/core/settings/table.js';
import { type ConfigWords, gatewayTest, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { REPOSITORY, readPages, sectionOf } from '../support/pages.js';
import { held, jwt } from '../support/scripted_server.js';

const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const BODY = '{"code":"server_error","message":"Problem encountered processing the request"}';
const LIMITS = readFileSync(`${REPOSITORY}nginx/introspection_limits.conf`, 'utf8');

/** The value of a directive in introspection_limits.conf. */
function secondsOf(directive: string): number {
  return Number(new RegExp(`^${directive} (\\d+)s?;`, 'm').exec(LIMITS)?.[1]);
}

test('the shipped limit is the sum of its times, and the default of $phantom_token_introspection_timeout is not below it', (t) => {
  const limitSec = secondsOf('set \\$phantom_introspection_limit');
  const times = ['next_upstream', 'connect', 'send', 'read'].map((name) =>
    secondsOf(`proxy_${name}_timeout`),
  );
  t.is(
    times.reduce((sum, sec) => sum + sec),
    limitSec,
  );
  const timeout = SETTINGS.find(({ variable }) => variable === 'phantom_token_introspection_timeout');
  t.true(Number(timeout?.value.defaultValue) >= limitSec);
});

/** A protected `/`, and an introspection location of these lines. */
function server(words: ConfigWords, lines: string, settings = ''): string {
  return protectedRoot(words, settings) + location(words, '/introspect', lines);
}

function location(words: ConfigWords, path: string, lines: string): string {
  return `location = ${path} { ${lines} proxy_pass ${words.introspectionUrl}; }`;
}

function limits({ snippets }: ConfigWords): string {
  return `include ${snippets}/introspection_limits.conf;`;
}

function introspection({ snippets }: ConfigWords): string {
  return `include ${snippets}/introspection.conf;`;
}

const UNLIMITED: [title: string, lines: (words: ConfigWords) => string][] = [
  ['without introspection_limits.conf', introspection],
  [
    'with introspection_limits.conf below introspection.conf',
    (words) => introspection(words) + limits(words),
  ],
];

for (const [title, lines] of UNLIMITED) {
  gatewayTest(
    `a location ${title}: 500 that names the file, and the token is not sent: nginx's own limits would end the connection at 4 kB`,
    { server: (words) => server(words, lines(words)) },
    async (t, g) => {
      g.as.reply(jwt(makeJwt({ exp: 4102444800 }, { bytes: 5000 })));
      const answer = await g.send('/', { token: 'opaque-1' });
      t.is(answer.status, 500);
      t.is(answer.body, BODY);
      t.deepEqual(await g.accessLog(), ['500 "" "misconfigured"']);
      t.true(
        (await g.nginx.errorLog()).includes(
          'misconfigured: include introspection_limits.conf, with its line `set $phantom_introspection_limit`, above introspection.conf in this location',
        ),
      );
      t.is(g.as.requests.length, 0);
      t.is(g.upstream.requests.length, 0);
    },
  );
}

gatewayTest(
  'a location without introspection_limits.conf does not use the limits of another location, where the request was before (S92)',
  {
    server: (words) => `
      ${protectedRoot(words)}
      ${protectedRoot(words).replace('location /', 'location /second').replace('/introspect;', '/introspect_second;')}
      ${location(words, '/introspect', limits(words) + introspection(words))}
      ${location(words, '/introspect_second', introspection(words))}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    g.upstream.answer = () => ({ headers: { 'x-accel-redirect': '/second' } });
    t.is((await g.send('/', { token: 'opaque-1' })).status, 500);
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, 1);
    t.regex(
      await g.nginx.errorLog(),
      /misconfigured: include introspection_limits\.conf, .* endpoint=\/introspect_second\)/,
    );
  },
);

gatewayTest(
  'an introspection that may take longer than other requests wait for it: 500 that names both numbers (S72)',
  {
    server: (words) =>
      server(words, limits(words) + introspection(words), 'set $phantom_token_introspection_timeout 7;'),
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const answer = await g.send('/', { token: 'opaque-1' });
    t.is(answer.status, 500);
    t.is(answer.body, BODY);
    t.deepEqual(await g.accessLog(), ['500 "" "misconfigured"']);
    t.regex(
      await g.nginx.errorLog(),
      /misconfigured: \$phantom_token_introspection_timeout is 7, .* which is 8: set \$phantom_token_introspection_timeout to 8,/,
    );
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'an operator may write the lines of the file instead of including it',
  {
    server: (words) => {
      const directives = LIMITS.replace(/#.*/g, '').replace(/ (\d+)s;/g, ' 2s;');
      return server(words, directives + introspection(words));
    },
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
  },
);

// Slow servers

/** From the table in docs/authorization_servers/README.md: the lines for the file, and that for the protected location. */
function linesForSlowServer(): { inFile: string[]; inLocation: string } {
  const page = readPages().get('docs/authorization_servers/README.md') ?? '';
  const section = sectionOf(page, '## Slow servers, large answers');
  const rows = [...section.matchAll(/^\| (.*) \| `(.*;)` \|$/gm)];
  const inFile = rows
    .filter(([, place]) => place === '`introspection_limits.conf`')
    .map(([, , line = '']) => line);
  const others = rows
    .filter(([, place]) => place !== '`introspection_limits.conf`')
    .map(([, , line = '']) => line);
  if (inFile.length !== 2 || others.length !== 1) throw new Error('the page shows other lines');
  return { inFile, inLocation: others[0] as string };
}

/** Replaces the line with the same directive, or the same variable, by each line. */
function withLines(conf: string, lines: string[]): string {
  return lines.reduce((text, line) => {
    const head = line.slice(0, line.lastIndexOf(' ') + 1);
    const start = text.indexOf(`\n${head}`) + 1;
    if (start === 0) throw new Error(`there is no ${head}`);
    return text.slice(0, start) + line + text.slice(text.indexOf('\n', start));
  }, conf);
}

const SLOW = linesForSlowServer();

gatewayTest(
  'with the lines of the page, a slow server is waited for after the shipped limit has ended another introspection (S44)',
  {
    files: { 'slow.conf': withLines(LIMITS, SLOW.inFile) },
    server: (words) => `
      ${protectedRoot(words)}
      ${protectedRoot(words, SLOW.inLocation).replace('location /', 'location /slow').replace('/introspect;', '/introspect_slow;')}
      ${location(words, '/introspect', limits(words) + introspection(words))}
      ${location(words, '/introspect_slow', `include ${words.prefix}/slow.conf; ${introspection(words)}`)}`,
  },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer);
    const slow = g.send('/slow', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    t.is((await g.send('/', { token: 'opaque-2' })).status, 504);
    answer.release();
    t.is((await slow).status, 200);
    t.is(g.as.requests.length, 2);
    t.deepEqual(
      g.upstream.requests.map(({ headers }) => headers.authorization),
      [`Bearer ${JWT}`],
    );
  },
);

// Headers

const HEADERS: [title: string, line: string, name: string, values: (words: ConfigWords) => string[]][] = [
  ['nginx sends the name in proxy_pass', '', 'host', (words) => [new URL(words.introspectionUrl).host]],
  [
    'a proxy_set_header of the operator replaces it',
    'proxy_set_header Host login.example.com;',
    'host',
    () => ['login.example.com'],
  ],
  [
    'a second line is sent as well, as the page says',
    'proxy_set_header Accept application/json;',
    'accept',
    () => ['application/jwt', 'application/json'],
  ],
  [
    'a second line is sent as well, as the page says',
    'proxy_set_header Content-Type text/plain;',
    'content-type',
    () => ['application/x-www-form-urlencoded', 'text/plain'],
  ],
];

for (const [title, line, name, values] of HEADERS) {
  gatewayTest(
    `what the authorization server receives as ${name}: ${title}`,
    { server: (words) => server(words, `${limits(words) + introspection(words)} ${line}`) },
    async (t, g) => {
      g.as.reply(jwt(JWT));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      const received = g.as.requests[0]?.rawHeaders ?? [];
      t.deepEqual(
        received.filter(([header]) => header.toLowerCase() === name).map(([, value]) => value),
        values(g.words),
      );
    },
  );
}
