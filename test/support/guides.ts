// The guides in docs/authorization_servers: their configurations and answers, read from the pages.
import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import { json, type ScriptedAnswer, status } from './answers.js';
import { codeBlocks } from './code_blocks.js';
import { parseAnswer } from './http_message.js';
import { makeJwt } from './jwt.js';
import { readGuides } from './pages.js';
import type { ScriptedRequest } from './scripted_server.js';

const PAGES = readGuides();

export interface Guide {
  /** In docs/authorization_servers. */
  readonly file: string;
  /** What the API gets: the server's own JWT, or one that the gateway signs. */
  readonly api: 'forwarded' | 'signed';
  /** Accept of the question. */
  readonly accept: string;
  /** Path of the question. */
  readonly path: string;
  /** Default: none beyond the token and its hint. */
  readonly form?: Record<string, string>;
  /** Default: the first complete configuration of the page. */
  readonly config?: number;
  /** Places of the answers for an active and an inactive token among those on the page; default: the first two. */
  readonly answers?: readonly [active: number, inactive: number];
  /** The answer for a token that is no access token is the next one; the gateway's status for it. */
  readonly otherToken?: 401 | 403;
  /** Lines for the protected location that the page says to add. */
  readonly isWithAddedLine?: boolean;
  /** Path of the server's keys, for a signed answer. */
  readonly keysPath?: string;
  /** Access tokens of this server are JWTs, and the configuration asks about nothing else. */
  readonly isJwtOnly?: boolean;
  /** The gateway sends no credentials. */
  readonly isWithoutCredentials?: boolean;
}

const JSON_TYPE = 'application/json';
export const RFC9701_TYPE = 'application/token-introspection+jwt';

/** Each way in which a guide uses its server. */
export const GUIDES: readonly Guide[] = [
  {
    file: 'curity.md',
    api: 'forwarded',
    accept: 'application/jwt',
    path: '/oauth/v2/oauth-introspect',
  },
  {
    file: 'curity.md',
    api: 'forwarded',
    accept: JSON_TYPE,
    path: '/oauth/v2/oauth-introspect',
    answers: [2, 3],
    isWithAddedLine: true,
  },
  {
    file: 'keycloak.md',
    api: 'forwarded',
    accept: 'application/jwt',
    path: '/realms/NAME/protocol/openid-connect/token/introspect',
  },
  {
    file: 'wso2.md',
    api: 'forwarded',
    accept: 'application/jwt',
    path: '/oauth2/introspect',
    form: { required_claims: 'http://wso2.org/claims/emailaddress' },
  },
  { file: 'node_oidc_provider.md', api: 'signed', accept: JSON_TYPE, path: '/token/introspection' },
  {
    file: 'node_oidc_provider.md',
    api: 'signed',
    accept: RFC9701_TYPE,
    path: '/token/introspection',
    config: 1,
    answers: [2, 2],
    keysPath: '/jwks',
  },
  { file: 'duende.md', api: 'signed', accept: JSON_TYPE, path: '/connect/introspect' },
  {
    file: 'duende.md',
    api: 'signed',
    accept: RFC9701_TYPE,
    path: '/connect/introspect',
    config: 1,
    answers: [2, 2],
    keysPath: '/.well-known/openid-configuration/jwks',
  },
  {
    file: 'hydra.md',
    api: 'signed',
    accept: JSON_TYPE,
    path: '/admin/oauth2/introspect',
    isWithoutCredentials: true,
    otherToken: 401,
  },
  { file: 'zitadel.md', api: 'signed', accept: JSON_TYPE, path: '/oauth/v2/introspect' },
  {
    file: 'authentik.md',
    api: 'signed',
    accept: JSON_TYPE,
    path: '/application/o/introspect/',
    isJwtOnly: true,
    otherToken: 401,
  },
  {
    file: 'spring_authorization_server.md',
    api: 'signed',
    accept: JSON_TYPE,
    path: '/oauth2/introspect',
    otherToken: 403,
  },
  {
    file: 'okta.md',
    api: 'signed',
    accept: JSON_TYPE,
    path: '/oauth2/default/v1/introspect',
    isJwtOnly: true,
    otherToken: 401,
  },
  {
    file: 'pingfederate.md',
    api: 'signed',
    accept: JSON_TYPE,
    path: '/as/introspect.oauth2',
    otherToken: 401,
  },
];

export type Kind = 'active' | 'inactive' | 'other';

export function tokenOf({ isJwtOnly }: Guide, kind: Kind): string {
  return isJwtOnly ? makeJwt({ opaque: kind }) : `opaque-${kind}`;
}

