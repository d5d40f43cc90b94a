// An exception is a bug of the gateway's own. Here each function of the shipped script fails once, as its first act.
import { runningScript, SHIPPED_SCRIPT } from '../support/altered_script.js';
import { ENDS_THE_REFUSAL, FAILING_SCRIPT, FUNCTION_NAMES, FUNCTIONS } from '../support/failing_script.js';
import {
  type ConfigWords,
  type Gateway,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { inactive204, json, jwt } from '../support/scripted_server.js';
import { keySetOf, newSigningKey } from '../support/signing_keys.js';

const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const ISSUER = 'https://as.test';
const CLAIMS = { iss: ISSUER, aud: 'api', sub: 'u', exp: 4102444800 };
const key = await newSigningKey('ES256', 'k');
const SIGNED = await key.sign(CLAIMS);
const RESPONSE = await key.sign(
  { iss: ISSUER, aud: 'gateway', iat: 1, token_introspection: { active: true, ...CLAIMS } },
  { typ: 'token-introspection+jwt' },
);
/** A gateway that runs it. */
const FAILING = withKey(runningScript(FAILING_SCRIPT));

function withKey(options: ReturnType<typeof runningScript>) {
  return { ...options, files: { ...options.files, 'key.json': JSON.stringify(key.privateJwk) } };
}

/** Locations that verify and sign, each in its own way. */
function signatureLocations(words: ConfigWords): string {
  const location = (path: string, settings: string) =>
    protectedRoot(words, settings).replace('location /', `location ${path}`);
  const mint = `set $phantom_token_mint missing; set $phantom_token_mint_key_file ${words.prefix}/key.json;
    set $phantom_token_mint_issuer https://gateway.test;`;
  const keys = `set $phantom_token_jwks /keys; set $phantom_token_issuer ${ISSUER};`;
  return `
    ${location('/minted', mint)}
    ${location('/verified', 'set $phantom_token_jwks /keys;')}
    ${location('/signed', `${mint} ${keys} set $phantom_token_client_id gateway; set $phantom_token_client_auth none; set $phantom_token_introspection_accept application/token-introspection+jwt;`)}
    ${location('/mixed', `${keys} set $phantom_token_audience api; set $phantom_token_accept_jwt on;`)}
    location = /keys { include ${words.snippets}/jwks.conf; proxy_pass ${words.introspectionUrl.replace('/introspect', '/keys')}; }`;
}

/** By the kind of token. */
function answerTo(token: string) {
  switch (token.split('-')[1]) {
    case 'good':
      return jwt(JWT);
    case 'json':
      return json({ active: true, ...CLAIMS });
    case 'signed':
      return jwt(SIGNED);
    case 'response':
      return jwt(RESPONSE, { contentType: 'application/token-introspection+jwt' });
    default:
      return inactive204();
  }
}

interface Sent {
  readonly name: string;
  readonly status: number;
  readonly isGood: boolean;
}

/** One request for each way through the script, while one of its functions fails. */
async function sendAll(g: Gateway, name: string): Promise<Sent[]> {
  const failing = { 'x-failing': name };
  const preflight = { ...failing, origin: 'https://app.test', 'access-control-request-method': 'POST' };
  const sent: Sent[] = [];
  const send = async (isGood: boolean, path: string, options: Parameters<Gateway['send']>[1]) => {
    sent.push({ name, isGood, status: (await g.send(path, { headers: failing, ...options })).status });
  };
  await send(false, '/', {});
  await send(false, '/', { token: `opaque-bad-${name}` });
  await send(false, '/remembered', { token: 'opaque-rejected' });
  await send(false, '/', { token: 'opaque=malformed' });
  await send(false, '/admin', { token: 'opaque-good' });
  await send(false, '/mistake', { token: `opaque-good-${name}` });
  await send(false, '/', { method: 'OPTIONS', headers: preflight });
  await send(true, '/', { token: 'opaque-good' });
  await send(true, '/', { token: `opaque-good-${name}` });
  await send(true, '/url', { token: `opaque-good-${name}` });
  await send(true, '/minted', { token: `opaque-json-${name}` });
  await send(true, '/verified', { token: `opaque-signed-${name}` });
  await send(true, '/signed', { token: `opaque-response-${name}` });
  await send(true, '/mixed', { token: await key.sign({ ...CLAIMS, jti: name }) });
  return sent;
}

gatewayTest(
  'an exception at the head of any function lets nobody through, ends no worker, and the log has its kind only, unless the refusal itself fails (S108, S113)',
  {
    ...FAILING,
    isLoad: true,
    server: (words) => `
      ${protectedRoot(words)}
      ${protectedRoot(words, 'set $phantom_token_required_scopes admin;').replace('location /', 'location /admin')}
      ${protectedRoot(words, 'set $phantom_token_negative_cache_ttl 60;').replace('location /', 'location /remembered')}
      ${protectedRoot(words, 'set $phantom_token_cache_ttl soon;').replace('location /', 'location /mistake')}
      ${protectedRoot(words, 'set $phantom_token_client_id a; set $phantom_token_client_secret b;')
        .replace('location /', 'location /url')
        .replace('/introspect;', `${words.introspectionUrl};`)}
      ${signatureLocations(words)}
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(({ form, path }) =>
      path === '/keys' ? json(JSON.parse(keySetOf(key))) : answerTo(form.token ?? ''),
    );
    t.is((await g.send('/', { token: 'opaque-good' })).status, 200);
    t.is((await g.send('/remembered', { token: 'opaque-rejected' })).status, 401);
    const sent: Sent[] = [];
    for (const name of FUNCTION_NAMES) sent.push(...(await sendAll(g, name)));

    for (const { name, status, isGood } of sent) {
      t.true(isGood ? status === 200 || status >= 500 : status !== 200, `${name}: ${status}`);
    }
    t.true(sent.some(({ name, status }) => name === 'refuseRejected' && status === 500));
    const served = 1 + sent.filter(({ status }) => status === 200).length;
    t.is(g.upstream.requests.length, served);
    t.true(g.upstream.requests.every(({ headers }) => headers.authorization?.startsWith('Bearer eyJ')));
    t.is((await g.nginx.workerPids()).length, 1);

    const entries = (await g.nginx.errorLog()).split(/\n(?=\d{4}\/)/);
    t.true(entries.some((entry) => entry.includes('phantom_token: internal_error: exception=TypeError')));
    const quoting = entries.filter((entry) => entry.includes('quoted-by-'));
    t.deepEqual(
      quoting.filter((entry) => !ENDS_THE_REFUSAL.test(entry)),
      [],
    );
    t.true(quoting.length > 0, 'njs writes the text of an exception that ends the refusal itself');
    const reasons = (await g.accessLog()).filter((line) => line.endsWith('"internal_error"'));
    t.true(reasons.length > FUNCTION_NAMES.length, `${reasons.length}`);
  },
);

/** That function, which answers a request, does nothing: the handler ends without a decision. */
function undecidedScript(name: string): string {
  const found = FUNCTIONS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the script has no function ${name}`);
  return `${SHIPPED_SCRIPT.slice(0, found.at)} return; ${SHIPPED_SCRIPT.slice(found.at)}`;
}

gatewayTest(
  'a handler that ends without a decision refuses with 500, where js_access by itself would let through (S113)',
  runningScript(undecidedScript('respond')),
  async (t, g) => {
    g.as.reply(inactive204(), jwt(JWT));
    t.is((await g.send('/')).status, 500);
    t.is((await g.send('/', { token: 'opaque-bad' })).status, 500);
    t.is((await g.send('/', { token: 'opaque-good' })).status, 500);
    t.is(g.upstream.requests.length, 0);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'a refusal of a rejected token that ends without a decision is 500, too: the cache that knows the token calls it on its own (S113)',
  runningScript(undecidedScript('deny')),
  async (t, g) => {
    g.as.reply(inactive204());
    t.is((await g.send('/', { token: 'opaque-bad' })).status, 500);
    t.is((await g.send('/', { token: 'opaque-bad' })).status, 500);
    t.is(g.upstream.requests.length, 0);
    t.is(g.as.requests.length, 1);
  },
);
