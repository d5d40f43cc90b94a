// The clients of a run: they send at the rate that they are told, over HTTP/1.1 and HTTP/2, with each kind of token, and some of
// them leave before they are answered.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import type { Dice } from './dice.js';
import { type Event, type Proof, type Protocol, WAYS, type Way } from './events.js';
import { type ChaosToken, TOKEN_MARK, type Tokens } from './tokens.js';

export interface Clients {
  /** Sends until `stop`; a further call changes how often. */
  start(requestsPerSec: number): void;
  /** One request with a new token; resolves with whether it was granted. */
  probe(way: 'plain' | 'bound', timeoutMs: number): Promise<boolean>;
  /** Sends no more; resolves when no request is under way. */
  stop(): Promise<void>;
}

interface Planned {
  readonly token: string;
  readonly way: Way;
  readonly protocol: Protocol;
  readonly proof: Proof;
  /** When the client leaves; undefined when it does not. */
  readonly abortAfterMs: number | undefined;
}

interface Got {
  readonly status: number;
  readonly body: string;
}

interface UsedProof {
  readonly token: string;
  readonly path: string;
  readonly text: string;
  readonly jti: string;
}

/** The origin of `$phantom_token_dpop_origin`. */
export const ORIGIN = 'https://api.chaos.example';
const TIMEOUT_MS = 15_000;
const MOST_UNDER_WAY = 200;
const SESSIONS = 4;
const CONNECTIONS = 24;
const UNKNOWN_CHANCE = 0.08;
const ABORT_CHANCE = 0.12;
/** Moments in which a request is usually under way, and while the server is slow. */
const ABORT_WITHIN_MS = [8, 40, 1500];
const PROOFS: readonly Proof[] = [
  'good',
  'good',
  'good',
  'good',
  'good',
  'good',
  'none',
  'forged',
  'again',
  'again',
];
const KEPT_PROOFS = 50;