export function placesOf({ answers = [0, 1], otherToken }: Guide): number[] {
  return otherToken === undefined ? [...answers] : [...answers, Math.max(...answers) + 1];
}

export function configOf(guide: Guide): string {
  const blocks = codeBlocks(pageOf(guide), 'nginx');
  const config = blocks.filter((block) => block.includes('http {'))[guide.config ?? 0] ?? '';
  if (!guide.isWithAddedLine) return config;
  const line = blocks.find((block) => !block.includes('http {')) ?? '';
  return config.replace('include phantom_token/protect.conf;', (include) => line + include);
}

function pageOf({ file }: Guide): string {
  return PAGES.get(`docs/authorization_servers/${file}`) ?? '';
}

export interface Answers {
  /** The answer for each kind of token, as on the page. */
  readonly byKind: Record<Kind, ScriptedAnswer>;
  /** What the server says of the active token. */
  readonly introspection: Record<string, unknown>;
  /** The JWT in the answer, if the server sends one. */
  readonly jwt: string;
  /** The keys of a server that signs its answers. */
  readonly keys: ScriptedAnswer;
}

export function answerTo(
  { path, form }: ScriptedRequest,
  guide: Guide,
  { byKind, keys }: Answers,
): ScriptedAnswer {
  if (path === guide.keysPath) return keys;
  const kinds: Kind[] = ['active', 'inactive', 'other'];
  return byKind[kinds.find((kind) => form.token === tokenOf(guide, kind)) ?? 'inactive'];
}

export async function answersOf(guide: Guide): Promise<Answers> {
  return guide.accept === RFC9701_TYPE ? signedAnswersOf(guide) : plainAnswersOf(guide);
}

function plainAnswersOf(guide: Guide): Answers {
  const [active = -1, inactive = -1, other = inactive] = placesOf(guide);
  const shown = blockOf(guide, 'http', active);
  const nowSec = readClockSec();
  const jwt = makeJwt({ sub: 'alice', scope: 'read', iat: nowSec, exp: nowSec + 3600 });
  const { body } = parseAnswer(shown);
  return {
    byKind: {
      active: play(shown, jwt, nowSec),
      inactive: play(blockOf(guide, 'http', inactive), jwt, nowSec),
      other: play(blockOf(guide, 'http', other), jwt, nowSec),
    },
    introspection: body.startsWith('{') ? JSON.parse(movedTo(nowSec, body)) : {},
    jwt,
    keys: status(404),
  };
}

function play(shown: string, jwt: string, nowSec: number): ScriptedAnswer {
  const answer = parseAnswer(shown);
  return status(answer.status, { ...answer, body: movedTo(nowSec, answer.body).replace('eyJ...', jwt) });
}

export function blockOf(guide: Guide, language: string, place: number): string {
  const block = codeBlocks(pageOf(guide), language)[place];
  if (block === undefined) throw new Error(`${guide.file} has no block ${place} of ${language}`);
  return block;
}

/** The `iat` of all guides: 2026-01-01. */
const SHOWN_IAT_SEC = 1767225600;

function movedTo(nowSec: number, text: string): string {
  const laterSec = nowSec - SHOWN_IAT_SEC;
  return text.replace(
    /("(?:iat|nbf|exp|auth_time)": )(\d+)/g,
    (_, name, timeSec) => name + (Number(timeSec) + laterSec),
  );
}

const SERVER_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** RFC 9701: the answer is a JWT with the header and the payload that the page shows below it. */
async function signedAnswersOf(guide: Guide): Promise<Answers> {
  const header = JSON.parse(blockOf(guide, 'json', 0));
  const nowSec = readClockSec();
  const payload = JSON.parse(movedTo(nowSec, blockOf(guide, 'json', 1)));
  const sign = async (introspection: Record<string, unknown>) => {
    const signed = new SignJWT({ ...payload, token_introspection: introspection }).setProtectedHeader(header);
    return play(
      blockOf(guide, 'http', placesOf(guide)[0] as number),
      await signed.sign(SERVER_KEY.privateKey),
      nowSec,
    );
  };
  const inactive = await sign({ active: false });
  const key = { ...(await exportJWK(SERVER_KEY.publicKey)), kid: header.kid, alg: header.alg, use: 'sig' };
  return {
    byKind: { active: await sign(payload.token_introspection), inactive, other: inactive },
    introspection: payload.token_introspection,
    jwt: '',
    keys: json({ keys: [key] }),
  };
}

function readClockSec(): number {
  return Math.floor(Date.now() / 1000);
}
