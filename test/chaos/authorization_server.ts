// The authorization server of a run: answers questions, publishes keys, and misbehaves as it is told. It notes what it was asked
// and what it said.
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { closeServer, listenLocally, recordRequest } from '../../runtime/local_http.js';
import type { Dice } from './dice.js';
import type { Event, Way } from './events.js';
import type { ChaosToken, Tokens } from './tokens.js';

/** `well`: each answer is right and comes within some milliseconds. */
export type Condition = 'well' | 'down' | 'slow' | 'errors' | 'wrong' | 'cut';

export interface ChaosServer {
  readonly host: string;
  readonly port: number;
  /** In each condition but `down` it listens. Resolves when it does, or does no more. */
  become(condition: Condition): Promise<void>;
  /** Signs with a new key and publishes it; the one before stays published until the next time. */
  rotateKeys(): void;
  close(): Promise<void>;
}

interface SigningKey {
  readonly kid: string;
  readonly publicJwk: object;
  sign(claims: object): string;
}

interface Answer {
  readonly verdict: 'active' | 'inactive' | 'failure';
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly jwt: string;
}

const JWT_TYPE = 'application/jwt';
const JSON_TYPE = 'application/json';
/** The TTL of the locations, also where none is set. */
const MAX_AGE_SEC = 4;
const ISSUER = 'https://login.chaos';
/** A little time for each answer, so that clients can leave while the gateway waits for it. */
const MOST_USUAL_MS = 25;
/** Beyond the gateway's read timeout of 700 ms, too. */
const MOST_SLOW_MS = 1400;
const ERRORS = [500, 502, 503, 504, 429];

export async function startAuthorizationServer(
  host: string,
  tokens: Tokens,
  dice: Dice,
  note: (event: Event) => void,
): Promise<ChaosServer> {
  let condition: Condition = 'well';
  let questions = 0;
  let rotations = 0;
  const keys = [newKey('key-0')];
  /** Has the name of the key that signs, and is another one. */
  let forger = newKey('key-0');
  const jwts = new Map<string, string>();

  const signingKey = () => keys[0] as SigningKey;

  /** The same JWT each time for a token and a key, as a server that keeps its answers. */
  const jwtFor = (token: ChaosToken): string => {
    const { kid } = signingKey();
    const name = `${kid} ${token.text}`;
    const kept = jwts.get(name);
    if (kept !== undefined) return kept;
    const jwt = signingKey().sign(claimsOf(token, tokens));
    if (jwts.size > 20_000) jwts.clear();
    jwts.set(name, jwt);
    return jwt;
  };

  const rightAnswer = (token: ChaosToken | undefined): Answer => {
    const isActive = token !== undefined && !token.isRevoked && Date.now() < token.expMs;
    if (!isActive) return dice.chance() < 0.5 ? inactive204() : inactiveJson();
    const jwt = jwtFor(token);
    if (dice.chance() < 0.5) return { verdict: 'active', status: 200, type: JWT_TYPE, body: jwt, jwt };
    const members = {
      active: true,
      exp: token.expMs / 1000,
      phantom_token: jwt,
      ...bindingOf(token, tokens),
    };
    return { verdict: 'active', status: 200, type: JSON_TYPE, body: JSON.stringify(members), jwt };
  };

  const wrongAnswer = (token: ChaosToken | undefined, way: Way): Answer => {
    const forged = forger.sign(token === undefined ? {} : claimsOf(token, tokens));
    const bodies: [type: string, body: string][] = [
      ['text/html', '<!DOCTYPE html><title>Sign in</title>'],
      [JSON_TYPE, '{"active":"true"}'],
      [JSON_TYPE, '{"active":true'],
      [JSON_TYPE, '[]'],
      [JWT_TYPE, 'not.a.jwt!'],
      [JWT_TYPE, ''],
      ['text/plain', 'active'],
    ];
    // Only where signatures are verified can the gateway know that the server has not said it.
    if (way === 'signed') bodies.push([JWT_TYPE, forged], [JWT_TYPE, forged], [JWT_TYPE, forged]);
    const [type, body] = dice.pick(bodies);
    return { verdict: 'failure', status: 200, type, body, jwt: '' };
  };

  const answerFor = (token: ChaosToken | undefined, way: Way): Answer => {
    const isFailing = dice.chance() < 0.9;
    if (condition === 'errors' && isFailing) {
      const status = dice.pick(ERRORS);
      return { verdict: 'failure', status, type: JSON_TYPE, body: '{"error":"server_error"}', jwt: '' };
    }
    return condition === 'wrong' && isFailing ? wrongAnswer(token, way) : rightAnswer(token);
  };

  const introspect = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams((await recordRequest(request)).body.toString());
    const question = ++questions;
    const way = (form.get('way') ?? '') as Way;
    const text = form.get('token') ?? '';
    note({ kind: 'asked', atMs: Date.now(), question, token: text, way });
    response.once('close', () => {
      note({ kind: 'heard', atMs: Date.now(), question, isWhole: response.writableFinished });
    });
    // A slow server may decide long before it answers, or right before: both occur.
    const isLate = dice.chance() < 0.5;
    const waitMs = dice.chance() * (condition === 'slow' ? MOST_SLOW_MS : MOST_USUAL_MS);
    if (isLate) await delay(waitMs);
    const isCut = condition === 'cut' && dice.chance() < 0.9;
    const answer = answerFor(tokens.find(text), way);
    const verdict = isCut ? 'failure' : answer.verdict;
    note({ kind: 'told', atMs: Date.now(), question, verdict, jwt: isCut ? '' : answer.jwt });
    if (!isLate) await delay(waitMs);
    if (isCut) cutOff(response, answer, dice.chance());
    else send(response, answer);
  };

  const publish = (response: ServerResponse) => {
    const isFailing = condition !== 'well' && condition !== 'slow';
    if (isFailing) response.writeHead(500).end();
    else send(response, jsonAnswer({ keys: keys.map(({ publicJwk }) => publicJwk) }));
  };

  const newServer = (): Server => {
    const made = createServer((request, response) => {
      if (request.url === '/keys') publish(response);
      else introspect(request, response).catch(() => response.destroy());
    });
    // The gateway keeps its connections, and none of them may end just when it is used again.
    made.keepAliveTimeout = 0;
    return made;
  };

  let server = newServer();
  const port = await listenLocally(server, 0, host);
  return {
    host,
    port,
    async become(next) {
      const wasDown = condition === 'down';
      condition = next;
      if (next === 'down' && !wasDown) await closeServer(server);
      if (next !== 'down' && wasDown) {
        server = newServer();
        await listenLocally(server, port, host);
      }
    },
    rotateKeys() {
      const kid = `key-${++rotations}`;
      keys.unshift(newKey(kid));
      forger = newKey(kid);
      const [removed] = keys.splice(2);
      note({ kind: 'keys_changed', atMs: Date.now(), signing: kid, removed: removed?.kid ?? '' });
    },
    async close() {
      if (condition !== 'down') await closeServer(server);
    },
  };
}

