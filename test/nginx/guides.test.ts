// The guides in docs/authorization_servers: each configuration runs as shown, against the answers on the same page.
// Only the times in an answer are moved to now, and `eyJ...` becomes a JWT.
import { generateKeyPairSync } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { request } from 'undici';
import { codeBlocks } from '../support/code_blocks.js';
import {
  type Answers,
  answersOf,
  answerTo,
  blockOf,
  configOf,
  GUIDES,
  type Guide,
  placesOf,
  RFC9701_TYPE,
  tokenOf,
} from '../support/guides.js';
import { makeJwt } from '../support/jwt.js';
import { startGuideProvider } from '../support/oidc_provider.js';
import { readGuides, sectionOf } from '../support/pages.js';
import type { ScriptedRequest } from '../support/scripted_server.js';
import { SETUPS, type Setup } from '../support/setups.js';
import { inModeOf, runShown, type ShownGateway } from '../support/shown_config.js';
import { startUpstream, type Upstream } from '../support/upstream.js';

const PAGES = readGuides();

test('each guide is run by a test here', (t) => {
  const files = [...PAGES.keys()].map((path) => path.split('/').at(-1));
  t.deepEqual([...new Set(GUIDES.map(({ file }) => file))].sort(), files.sort());
});

test('each configuration and each answer on a guide is run by a test here', (t) => {
  for (const [path, text] of PAGES) {
    const guides = GUIDES.filter(({ file }) => path.endsWith(`/${file}`));
    const configs = codeBlocks(text, 'nginx').filter((block) => block.includes('http {'));
    t.deepEqual([...new Set(guides.map(({ config = 0 }) => config))], [...configs.keys()], path);
    const played = guides.flatMap((guide) => placesOf(guide));
    t.deepEqual([...new Set(played)].sort(), [...codeBlocks(text, 'http').keys()], path);
  }
});

