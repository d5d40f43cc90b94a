// Under the njs engine `$` of a pattern also matches before a line feed that ends the text. These are the places where one
// would reach a header of the API, or a decision.
import {
  type GatewayOptions,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { json, jwt, status } from '../support/scripted_server.js';

const b64 = (text: string) => Buffer.from(text).toString('base64url');
/** Of lengths that leave no character over, so that a line feed behind a part begins a group of its own. */
const H = b64('{"alg":"HS256"}');
const P = b64('{"exp":4102444800}');
const S = 'A'.repeat(43);
const GOOD = makeJwt({ exp: 4102444800, sub: 'alice\n' });
// The API is the scripted server too, which records the head of a request as it came.
const server: GatewayOptions['server'] = (w) => `
  ${protectedRoot(w, 'proxy_set_header X-User $phantom_token_subject;').replace(`proxy_pass ${w.upstreamUrl}`, `proxy_pass ${w.introspectionUrl.replace('introspect', 'api')}`)}
  ${protectedRoot(w, 'set $phantom_token_required_scopes read;')
    .replace('location /', 'location /read')
    .replace(`proxy_pass ${w.upstreamUrl}`, `proxy_pass ${w.introspectionUrl.replace('introspect', 'api')}`)}
  ${introspectionLocation(w)}`;
gatewayTest(
  'a JWT with a line feed after its header or payload is malformed (S103)',
  { server },
  async (t, g) => {
    for (const [i, text] of [`${H}\n.${P}.${S}`, `${H}.${P}\n.${S}`].entries()) {
      for (const answer of [jwt(text), json({ active: true, exp: 4102444800, phantom_token: text })]) {
        g.as.reply(({ path }) => (path === '/api' ? status(200) : answer));
        const answers = [
          await g.send('/', { token: `opaque-${i}` }),
          await g.send('/', { token: `opaque-${i}` }),
        ];
        t.deepEqual(
          answers.map((a) => a.status),
          [502, 502],
        );
        t.deepEqual(
          g.as.requests
            .filter(({ path }) => path === '/api')
            .map(({ head }) => head.split('\r\n').filter((l) => /Bearer|^\./.test(l))),
          [],
        );
      }
    }
  },
);

gatewayTest(
  'a subject that ends with a line feed gives no header to the API (S103)',
  { server },
  async (t, g) => {
    g.as.reply(({ path }) => (path === '/api' ? status(200) : jwt(GOOD)));
    await g.send('/', { token: 'opaque-1' });
    const head = g.as.requests.find(({ path }) => path === '/api')?.head ?? '';
    t.false(
      /alice\n/.test(head),
      JSON.stringify(head.slice(head.indexOf('X-User'), head.indexOf('X-User') + 60)),
    );
  },
);
gatewayTest(
  'a scope that ends with a line feed is an invalid claim: it does not satisfy the scope without it (S103)',
  { server },
  async (t, g) => {
    g.as.reply(({ path }) =>
      path === '/api'
        ? status(200)
        : json({ active: true, scope: 'read\n', phantom_token: makeJwt({ exp: 4102444800 }) }),
    );
    t.is((await g.send('/read', { token: 'opaque-1' })).status, 502);
  },
);