function claimsOf(token: ChaosToken, tokens: Tokens): object {
  const exp = token.expMs / 1000;
  return { iss: ISSUER, aud: 'api', sub: token.subject, exp, scope: 'read', ...bindingOf(token, tokens) };
}

function bindingOf(token: ChaosToken, tokens: Tokens): object {
  return token.isBound ? { cnf: { jkt: tokens.client.jkt } } : {};
}

function inactive204(): Answer {
  return { verdict: 'inactive', status: 204, type: '', body: '', jwt: '' };
}

function inactiveJson(): Answer {
  return { ...jsonAnswer({ active: false }), verdict: 'inactive' };
}

function jsonAnswer(members: object): Answer {
  return { verdict: 'failure', status: 200, type: JSON_TYPE, body: JSON.stringify(members), jwt: '' };
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  const headers = {
    ...(type !== '' && { 'content-type': type }),
    'content-length': Buffer.byteLength(body),
    'cache-control': `max-age=${MAX_AGE_SEC}`,
  };
  response.writeHead(status, status === 204 ? {} : headers).end(body);
}

/** Announces the whole answer, sends a part of it and resets the connection. */
function cutOff(response: ServerResponse, { status, type, body }: Answer, part: number): void {
  const isBefore = part < 0.3 || body.length < 2;
  if (!isBefore) {
    response.writeHead(status, { 'content-type': type, 'content-length': body.length });
    response.write(body.slice(0, Math.max(1, Math.floor(part * (body.length - 1)))));
  }
  setImmediate(() => response.socket?.resetAndDestroy());
}

function newKey(kid: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const header = encode({ alg: 'ES256', typ: 'at+jwt', kid });
  return {
    kid,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' },
    sign(claims) {
      const input = `${header}.${encode(claims)}`;
      const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${input}.${signature.toString('base64url')}`;
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