test('every guide has the same sections, and no other kind of block, which would remain untested', (t) => {
  for (const [path, text] of PAGES) {
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    t.is(headings.length, 4, path);
    t.regex(headings[0] ?? '', /^At /, path);
    t.deepEqual(headings.slice(1), ['nginx', 'The answer', 'What was run'], path);
    t.regex(sectionOf(text, '## What was run').trim(), /^(Replayed, not run against|Run:) /, path);
    const fences = [...text.matchAll(/^ *```(.*)$/gm)].map(([, language]) => language);
    const opening = fences.filter((_, index) => index % 2 === 0);
    t.deepEqual(
      opening.filter((language) => !['nginx', 'http', 'json', 'js'].includes(language ?? '')),
      [],
      path,
    );
    // The configuration of a server is data that a test can load only for the one that runs here.
    t.is(codeBlocks(text, 'js').length, path.endsWith('/node_oidc_provider.md') ? 1 : 0, path);
  }
});

// Each guide, with its own answers

for (const guide of GUIDES) {
  for (const setup of SETUPS) {
    test(`[${setup.name}] ${guide.file}, Accept ${guide.accept}: the API gets a JWT for an active token, the server is asked once, and an inactive token is 401`, async (t) => {
      await withGuide(t, guide, setup, async (g, api) => {
        const answers = await answersOf(guide);
        g.as().reply((question) => answerTo(question, guide, answers));
        const token = tokenOf(guide, 'active');
        t.is(await statusFor(g, token), 200);
        t.is(await statusFor(g, token), 200);
        const questions = g.as().requests.filter(({ path }) => path === guide.path);
        t.is(questions.length, 1);
        assertQuestion(t, guide, questions[0] as ScriptedRequest, token);
        await assertApiGot(t, guide, g, api, answers);

        t.is(await statusFor(g, tokenOf(guide, 'inactive')), 401);
        if (guide.otherToken) t.is(await statusFor(g, tokenOf(guide, 'other')), guide.otherToken);
        if (guide.isJwtOnly) await assertOnlyJwtsAreAskedAbout(t, g);
        t.is(api.requests.length, 2);
      });
    });
  }
}

type Run = (gateway: ShownGateway, api: Upstream) => Promise<void>;

const SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' });

async function withGuide(t: ExecutionContext, guide: Guide, setup: Setup, run: Run): Promise<void> {
  const api = await startUpstream();
  const files: Record<string, string> = {
    ...(!guide.isWithoutCredentials && { client_secret: 'gateway-secret\n' }),
    ...(guide.api === 'signed' && {
      'mint_key.pem': SIGNING_KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }),
  };
  try {
    const shown = { config: inModeOf(t, setup, configOf(guide)), setup, apiPort: api.port, files };
    await runShown(t, shown, (gateway) => run(gateway, api));
  } finally {
    await api.close();
  }
}

async function statusFor({ url }: ShownGateway, token: string): Promise<number> {
  const response = await request(`${url}/api/`, { headers: { authorization: `Bearer ${token}` } });
  await response.body.dump();
  return response.statusCode;
}

// What the server and the API received

/** `gateway-client:gateway-secret`. */
const BASIC = 'Basic Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=';

function assertQuestion(t: ExecutionContext, guide: Guide, question: ScriptedRequest, token: string): void {
  t.is(question.method, 'POST');
  t.is(question.headers.accept, guide.accept);
  t.is(question.headers.authorization, guide.isWithoutCredentials ? undefined : BASIC);
  t.deepEqual(question.form, { token, token_type_hint: 'access_token', ...guide.form });
}

async function assertApiGot(
  t: ExecutionContext,
  guide: Guide,
  { url }: ShownGateway,
  api: Upstream,
  { introspection, jwt }: Answers,
): Promise<void> {
  const received = api.requests.map(({ headers }) => headers.authorization);
  t.is(received[1], received[0]);
  if (guide.api === 'forwarded') {
    t.is(received[0], `Bearer ${jwt}`);
    return;
  }
  await assertMinted(t, { url, config: configOf(guide), bearer: received[0], introspection });
}

interface Minted {
  readonly url: string;
  readonly config: string;
  readonly bearer: string | undefined;
  readonly introspection: Record<string, unknown>;
}

/** The JWT verifies as an API would verify it, and has the claims of RFC 9068 §2.2 and no other. */
async function assertMinted(
  t: ExecutionContext,
  { url, config, bearer, introspection }: Minted,
): Promise<void> {
  const published = await request(`${url}/jwks`);
  t.is(published.statusCode, 200);
  const keys = createLocalJWKSet((await published.body.json()) as { keys: never[] });
  const setting = (name: string) =>
    new RegExp(`set \\$phantom_token_${name} "?([^;"]+)"?;`).exec(config)?.[1];
  const issuer = setting('mint_issuer') ?? '';
  const audience = setting('mint_audience') ?? (introspection.aud as string);
  const { payload } = await jwtVerify(bearer?.replace('Bearer ', '') ?? '', keys, {
    issuer,
    audience,
    typ: 'at+jwt',
  });
  const { iat, exp, jti, ...claims } = payload;
  const copied = [
    'sub',
    'client_id',
    'scope',
    'auth_time',
    'acr',
    'amr',
    ...(setting('mint_claims') ?? '').split(' '),
  ];
  const known = Object.entries(introspection)
    .filter(([name]) => copied.includes(name))
    // RFC 9068 §2.2.1: `amr` is a list, which Duende answers as a text when it has one member.
    .map(([name, value]) => [name, name === 'amr' ? [value].flat() : value]);
  t.deepEqual(claims, { ...Object.fromEntries(known), iss: issuer, aud: audience } as JWTPayload);
  t.true((exp ?? 0) - (iat ?? 0) <= 600);
  t.regex(jti ?? '', /^[\w-]{22,}$/);
}

/** Of a text that is no JWT, such as a refresh token, the server learns nothing. */
async function assertOnlyJwtsAreAskedAbout(t: ExecutionContext, g: ShownGateway): Promise<void> {
  t.is(await statusFor(g, 'opaque-refresh'), 401);
  t.is((await request(`${g.url}/api/`)).headers['www-authenticate'], 'Bearer realm="api", scope="read"');
  t.notRegex(
    g
      .as()
      .requests.map(({ body }) => body.toString())
      .join('\n'),
    /opaque-refresh/,
  );
}

// node-oidc-provider itself, unmodified, with the configuration of its guide

const PROVIDER_GUIDES = GUIDES.filter(({ file }) => file === 'node_oidc_provider.md');

for (const guide of PROVIDER_GUIDES) {
  for (const setup of SETUPS) {
    test(`[${setup.name}] ${guide.file}, Accept ${guide.accept}: the unmodified server is understood, and refuses refresh tokens and JWTs`, async (t) => {
      const provider = await startGuideProvider(blockOf(guide, 'js', 0));
      try {
        await withGuide(t, guide, setup, async (g, api) => {
          const seen: string[] = [];
          g.as().reply((question) => provider.answer(question, (body) => seen.push(body)));
          const token = await provider.issueAccessToken();
          t.is(await statusFor(g, token), 200);
          t.is(await statusFor(g, token), 200);
          t.is(g.as().requests.filter(({ path }) => path === guide.path).length, 1);
          const introspection = introspectionIn(guide, seen);
          await assertMinted(t, {
            url: g.url,
            config: configOf(guide),
            bearer: api.requests[0]?.headers.authorization,
            introspection,
          });
          const { introspection: shown } = await answersOf(guide);
          t.deepEqual(Object.keys(introspection), Object.keys(shown), 'the page shows other members');

          t.is(await statusFor(g, await provider.issueRefreshToken()), 401);
          t.is(await statusFor(g, makeJwt({ sub: 'alice' })), 401);
          t.is(await statusFor(g, 'opaque-unknown'), 401);
          t.is(api.requests.length, 2);
        });
      } finally {
        await provider.close();
      }
    });
  }
}

/** What the server said of the active token: the last body before the test asked about others. */
function introspectionIn({ accept }: Guide, bodies: string[]): Record<string, unknown> {
  if (accept !== RFC9701_TYPE) return JSON.parse(bodies.at(-1) ?? '');
  const jwt = bodies.find((body) => body.startsWith('eyJ')) ?? '';
  const payload = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
  return payload.token_introspection;
}
