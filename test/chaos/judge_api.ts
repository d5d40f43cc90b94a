// What must hold of a request that has reached the API.
import {
  areZonesLost,
  type CaseFile,
  find,
  historyOf,
  isTroubled,
  type Question,
  type TokenHistory,
} from './case_file.js';
import type { Reached, Sent } from './events.js';

/** Whole seconds are compared: a record may end that much earlier. */
export const WHOLE_SECOND_MS = 1000;

export function judgeReached(file: CaseFile, event: Reached): void {
  file.counts.passed += 1;
  const sent = event.request === undefined ? undefined : file.requests.get(event.request);
  if (sent === undefined) {
    find(file, 'stranger', event.atMs, undefined, `request ${event.request} was not sent by a client`);
    return;
  }
  if (event.leaks) find(file, 'leaked', event.atMs, sent.way, `request ${sent.request}`);
  if (sent.reachedMs > 0) find(file, 'passed_twice', event.atMs, sent.way, `request ${sent.request}`);
  sent.reachedMs = event.atMs;
  const history = historyOf(file, sent.token, event.atMs);
  judgeJwt(file, event, sent, history);
  judgeAge(file, event, sent, history);
  judgePurges(file, event, sent, history);
  judgeProof(file, event, sent, history);
  judgeKey(file, event, sent);
}

function jwtOf({ authorization }: Reached): string {
  return authorization.replace(/^Bearer /, '');
}

function judgeJwt(file: CaseFile, event: Reached, { way, request }: Sent, history: TokenHistory): void {
  const jwt = jwtOf(event);
  const given = history.questions.some((question) => question.jwt === jwt && jwt !== '');
  if (given && event.authorization === `Bearer ${jwt}`) return;
  const text = `request ${request} came with a JWT that was not given for its token`;
  find(file, 'wrong_jwt', event.atMs, way, text);
}

function judgeAge(file: CaseFile, event: Reached, sent: Sent, history: TokenHistory): void {
  const { clock, limits } = file;
  const { way, request } = sent;
  const decidedMs = clock.leastMs(sent.atMs, event.atMs);
  const expMs = history.issued?.expMs ?? Number.NEGATIVE_INFINITY;
  if (decidedMs >= expMs) {
    find(file, 'expired', event.atMs, way, `request ${request}, ${decidedMs - expMs} ms after exp`);
    return;
  }
  const active = history.questions.filter((asked) => asked.verdict === 'active' && asked.way === way);
  const newestMs = Math.max(...active.map((question) => storedAtMostMs(file, question, event.atMs)));
  const beyondMs = decidedMs - (newestMs + limits.cacheTtlMs);
  if (beyondMs < 0) return;
  if (way !== 'stale' || beyondMs >= limits.staleMs) {
    const last = Number.isFinite(beyondMs) ? `${beyondMs} ms beyond its record` : 'no active answer';
    find(file, 'no_active_answer', event.atMs, way, `request ${request}, ${last}`);
  } else if (!isTroubled(file, sent.atMs, event.atMs)) {
    find(file, 'stale_without_failure', event.atMs, way, `request ${request}, ${beyondMs} ms beyond its TTL`);
  }
}

/** The latest moment, by the gateway's clock, at which a record of this answer may have been stored. */
function storedAtMostMs({ clock, limits }: CaseFile, question: Question, nowMs: number): number {
  return clock.mostMs(question.toldMs, Math.min(question.heardMs, nowMs) + limits.slackMs);
}

function judgePurges(file: CaseFile, event: Reached, sent: Sent, history: TokenHistory): void {
  const { clock, limits } = file;
  const purge = history.purges.filter(({ status, atMs }) => status === 200 && atMs < sent.atMs).at(-1);
  if (purge === undefined) return;
  const leastMarkMs = Math.max(limits.cacheTtlMs, 2 * limits.introspectionTimeoutMs) - WHOLE_SECOND_MS;
  const goneMs = clock.mostMs(purge.sentMs, event.atMs) - clock.leastMs(purge.sentMs, purge.atMs);
  const isMarked = goneMs < leastMarkMs && !areZonesLost(file, purge.sentMs, event.atMs);
  const isAskedSince = history.questions.some(
    ({ verdict, way, askedMs }) => verdict === 'active' && way === sent.way && askedMs > purge.atMs,
  );
  if (!isMarked && isAskedSince) return;
  const text = `request ${sent.request}, sent ${sent.atMs - purge.atMs} ms after a purge was answered`;
  find(file, 'purged', event.atMs, sent.way, text);
}

function judgeProof(file: CaseFile, event: Reached, sent: Sent, history: TokenHistory): void {
  if (history.issued?.isBound !== true) return;
  const isProven = sent.way === 'bound' && (sent.proof === 'good' || sent.proof === 'again');
  if (!isProven) {
    find(file, 'unproven', event.atMs, sent.way, `request ${sent.request} with proof ${sent.proof}`);
    return;
  }
  const beforeMs = file.proofsPassed.get(sent.jti);
  file.proofsPassed.set(sent.jti, event.atMs);
  if (beforeMs === undefined) return;
  const isForgotten = areZonesLost(file, beforeMs, event.atMs) || file.clock.wasSet(beforeMs, event.atMs);
  if (isForgotten) return;
  const text = `request ${sent.request}, ${event.atMs - beforeMs} ms after the one before`;
  find(file, 'replayed', event.atMs, sent.way, text);
}

function judgeKey(file: CaseFile, event: Reached, sent: Sent): void {
  if (sent.way !== 'signed') return;
  const { removedKeys, clock, limits } = file;
  const removedMs = removedKeys.get(keyIdOf(jwtOf(event)));
  if (removedMs === undefined || clock.wasSet(removedMs, event.atMs)) return;
  const beyondMs = sent.atMs - (removedMs + limits.keysMs + limits.cacheTtlMs + limits.slackMs);
  if (beyondMs <= 0) return;
  find(file, 'removed_key', event.atMs, sent.way, `request ${sent.request}, ${beyondMs} ms late`);
}

/** '' when it is no JWT. */
function keyIdOf(jwt: string): string {
  try {
    const header = JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString());
    return String(header.kid ?? '');
  } catch {
    return '';
  }
}