export function openClients(
  url: string,
  tokens: Tokens,
  dice: Dice,
  firstRequest: number,
  note: (event: Event) => void,
): Clients {
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1, keepAliveTimeout: 60_000 });
  const sessions: (ClientHttp2Session | undefined)[] = Array.from({ length: SESSIONS }, () => undefined);
  const usedProofs: UsedProof[] = [];
  const underWay = new Set<Promise<unknown>>();
  let requests = firstRequest;
  let timer: NodeJS.Timeout | undefined;
  let requestsPerSec = 0;
  let isStopped = false;

  const plan = (): Planned => {
    const isUnknown = dice.chance() < UNKNOWN_CHANCE;
    const token: ChaosToken | undefined = isUnknown ? undefined : tokens.pick();
    const isBound = token?.isBound === true;
    // A stolen bound token is tried everywhere.
    const way = isBound && dice.chance() < 0.7 ? 'bound' : dice.pick(WAYS);
    return {
      token: token?.text ?? `${TOKEN_MARK}${randomBytes(12).toString('hex')}`,
      way,
      protocol: dice.chance() < 0.5 ? 'h1' : 'h2',
      proof: isBound ? dice.pick(PROOFS) : 'none',
      abortAfterMs: dice.chance() < ABORT_CHANCE ? dice.chance() * dice.pick(ABORT_WITHIN_MS) : undefined,
    };
  };

  const send = async (planned: Planned): Promise<boolean> => {
    const request = requests++;
    const { way, protocol } = planned;
    const shown = await showToken(planned, `/${way}/${request}`);
    const headers = { authorization: shown.authorization, ...(shown.dpop !== '' && { dpop: shown.dpop }) };
    const { token, proof } = shown;
    note({ kind: 'sent', atMs: Date.now(), request, token, way, protocol, proof, jti: shown.jti });
    const answer = await (protocol === 'h1' ? sendH1 : sendH2)(
      shown.path(request),
      headers,
      planned.abortAfterMs,
    );
    const atMs = Date.now();
    if (proof === 'good') keepProof({ token, path: shown.path(request), text: shown.dpop, jti: shown.jti });
    if (answer === 'aborted' || answer === 'lost') {
      note({ kind: 'unanswered', atMs, request, cause: answer });
      return false;
    }
    note({ kind: 'answered', atMs, request, status: answer.status, names: numberIn(answer) });
    return answer.status === 200;
  };

  /** A proof is good for one path, so a request with a used one goes to the same path again. */
  const showToken = async ({ token, way, proof }: Planned, path: string) => {
    const plain = { token, proof, jti: '', dpop: '', authorization: `Bearer ${token}`, path: () => path };
    if (proof === 'none' || way !== 'bound') return { ...plain, proof: 'none' as const };
    const used = proof === 'again' && usedProofs.length > 0 ? dice.pick(usedProofs) : undefined;
    if (used !== undefined) {
      return {
        token: used.token,
        proof,
        jti: used.jti,
        dpop: used.text,
        authorization: `DPoP ${used.token}`,
        // The number in the query tells the API which request it is; a proof does not cover the query.
        path: (request: number) => `${used.path}?again=/${request}`,
      };
    }
    const jti = randomBytes(8).toString('hex');
    const signer = proof === 'forged' ? tokens.stranger : tokens.client;
    const dpop = await signer.prove({ token, url: `${ORIGIN}${path}` }, { jti });
    const kind: Proof = proof === 'forged' ? 'forged' : 'good';
    return { ...plain, proof: kind, jti, dpop, authorization: `DPoP ${token}` };
  };

  /** Only after its request has ended, so that it is the second one that is refused. */
  const keepProof = (used: UsedProof) => {
    usedProofs.push(used);
    if (usedProofs.length > KEPT_PROOFS) usedProofs.shift();
  };

  const sendH1 = async (
    path: string,
    headers: Record<string, string>,
    abortAfterMs: number | undefined,
  ): Promise<Got | 'aborted' | 'lost'> => {
    const leaving = new AbortController();
    const leaveTimer =
      abortAfterMs === undefined ? undefined : setTimeout(() => leaving.abort(), abortAfterMs);
    const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const answer = await agent.request({ origin: url, path, method: 'GET', headers, signal });
      return { status: answer.statusCode, body: await answer.body.text() };
    } catch {
      return leaving.signal.aborted ? 'aborted' : 'lost';
    } finally {
      clearTimeout(leaveTimer);
    }
  };

  const sendH2 = async (
    path: string,
    headers: Record<string, string>,
    abortAfterMs: number | undefined,
  ): Promise<Got | 'aborted' | 'lost'> => {
    const session = sessionAt(dice.whole(0, SESSIONS - 1));
    let stream: ClientHttp2Stream;
    try {
      stream = session.request({ ':path': path, ...headers });
    } catch {
      return 'lost'; // the session has just ended
    }
    let hasLeft = false;
    const leave = () => {
      hasLeft = true;
      stream.close(constants.NGHTTP2_CANCEL);
    };
    const leaveTimer = abortAfterMs === undefined ? undefined : setTimeout(leave, abortAfterMs);
    const limit = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), TIMEOUT_MS);
    try {
      return (await readStream(stream)) ?? (hasLeft ? 'aborted' : 'lost');
    } finally {
      clearTimeout(leaveTimer);
      clearTimeout(limit);
    }
  };

  const sessionAt = (index: number): ClientHttp2Session => {
    const kept = sessions[index];
    if (kept !== undefined && !kept.closed && !kept.destroyed) return kept;
    const session = connect(url);
    session.on('error', () => {}); // its streams end, and are noted as lost
    session.on('goaway', () => session.close());
    sessions[index] = session;
    return session;
  };

  const track = <T>(promise: Promise<T>): Promise<T> => {
    underWay.add(promise);
    promise.finally(() => underWay.delete(promise)).catch(() => {});
    return promise;
  };

  const sendNext = () => {
    if (isStopped) return;
    if (underWay.size < MOST_UNDER_WAY) track(send(plan())).catch(() => {});
    // As clients that know nothing of each other: at random moments.
    const pauseMs = (-Math.log(1 - dice.chance()) * 1000) / requestsPerSec;
    timer = setTimeout(sendNext, pauseMs);
  };

  return {
    start(rate) {
      requestsPerSec = rate;
      clearTimeout(timer);
      sendNext();
    },
    async probe(way, timeoutMs) {
      const isBound = way === 'bound';
      const { text: token } = tokens.issueFresh(isBound);
      const proof = isBound ? 'good' : 'none';
      const planned: Planned = { token, way, protocol: 'h1', proof, abortAfterMs: undefined };
      const inTime = track(send(planned));
      const over = new AbortController();
      const limit = delay(timeoutMs, false, { signal: over.signal }).catch(() => false);
      const result = await Promise.race([inTime, limit]);
      over.abort();
      return result;
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await Promise.allSettled(underWay);
      for (const session of sessions) session?.destroy();
      await agent.destroy();
    },
  };
}

/** @returns undefined when the stream ended without a whole answer */
async function readStream(stream: ClientHttp2Stream): Promise<Got | undefined> {
  let status = 0;
  let body = '';
  let hasEnded = false;
  stream.on('response', (headers) => {
    status = Number(headers[':status']);
  });
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    body += chunk;
  });
  stream.on('end', () => {
    hasEnded = true;
  });
  stream.on('error', () => {}); // 'close' follows
  stream.end();
  await once(stream, 'close').catch(() => {});
  const isWhole = hasEnded && status > 0 && !stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR;
  return isWhole ? { status, body } : undefined;
}

function numberIn({ status, body }: Got): number | undefined {
  if (status !== 200) return undefined;
  try {
    return JSON.parse(body).request;
  } catch {
    return undefined;
  }
}
