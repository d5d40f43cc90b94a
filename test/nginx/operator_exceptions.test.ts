// Exceptions are bugs of the gateway's own. Here each function of the shipped script fails once in what an operator uses.
import { runningScript } from '../support/altered_script.js';
import { ENDS_THE_REFUSAL, FAILING_SCRIPT, FUNCTION_NAMES } from '../support/failing_script.js';
import { type ConfigWords, gatewayTest, introspectionLocation, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';
import { newSigningKey } from '../support/signing_keys.js';

const JWT = makeJwt({ sub: 'alice', client_id: 'shop', exp: 4102444800 });
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const key = await newSigningKey('ES256', 'k');
const SCRIPT = runningScript(FAILING_SCRIPT);

gatewayTest(
  'an exception at the head of any function lets no purge say that a token is ended which is not, and shows no half a page of metrics or keys; a variable for logs is empty (S62, S108)',
  {
    ...SCRIPT,
    files: { ...SCRIPT.files, 'key.json': JSON.stringify(key.privateJwk) },
    isLoad: true,
    http: () => 'js_shared_dict_zone zone=phantom_token_metrics:64k type=number;',
    server: (words: ConfigWords) => `
      ${protectedRoot(words, 'proxy_set_header X-Subject $phantom_token_subject; proxy_set_header X-Client $phantom_token_client;')}
      ${introspectionLocation(words)}
      location = /purge { set $phantom_token_introspection_endpoint /introspect; js_content phantom_token.purge; }
      location = /metrics { js_content phantom_token.metrics; }
      location = /keys { set $phantom_token_mint_key_file ${words.prefix}/key.json; js_content phantom_token.jwks; }`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const failed = { purge: 0, metrics: 0, keys: 0, variables: 0 };
    for (const name of FUNCTION_NAMES) {
      const failing = { 'x-failing': name };
      const token = `opaque-${name}`;
      t.is((await g.send('/', { token })).status, 200);

      if ((await g.send('/', { token, headers: failing })).status === 200) {
        const sent = g.upstream.requests.at(-1)?.headers;
        const subject = sent?.['x-subject'];
        const client = sent?.['x-client'];
        t.true(subject === undefined || subject === 'alice', name);
        t.true(client === undefined || client === 'shop', name);
        failed.variables += Number(subject === undefined || client === undefined);
      }

      const purge = await g.send('/purge', {
        method: 'POST',
        body: `token=${token}`,
        headers: { ...FORM, ...failing },
      });
      if (purge.status === 200) t.is((await g.send('/', { token })).status, 401, name);
      else t.true(purge.status === 500 || purge.status === 503, `${name}: ${purge.status}`);
      failed.purge += Number(purge.status !== 200);

      const metrics = await g.send('/metrics', { headers: failing });
      t.is(metrics.status === 200, metrics.body.includes('phantom_token_build_info{'), name);
      t.true([200, 500].includes(metrics.status), `${name}: ${metrics.status}`);
      failed.metrics += Number(metrics.status !== 200);

      const keys = await g.send('/keys', { headers: failing });
      t.is(keys.status === 200, keys.body.includes('"kid":"k"'), name);
      t.true([200, 500].includes(keys.status), `${name}: ${keys.status}`);
      failed.keys += Number(keys.status !== 200);
    }
    t.true(failed.purge > 10, `${failed.purge}`);
    t.true(failed.metrics > 5, `${failed.metrics}`);
    t.true(failed.keys > 5, `${failed.keys}`);
    t.true(failed.variables > 3, `${failed.variables}`);

    const entries = (await g.nginx.errorLog()).split(/\n(?=\d{4}\/)/);
    t.true(entries.some((entry) => entry.includes('phantom_token: internal_error: exception=TypeError')));
    t.deepEqual(
      entries.filter((entry) => entry.includes('quoted-by-') && !ENDS_THE_REFUSAL.test(entry)),
      [],
    );
  },
);
